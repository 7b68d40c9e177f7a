package kafka

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/log/group"
)

// groupTest drives the membership handlers of a server on a fake clock. Every
// answer goes through its wire form, so that a version's fields are as a client sees them.
type groupTest struct {
	*testing.T
	s   *Server
	ctx context.Context // of connections
}

// inGroups runs a test in a bubble of fake time, and at its end checks that a
// group without members has left nothing behind.
func inGroups(t *testing.T, o group.Options, test func(*groupTest)) {
	synctest.Test(t, func(t *testing.T) {
		g := &groupTest{T: t, s: groupServer(o, nil), ctx: t.Context()}
		test(g)
		g.s.groups.Close()
		stats := g.s.groups.Stats()
		require.Zero(t, stats.States, "groups are left")
		require.Zero(t, stats.Bytes, "bytes are still charged")
	})
}

// groupServer is a server that has no connections, for the handlers of groups.
func groupServer(o group.Options, l *log.Log) *Server {
	return &Server{log: l, o: Options{CommitTimeout: 15 * time.Second, MaxAnswerBytes: 1 << 20}, groups: newGroups(o, slog.New(slog.DiscardHandler))}
}

// groups is how many groups somebody is in.
func (g *groupTest) groups() (n int) {
	for _, groups := range g.s.groups.Stats().States {
		n += groups
	}
	return n
}

// noDelay makes the first generation begin at once.
var noDelay = group.Options{InitialRebalanceDelay: -1}

// call is a request that may still wait for its answer.
type call[T any] struct {
	t    *testing.T
	done chan T
}

func started[T kmsg.Response](t *testing.T, answer func() T) *call[T] {
	c := &call[T]{t: t, done: make(chan T, 1)}
	go func() { c.done <- overWire(t, answer()) }()
	return c
}

// answer waits for the answer.
func (c *call[T]) answer() T { return <-c.done }

// waits fails the test where the answer is there.
func (c *call[T]) waits() {
	c.t.Helper()
	synctest.Wait()
	require.Empty(c.t, c.done, "answered too early")
}

// overWire encodes and decodes a response, as a client of its version reads it.
func overWire[T kmsg.Response](t *testing.T, resp T) T {
	read := kmsg.ResponseForKey(resp.Key())
	read.SetVersion(resp.GetVersion())
	if err := read.ReadFrom(resp.AppendTo(nil)); err != nil {
		t.Errorf("%T version %d: %v", resp, resp.GetVersion(), err)
	}
	return read.(T)
}

// testMember is a client that behaves, unless the test makes it not.
type testMember struct {
	g          *groupTest
	group      string
	version    int16 // of JoinGroup
	client     *client
	ctx        context.Context
	id         string
	instance   *string
	session    time.Duration
	rebalance  time.Duration
	protocols  []kmsg.JoinGroupRequestProtocol
	generation int32
	leader     bool
	protocol   string
	members    []kmsg.JoinGroupResponseMember
	assignment string
}

func (g *groupTest) member(name string) *testMember {
	return &testMember{
		g: g, group: "g", version: 9, client: &client{id: name, host: "10.0.0.1"}, ctx: g.ctx,
		session: 10 * time.Second, rebalance: 30 * time.Second, protocols: protocols("range"),
	}
}

func (g *groupTest) staticMember(instance string) *testMember {
	m := g.member("client-of-" + instance)
	m.instance = &instance
	return m
}

// protocols are protocols whose metadata is their name, by preference.
func protocols(names ...string) []kmsg.JoinGroupRequestProtocol {
	all := make([]kmsg.JoinGroupRequestProtocol, len(names))
	for i, name := range names {
		all[i] = kmsg.JoinGroupRequestProtocol{Name: name, Metadata: []byte("of " + name)}
	}
	return all
}

// reading is the subscription of a consumer.
func reading(topics ...string) []kmsg.JoinGroupRequestProtocol {
	metadata := (&kmsg.ConsumerMemberMetadata{Version: 1, Topics: topics, UserData: []byte{byte(len(topics))}}).AppendTo(nil)
	return []kmsg.JoinGroupRequestProtocol{{Name: "range", Metadata: metadata}}
}

func (m *testMember) joinRequest() *kmsg.JoinGroupRequest {
	req := kmsg.NewPtrJoinGroupRequest()
	req.Version, req.Group, req.MemberID, req.InstanceID = m.version, m.group, m.id, m.instance
	req.ProtocolType, req.Protocols = "consumer", m.protocols
	req.SessionTimeoutMillis = int32(m.session / time.Millisecond)
	req.RebalanceTimeoutMillis = int32(m.rebalance / time.Millisecond)
	return req
}

