package oracle

import (
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// sessionMillis is within what both brokers allow, and longer than any case runs.
const sessionMillis = 120_000

func joinGroup(group, member string, protocols ...string) *kmsg.JoinGroupRequest {
	req := kmsg.NewPtrJoinGroupRequest()
	req.Group, req.MemberID, req.ProtocolType = group, member, "consumer"
	req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = sessionMillis, sessionMillis
	for _, name := range protocols {
		p := kmsg.NewJoinGroupRequestProtocol()
		p.Name, p.Metadata = name, []byte("of "+name)
		req.Protocols = append(req.Protocols, p)
	}
	return req
}

func static(req *kmsg.JoinGroupRequest, instance string) *kmsg.JoinGroupRequest {
	req.InstanceID = &instance
	return req
}

func syncGroup(group, member string, generation int32, assignments ...string) *kmsg.SyncGroupRequest {
	req := kmsg.NewPtrSyncGroupRequest()
	req.Group, req.MemberID, req.Generation = group, member, generation
	req.ProtocolType, req.Protocol = kmsg.StringPtr("consumer"), kmsg.StringPtr("range")
	for i := 0; i < len(assignments); i += 2 {
		a := kmsg.NewSyncGroupRequestGroupAssignment()
		a.MemberID, a.MemberAssignment = assignments[i], []byte(assignments[i+1])
		req.GroupAssignment = append(req.GroupAssignment, a)
	}
	return req
}

func heartbeat(group, member string, generation int32, instance *string) *kmsg.HeartbeatRequest {
	req := kmsg.NewPtrHeartbeatRequest()
	req.Group, req.MemberID, req.Generation, req.InstanceID = group, member, generation, instance
	return req
}

// member makes a group with one member as a set-up, and returns what it is called and its generation.
func (s *script) member(group string, instance *string) (string, int32) {
	s.Helper()
	join := joinGroup(group, "", "range")
	join.InstanceID = instance
	got := s.do(join).(*kmsg.JoinGroupResponse)
	if got.ErrorCode == kerr.MemberIDRequired.Code {
		join.MemberID = got.MemberID
		got = s.do(join).(*kmsg.JoinGroupResponse)
	}
	require.Zero(s, got.ErrorCode)
	synced := s.do(syncGroup(group, got.MemberID, got.Generation, got.MemberID, "mine")).(*kmsg.SyncGroupResponse)
	require.Zero(s, synced.ErrorCode)
	return got.MemberID, got.Generation
}

// commit stores offset 5 of partition 0 as a set-up.
func (s *script) commit(group, topic string) {
	s.Helper()
	got := s.do(s.offsetCommit(group, "", -1, topic, 0, 5)).(*kmsg.OffsetCommitResponse)
	require.Zero(s, got.Topics[0].Partitions[0].ErrorCode)
}

func joinGroupCase(s *script) {
	join := func(name string, req *kmsg.JoinGroupRequest) *kmsg.JoinGroupResponse {
		s.Helper()
		resp, _ := s.ask(name, req).(*kmsg.JoinGroupResponse)
		if resp == nil {
			resp = new(kmsg.JoinGroupResponse)
		}
		return resp
	}
	g := s.name("g")
	for _, millis := range []int32{0, -1, 5_999, 1_800_001} {
		req := joinGroup(g, "", "range")
		req.SessionTimeoutMillis = millis
		join("a session of "+itoa(int64(millis))+" ms", req)
	}
	join("no group", joinGroup("", "", "range"))
	join("no protocols", joinGroup(g, ""))
	noType := joinGroup(g, "", "range")
	noType.ProtocolType = ""
	join("no protocol type", noType)
	join("a member that nobody knows", joinGroup(g, "somebody", "range"))
	first := join("the first member", joinGroup(g, "", "range", "sticky"))
	id := first.MemberID
	if first.ErrorCode == kerr.MemberIDRequired.Code {
		id = join("the first member, with its id", joinGroup(g, id, "range", "sticky")).MemberID
	}
	join("the first member again, before it has synced", joinGroup(g, id, "range", "sticky"))
	other := joinGroup(g, "", "range")
	other.ProtocolType = "connect"
	join("another protocol type", other)
	join("another protocol", joinGroup(g, "", "roundrobin"))
	join("no protocol that all have", joinGroup(g, id, "roundrobin"))
	s.ask("sync", syncGroup(g, id, 1, id, "mine"))
	join("a member of nobody in a stable group", joinGroup(g, "somebody", "range"))
	join("the leader again, in a stable group", joinGroup(g, id, "range", "sticky"))
	s.ask("described", describeGroups(g))
	if s.version >= 5 {
		staticJoins(s, join)
	}
	two := s.name("two")
	one, _ := s.member(two, nil)
	second := s.on("second")
	sent := joinGroup(two, "", "range")
	if s.version >= 4 {
		sent.MemberID = second.ask("a second member is named", sent).(*kmsg.JoinGroupResponse).MemberID
	}
	second.send(sent)
	s.awaitState(two, "PreparingRebalance")
	s.ask("the first is told", heartbeat(two, one, 1, nil))
	s.ask("described while it is prepared", describeGroups(two))
	join("the first joins again", joinGroup(two, one, "range"))
	b := second.await("the second has joined", sent).(*kmsg.JoinGroupResponse)
	s.ask("described while it completes", describeGroups(two))
	follower := second.send(syncGroup(two, b.MemberID, b.Generation))
	s.ask("the leader syncs", syncGroup(two, one, b.Generation, one, "first", b.MemberID, "second"))
	second.await("the follower has synced", follower)
	s.ask("described when it is stable", describeGroups(two))
}

// awaitState waits until a group is in a state: a request on another connection has to have come that far.
func (s *script) awaitState(group, state string) {
	s.Helper()
	for s.peek(describeGroups(group)).(*kmsg.DescribeGroupsResponse).Groups[0].State != state {
	}
}

func staticJoins(s *script, join func(string, *kmsg.JoinGroupRequest) *kmsg.JoinGroupResponse) {
	g := s.name("static")
	join("an empty instance", static(joinGroup(s.name("empty"), "", "range"), ""))
	id := join("a static member", static(joinGroup(g, "", "range"), "i")).MemberID
	s.ask("a static member syncs", syncGroup(g, id, 1, id, "mine"))
	again := join("it comes back", static(joinGroup(g, "", "range"), "i")).MemberID
	join("as who it was before", static(joinGroup(g, id, "range"), "i"))
	s.ask("a heartbeat of who it was before", heartbeat(g, id, 1, kmsg.StringPtr("i")))
	s.ask("a heartbeat of who it is", heartbeat(g, again, 1, kmsg.StringPtr("i")))
	s.ask("a heartbeat without its instance", heartbeat(g, again, 1, nil))
	s.ask("a heartbeat of another instance", heartbeat(g, again, 1, kmsg.StringPtr("j")))
	join("with an id that nobody has", static(joinGroup(g, "somebody", "range"), "i"))
	join("another instance with its id", static(joinGroup(g, again, "range"), "j"))
	changed := static(joinGroup(g, "", "range"), "i")
	changed.Protocols[0].Metadata = []byte("changed")
	join("it comes back and has changed", changed)
	s.ask("the static group described", describeGroups(g))
}

func syncGroupCase(s *script) {
	g := s.name("g")
	id, generation := s.member(g, nil)
	s.ask("again", syncGroup(g, id, generation, id, "other"))
	s.ask("no group", syncGroup("", id, generation))
	s.ask("a group that is not there", syncGroup(s.name("nobody"), id, generation))
	s.ask("no member", syncGroup(g, "", generation))
	s.ask("a member that nobody knows", syncGroup(g, "somebody", generation))
	s.ask("an old generation", syncGroup(g, id, generation-1))
	s.ask("a generation to come", syncGroup(g, id, generation+1))
	s.ask("generation -1", syncGroup(g, id, -1))
	kind := syncGroup(g, id, generation)
	kind.ProtocolType = kmsg.StringPtr("connect")
	s.ask("another protocol type", kind)
	protocol := syncGroup(g, id, generation)
	protocol.Protocol = kmsg.StringPtr("sticky")
	s.ask("another protocol", protocol)
	none := syncGroup(g, id, generation)
	none.ProtocolType, none.Protocol = nil, nil
	s.ask("no protocol", none)
	if s.version >= 3 {
		who := syncGroup(g, id, generation)
		who.InstanceID = kmsg.StringPtr("i")
		s.ask("an instance that nobody knows", who)
	}
	empty := s.name("empty")
	s.commit(empty, s.topic("t", 1))
	s.ask("a group without members", syncGroup(empty, "somebody", 0))
	short := s.name("short")
	join := joinGroup(short, "", "range")
	join.MemberID = s.do(join).(*kmsg.JoinGroupResponse).MemberID
	id = s.do(join).(*kmsg.JoinGroupResponse).MemberID
	s.ask("without an assignment for itself", syncGroup(short, id, 1, "somebody", "x"))
	s.ask("described", describeGroups(short))
}

func heartbeatCase(s *script) {
	g := s.name("g")
	id, generation := s.member(g, nil)
	s.ask("ordinary", heartbeat(g, id, generation, nil))
	s.ask("no group", heartbeat("", id, generation, nil))
	s.ask("a group that is not there", heartbeat(s.name("nobody"), id, generation, nil))
	s.ask("no member", heartbeat(g, "", generation, nil))
	s.ask("a member that nobody knows", heartbeat(g, "somebody", generation, nil))
	s.ask("an old generation", heartbeat(g, id, generation-1, nil))
	s.ask("a generation to come", heartbeat(g, id, generation+1, nil))
	s.ask("generation -1", heartbeat(g, id, -1, nil))
	empty := s.name("empty")
	s.commit(empty, s.topic("t", 1))
	s.ask("a group without members", heartbeat(empty, "somebody", 0, nil))
	if s.version >= 3 {
		s.ask("an instance that nobody knows", heartbeat(g, id, generation, kmsg.StringPtr("i")))
	}
	half := s.name("half")
	join := joinGroup(half, "", "range")
	join.MemberID = s.do(join).(*kmsg.JoinGroupResponse).MemberID
	s.ask("a member that has its id only", heartbeat(half, join.MemberID, 0, nil))
	s.ask("such a member, generation -1", heartbeat(half, join.MemberID, -1, nil))
	s.do(join)
	s.ask("before the sync", heartbeat(half, join.MemberID, 1, nil))
}

func leaveGroupCase(s *script) {
	leave := func(group string, members ...kmsg.LeaveGroupRequestMember) *kmsg.LeaveGroupRequest {
		req := kmsg.NewPtrLeaveGroupRequest()
		req.Group, req.Members = group, members
		if len(members) > 0 {
			req.MemberID = members[0].MemberID
		}
		return req
	}
	of := func(id string) kmsg.LeaveGroupRequestMember {
		m := kmsg.NewLeaveGroupRequestMember()
		m.MemberID = id
		return m
	}
	g := s.name("g")
	id, _ := s.member(g, nil)
	s.ask("no group", leave("", of(id)))
	s.ask("a group that is not there", leave(s.name("nobody"), of(id)))
	s.ask("no member", leave(g, of("")))
	s.ask("a member that nobody knows", leave(g, of("somebody")))
	s.ask("ordinary", leave(g, of(id)))
	s.ask("again", leave(g, of(id)))
	s.ask("described", describeGroups(g))
	half := s.name("half")
	named := s.do(joinGroup(half, "", "range")).(*kmsg.JoinGroupResponse).MemberID
	s.ask("a member that has its id only", leave(half, of(named)))
	if s.version < 3 {
		return
	}
	h := s.name("h")
	id, _ = s.member(h, kmsg.StringPtr("i"))
	instance := func(id, instance string) kmsg.LeaveGroupRequestMember {
		m := of(id)
		m.InstanceID = &instance
		return m
	}
	s.ask("nobody", leave(h))
	s.ask("another member's instance", leave(h, instance("somebody", "i")))
	s.ask("an instance that nobody knows", leave(h, instance(id, "j")))
	s.ask("an instance that nobody knows, alone", leave(h, instance("", "j")))
	s.ask("several, one of them right", leave(h, of("somebody"), instance("", "i"), instance("", "i")))
	s.ask("described without it", describeGroups(h))
}

func describeGroups(groups ...string) *kmsg.DescribeGroupsRequest {
	req := kmsg.NewPtrDescribeGroupsRequest()
	req.Groups = groups
	return req
}

func describeGroupsCase(s *script) {
	g, static, offsets := s.name("g"), s.name("static"), s.name("offsets")
	s.member(g, nil)
	s.member(static, kmsg.StringPtr("i"))
	s.commit(offsets, s.topic("t", 1))
	s.ask("one", describeGroups(g))
	s.ask("a static member", describeGroups(static))
	s.ask("offsets only", describeGroups(offsets))
	s.ask("no such group", describeGroups(s.name("nobody")))
	s.ask("no name", describeGroups(""))
	s.ask("none", describeGroups())
	s.ask("several, one of them twice", describeGroups(g, offsets, g))
	ops := describeGroups(g, s.name("nobody"))
	ops.IncludeAuthorizedOperations = true
	s.ask("with operations", ops)
}

func listGroupsCase(s *script) {
	g, connect, offsets := s.name("g"), s.name("connect"), s.name("offsets")
	s.member(g, nil)
	s.commit(offsets, s.topic("t", 1))
	join := joinGroup(connect, "", "range")
	join.ProtocolType = "connect"
	join.MemberID = s.do(join).(*kmsg.JoinGroupResponse).MemberID
	s.do(join)
	list := func(states, types []string) *kmsg.ListGroupsRequest {
		req := kmsg.NewPtrListGroupsRequest()
		req.StatesFilter, req.TypesFilter = states, types
		return req
	}
	s.ask("all", list(nil, nil))
	for _, state := range []string{"Stable", "stable", "Empty", "CompletingRebalance", "Dead", "nonsense", ""} {
		s.ask("state "+state, list([]string{state}, nil))
	}
	for _, kind := range []string{"classic", "Classic", "consumer", "share", "nonsense", ""} {
		s.ask("type "+kind, list(nil, []string{kind}))
	}
	s.ask("two states", list([]string{"Stable", "Empty"}, nil))
	s.ask("a state and a type", list([]string{"Stable"}, []string{"classic"}))
}

func deleteGroupsCase(s *script) {
	remove := func(groups ...string) *kmsg.DeleteGroupsRequest {
		req := kmsg.NewPtrDeleteGroupsRequest()
		req.Groups = groups
		return req
	}
	g, offsets, other := s.name("g"), s.name("offsets"), s.name("other")
	t := s.topic("t", 1)
	s.member(g, nil)
	s.commit(offsets, t)
	s.commit(other, t)
	s.ask("with members", remove(g))
	s.ask("with offsets", remove(offsets))
	s.ask("again", remove(offsets))
	s.ask("no such group", remove(s.name("nobody")))
	s.ask("no name", remove(""))
	s.ask("none", remove())
	s.ask("one twice", remove(other, other))
	s.ask("several", remove(g, s.name("nobody")))
}

func findCoordinatorCase(s *script) {
	find := func(kind int8, keys ...string) *kmsg.FindCoordinatorRequest {
		req := kmsg.NewPtrFindCoordinatorRequest()
		req.CoordinatorType, req.CoordinatorKeys = kind, keys
		if len(keys) > 0 {
			req.CoordinatorKey = keys[0]
		}
		return req
	}
	g := s.name("g")
	s.ask("a group", find(0, g))
	s.ask("no name", find(0, ""))
	s.ask("none", find(0))
	s.ask("several, one of them twice", find(0, g, s.name("h"), g))
	if s.version >= 1 { // before, there is no type in the request
		s.ask("a share group's key", find(2, "g:AAAAAAAAAAAAAAAAAAAAAQ:0"))
		s.ask("a share group's key that is none", find(2, g))
		s.ask("type 3", find(3, g))
		s.ask("type -1", find(-1, g))
	}
}
