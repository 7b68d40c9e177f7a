package group

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// groupTest drives a registry on a fake clock.
type groupTest struct {
	*testing.T
	registry *Registry
	ctx      context.Context // of connections
}

// inGroups runs a test in a bubble of fake time, and at its end checks that a
// group without members has left nothing behind.
func inGroups(t *testing.T, o Options, test func(*groupTest)) {
	synctest.Test(t, func(t *testing.T) {
		g := &groupTest{T: t, registry: NewRegistry(o, readable, slog.New(slog.DiscardHandler)), ctx: t.Context()}
		test(g)
		g.registry.Close()
		require.Empty(t, g.registry.byName)
		require.Zero(t, g.registry.bytes.Load(), "bytes are still charged")
	})
}

// noDelay makes the first generation begin at once.
var noDelay = Options{InitialRebalanceDelay: -1}

// subscription is what consumers of these tests say, as JSON.
type subscription struct {
	Topics   []string
	UserData int
}

// readable is the protocol type of these tests' consumers.
var readable = map[string]ProtocolType{"consumer": {
	Topics: func(metadata []byte) ([]string, error) {
		var s subscription
		err := json.Unmarshal(metadata, &s)
		return s.Topics, err
	},
	EmptyAssignment: []byte("nothing"),
}}

// reading is what a consumer of topics says.
func reading(topics ...string) []Protocol { return readingWith(0, topics...) }

func readingWith(userData int, topics ...string) []Protocol {
	metadata, err := json.Marshal(subscription{topics, userData})
	if err != nil {
		panic(err)
	}
	return []Protocol{{Name: "range", Metadata: metadata}}
}

// protocols are protocols whose metadata is their name, by preference.
func protocols(names ...string) []Protocol {
	all := make([]Protocol, len(names))
	for i, name := range names {
		all[i] = Protocol{Name: name, Metadata: []byte("of " + name)}
	}
	return all
}

// call is a request that may still wait for its answer.
type call[T any] struct {
	t    *testing.T
	done chan answered[T]
}

type answered[T any] struct {
	value T
	err   error
}

func waitingFor[T any](t *testing.T, ctx context.Context, f *Future[T]) *call[T] {
	c := &call[T]{t: t, done: make(chan answered[T], 1)}
	go func() {
		value, err := f.Wait(ctx)
		c.done <- answered[T]{value, err}
	}()
	return c
}

// answer waits for the answer.
func (c *call[T]) answer() answered[T] { return <-c.done }

// waits fails the test where the answer is there.
func (c *call[T]) waits() {
	c.t.Helper()
	synctest.Wait()
	require.Empty(c.t, c.done, "answered too early")
}

// fails checks which error there is, nil for none.
func fails(t require.TestingT, want, got error) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	if want == nil {
		require.NoError(t, got)
		return
	}
	require.ErrorIs(t, got, want)
}

// testMember is a client that behaves, unless the test makes it not.
type testMember struct {
	g          *groupTest
	group      string
	clientID   string
	requireID  bool // it knows ErrMemberIDRequired
	skips      bool // it knows SkipAssignment
	ctx        context.Context
	id         string
	instance   *string
	session    time.Duration
	rebalance  time.Duration
	protocols  []Protocol
	generation int32
	leader     bool
	protocol   string
	members    []JoinedMember
	assignment string
}

func (g *groupTest) member(name string) *testMember {
	return &testMember{
		g: g, group: "g", clientID: name, requireID: true, skips: true, ctx: g.ctx,
		session: 10 * time.Second, rebalance: 30 * time.Second, protocols: protocols("range"),
	}
}

func (g *groupTest) staticMember(instance string) *testMember {
	m := g.member("client-of-" + instance)
	m.instance = &instance
	return m
}

func (m *testMember) joinRequest() JoinRequest {
	return JoinRequest{
		Group: m.group, MemberID: m.id, InstanceID: m.instance, ClientID: m.clientID, ClientHost: "10.0.0.1",
		SessionTimeout: m.session, RebalanceTimeout: m.rebalance, ProtocolType: "consumer", Protocols: m.protocols,
		RequireMemberID: m.requireID, SkipsAssignment: m.skips,
	}
}