// join sends a JoinGroup.
func (m *testMember) join() *call[*kmsg.JoinGroupResponse] {
	return started(m.g.T, m.g.s.joinGroup(m.ctx, m.client, m.joinRequest()))
}

// enter joins, with the id that it is given where it has none.
func (m *testMember) enter() *call[*kmsg.JoinGroupResponse] {
	if m.id == "" && m.instance == nil && m.version >= 4 {
		resp := m.join().answer()
		require.Equal(m.g, kerr.MemberIDRequired.Code, resp.ErrorCode)
		m.id = resp.MemberID
		require.True(m.g, strings.HasPrefix(m.id, m.client.id+"-"), m.id)
	}
	return m.join()
}

// in waits for a join and takes its place in the generation.
func (m *testMember) in(c *call[*kmsg.JoinGroupResponse]) *kmsg.JoinGroupResponse {
	m.g.Helper()
	resp := c.answer()
	code(m.g, nil, resp.ErrorCode)
	m.id, m.generation, m.leader, m.members = resp.MemberID, resp.Generation, resp.LeaderID == resp.MemberID, resp.Members
	m.protocol = *resp.Protocol
	return resp
}

func (m *testMember) syncRequest() *kmsg.SyncGroupRequest {
	req := kmsg.NewPtrSyncGroupRequest()
	req.Version, req.Group, req.MemberID, req.InstanceID = 5, m.group, m.id, m.instance
	req.Generation = m.generation
	req.ProtocolType, req.Protocol = kmsg.StringPtr("consumer"), &m.protocol
	for i, other := range m.members {
		part := kmsg.NewSyncGroupRequestGroupAssignment()
		part.MemberID, part.MemberAssignment = other.MemberID, fmtPart(i, len(m.members))
		req.GroupAssignment = append(req.GroupAssignment, part)
	}
	return req
}

func fmtPart(i, n int) []byte { return []byte{byte('0' + i), '/', byte('0' + n)} }

func (m *testMember) sync() *call[*kmsg.SyncGroupResponse] {
	return started(m.g.T, m.g.s.syncGroup(m.ctx, m.client, m.syncRequest()))
}

// got waits for a sync and takes the assignment.
func (m *testMember) got(c *call[*kmsg.SyncGroupResponse]) string {
	m.g.Helper()
	resp := c.answer()
	code(m.g, nil, resp.ErrorCode)
	m.assignment = string(resp.MemberAssignment)
	return m.assignment
}

func (m *testMember) beat() int16 {
	req := kmsg.NewPtrHeartbeatRequest()
	req.Version, req.Group, req.MemberID, req.InstanceID, req.Generation = 4, m.group, m.id, m.instance, m.generation
	return overWire(m.g.T, m.g.s.heartbeat(m.ctx, m.client, req)).ErrorCode
}

func (m *testMember) leave() int16 {
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Version, req.Group = 5, m.group
	req.Members = []kmsg.LeaveGroupRequestMember{{MemberID: m.id, InstanceID: m.instance}}
	return overWire(m.g.T, m.g.s.leaveGroup(m.ctx, m.client, req)).Members[0].ErrorCode
}

// settled brings members into a stable group together. Where an earlier
// member is named again it joins again.
func (g *groupTest) settled(members ...*testMember) {
	g.Helper()
	var joins []*call[*kmsg.JoinGroupResponse]
	for _, m := range members {
		if m.id == "" && m.instance == nil && m.version >= 4 {
			m.id = m.join().answer().MemberID // all invited first: none is left out
		}
	}
	for _, m := range members {
		joins = append(joins, m.join())
	}
	for i, m := range members {
		m.in(joins[i])
	}
	g.synced(members...)
}

// synced brings members that have joined to their assignments.
func (g *groupTest) synced(members ...*testMember) {
	g.Helper()
	var syncs []*call[*kmsg.SyncGroupResponse]
	for _, m := range members {
		syncs = append(syncs, m.sync())
	}
	for i, m := range members {
		require.NotEmpty(g, m.got(syncs[i]))
	}
}

// code compares error codes by name.
func code(t require.TestingT, want *kerr.Error, got int16) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	name := "NONE"
	if err := kerr.TypedErrorForCode(got); err != nil {
		name = err.Message
	}
	wanted := "NONE"
	if want != nil {
		wanted = want.Message
	}
	require.Equal(t, wanted, name)
}

// restarted is a static member whose process was restarted: it has lost its id.
func (m *testMember) restarted() *testMember {
	again := *m
	again.id, again.generation = "", -1
	return &again
}