func (m *testMember) identity() Identity {
	return Identity{MemberID: m.id, InstanceID: m.instance, Generation: m.generation}
}

func (m *testMember) join() *call[Joined] {
	return waitingFor(m.g.T, m.ctx, m.g.registry.Join(m.joinRequest()))
}

// enter joins, with the id that it is given where it has none.
func (m *testMember) enter() *call[Joined] {
	if m.id == "" && m.instance == nil && m.requireID {
		a := m.join().answer()
		require.ErrorIs(m.g, a.err, ErrMemberIDRequired)
		m.id = a.value.MemberID
		require.True(m.g, strings.HasPrefix(m.id, m.clientID+"-"), m.id)
	}
	return m.join()
}

// in waits for a join and takes its place in the generation.
func (m *testMember) in(c *call[Joined]) Joined {
	m.g.Helper()
	a := c.answer()
	require.NoError(m.g, a.err)
	m.take(a.value)
	return a.value
}

func (m *testMember) take(j Joined) {
	m.id, m.generation, m.leader, m.members = j.MemberID, j.Generation, j.LeaderID == j.MemberID, j.Members
	m.protocol = j.Protocol
}

func (m *testMember) syncRequest() SyncRequest {
	kind := "consumer"
	req := SyncRequest{Group: m.group, Identity: m.identity(), ProtocolType: &kind, Protocol: &m.protocol, Assignments: map[string][]byte{}}
	for i, other := range m.members {
		req.Assignments[other.MemberID] = []byte{byte('0' + i), '/', byte('0' + len(m.members))}
	}
	return req
}

func (m *testMember) sync() *call[Assignment] {
	return waitingFor(m.g.T, m.ctx, m.g.registry.Sync(m.syncRequest()))
}

// got waits for a sync and takes the assignment.
func (m *testMember) got(c *call[Assignment]) string {
	m.g.Helper()
	a := c.answer()
	require.NoError(m.g, a.err)
	m.assignment = string(a.value.Bytes)
	return m.assignment
}

func (m *testMember) beat() error { return m.g.registry.Heartbeat(m.group, m.identity()) }

func (m *testMember) leave() error {
	errs, err := m.g.registry.Leave(m.group, []Leaving{{MemberID: m.id, InstanceID: m.instance}})
	if err != nil {
		return err
	}
	return errs[0]
}

// stable brings members into a stable group together. Where an earlier
// member is named again it joins again.
func (g *groupTest) stable(members ...*testMember) {
	g.Helper()
	var joins []*call[Joined]
	for _, m := range members {
		if m.id == "" && m.instance == nil && m.requireID {
			m.id = m.join().answer().value.MemberID // all have ids first: none is left out
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
	var syncs []*call[Assignment]
	for _, m := range members {
		syncs = append(syncs, m.sync())
	}
	for i, m := range members {
		require.NotEmpty(g, m.got(syncs[i]))
	}
}

// startTwo lets two members join one generation.
func (g *groupTest) startTwo(a, b *testMember) (joinA, joinB *call[Joined]) {
	a.id, b.id = a.join().answer().value.MemberID, b.join().answer().value.MemberID
	return a.join(), b.join()
}

// state is that of group "g", "none" where nobody is in it.
func (g *groupTest) state() string {
	d, err := g.registry.Describe("g")
	if errors.Is(err, ErrUnknownGroup) {
		return "none"
	}
	require.NoError(g, err)
	return d.State.String()
}

// beating sends heartbeats for members that live, for d, and returns the last answer to each.
func (g *groupTest) beating(d time.Duration, members ...*testMember) []error {
	errs := make([]error, len(members))
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(min(3*time.Second, time.Until(end)))
		for i, m := range members {
			errs[i] = m.beat()
		}
	}
	return errs
}
