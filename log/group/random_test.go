package group

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestGroupRandom lets clients do anything at any time, well-behaved or not, and
// checks after each step what must hold of a group. The seed is in the test's name.
func TestRandom(t *testing.T) {
	seeds, steps := uint64(30), 600
	if testing.Short() {
		seeds = 5
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			o := Options{MaxSize: 5, InitialRebalanceDelay: -1}
			if seed%2 == 0 {
				o.InitialRebalanceDelay = 3 * time.Second
			}
			inGroups(t, o, func(g *groupTest) {
				r := &randomGroup{g: g, rng: rand.New(rand.NewPCG(seed, 0)), owners: map[string]string{}}
				for i := range 7 {
					r.clients = append(r.clients, r.newClient(i))
				}
				for range steps {
					r.step()
				}
				r.endure()
			})
		})
	}
}

type randomGroup struct {
	g       *groupTest
	rng     *rand.Rand
	clients []*randomClient
	group   *group // as last seen
	highest int32  // its generation

	owners   map[string]string // generation and part → the member id or instance that was assigned it
	assigned int               // parts
}

type randomClient struct {
	*testMember
	hangUp context.CancelFunc
	joined bool // and is to sync
	rejoin bool // is to join again
	joins  []*call[Joined]
	syncs  []*randomSync
}

// randomSync remembers for which generation it was sent.
type randomSync struct {
	*call[Assignment]
	generation int32
	group      *group
}

func (r *randomGroup) newClient(i int) *randomClient {
	c := &randomClient{testMember: r.g.member(fmt.Sprint("client", i))}
	if i%3 == 0 {
		instance := fmt.Sprint("instance", i)
		c.instance = &instance
	}
	c.requireID, c.skips = i >= 2, i == 6
	c.session = time.Duration(6+r.rng.IntN(20)) * time.Second
	c.rebalance = time.Duration(r.rng.IntN(40)) * time.Second
	c.connect()
	return c
}

func (c *randomClient) connect() { c.ctx, c.hangUp = c.g.connection() }

func (r *randomGroup) step() {
	c := r.clients[r.rng.IntN(len(r.clients))]
	switch n := r.rng.IntN(400); {
	case n >= 100:
		r.behave(c)
	case n < 30:
		c.joins = append(c.joins, c.join())
	case n < 55:
		c.syncs = append(c.syncs, &randomSync{c.sync(), c.generation, r.find()})
	case n < 70:
		c.beat()
	case n < 75:
		c.leave()
	case n < 80: // the connection breaks
		c.hangUp()
		c.connect()
	case n < 84: // the process is restarted
		c.hangUp()
		c.connect()
		c.id, c.generation = "", -1
	case n < 88: // it wants something else
		c.protocols = reading(fmt.Sprint("topic", r.rng.IntN(3)))
		if r.rng.IntN(2) == 0 {
			c.protocols = append(c.protocols, protocols("other")...)
		}
	case n < 90:
		c.generation += int32(r.rng.IntN(3) - 1)
	default:
		time.Sleep(time.Duration(r.rng.IntN(8000)) * time.Millisecond)
	}
	synctest.Wait()
	r.collect()
	r.check()
}

// behave does what a proper client does next.
func (r *randomGroup) behave(c *randomClient) {
	switch {
	case len(c.joins)+len(c.syncs) > 0: // it waits
		time.Sleep(time.Duration(r.rng.IntN(1500)) * time.Millisecond)
	case c.id == "" || c.rejoin:
		c.rejoin = false
		c.joins = append(c.joins, c.join())
	case c.joined:
		c.joined = false
		c.syncs = append(c.syncs, &randomSync{c.sync(), c.generation, r.find()})
	default:
		c.rejoin = c.beat() != nil
	}
}

// collect takes the answers that have come.
func (r *randomGroup) collect() {
	for _, c := range r.clients {
		c.joins = slices.DeleteFunc(c.joins, func(join *call[Joined]) bool {
			select {
			case a := <-join.done:
				c.takeJoin(a)
				return true
			default:
				return false
			}
		})
		c.syncs = slices.DeleteFunc(c.syncs, func(sync *randomSync) bool {
			select {
			case a := <-sync.done:
				r.takeSync(c, sync, a)
				return true
			default:
				return false
			}
		})
	}
}

func (c *randomClient) takeJoin(a answered[Joined]) {
	switch {
	case a.err == nil:
		c.take(a.value)
		c.joined = true
	case errors.Is(a.err, ErrMemberIDRequired):
		c.id, c.rejoin = a.value.MemberID, true
	case errors.Is(a.err, ErrUnknownMember), errors.Is(a.err, ErrFencedInstanceID), errors.Is(a.err, ErrGroupFull):
		c.id = ""
	default:
		c.rejoin = true
	}
}

// takeSync checks that no part of a generation is assigned to two.
func (r *randomGroup) takeSync(c *randomClient, sync *randomSync, a answered[Assignment]) {
	if a.err != nil {
		c.rejoin = true
		return
	}
	require.NotEmpty(r.g, a.value.Bytes, "an empty assignment")
	if string(a.value.Bytes) == "nothing" {
		return // the leader's list was of another generation
	}
	who := c.clientID
	key := fmt.Sprintf("%p %d %s", sync.group, sync.generation, a.value.Bytes)
	if r.owners[key] == "" {
		r.owners[key] = who
		r.assigned++
	}
	require.Equal(r.g, r.owners[key], who, "two own %s", key)
}

func (r *randomGroup) find() *group {
	g, _ := r.g.registry.enter("g")
	if g != nil {
		g.mu.Unlock()
	}
	return g
}

// check verifies the invariants of the group's comment, and its counters.
func (r *randomGroup) check() {
	t := r.g.T
	g, _ := r.g.registry.enter("g")
	if g == nil {
		require.Zero(t, r.g.registry.bytes.Load())
		return
	}
	defer g.mu.Unlock()
	if g != r.group {
		r.group, r.highest = g, 0
	}
	require.GreaterOrEqual(t, g.generation, r.highest)
	r.highest = g.generation
	require.NotZero(t, len(g.members)+len(g.pending), "nobody is in it")
	require.Equal(t, g.state == Empty, len(g.members) == 0, "%v with %d members", g.state, len(g.members))
	require.LessOrEqual(t, g.joining, r.g.registry.o.MaxSize)

	joining, unsynced, statics, bytes := 0, 0, 0, 0
	supports := map[string]int{}
	for id, m := range g.members {
		require.Equal(t, id, m.id)
		bytes += m.bytes
		if m.join != nil {
			joining++
			require.Equal(t, PreparingRebalance, g.state)
		}
		if m.sync != nil {
			require.Equal(t, CompletingRebalance, g.state)
			require.False(t, m.owesSync)
		}
		if m.join == nil && m.sync == nil || m.isNew {
			require.False(t, m.expiry.at.IsZero(), "a session without an end")
		}
		if m.owesSync {
			unsynced++
		}
		if m.instance != nil {
			statics++
			require.Same(t, m, g.static[*m.instance])
		}
		for _, p := range m.protocols {
			supports[p.Name]++
		}
	}
	for id := range g.pending {
		require.Nil(t, g.members[id])
		bytes += memberOverhead + len(id)
	}
	require.Equal(t, joining, g.joining)
	require.Equal(t, unsynced, g.unsynced)
	require.Len(t, g.static, statics)
	require.Equal(t, supports, g.supports)
	require.Equal(t, bytes, g.bytes)
	require.Equal(t, int64(bytes), r.g.registry.bytes.Load())
	require.Equal(t, g.state == PreparingRebalance, !g.joinBy.at.IsZero())
	require.Equal(t, unsynced > 0, !g.syncBy.at.IsZero())
	switch g.state {
	case CompletingRebalance:
		require.NotZero(t, unsynced, "nobody is waited for")
		fallthrough
	case Stable:
		require.Contains(t, g.members, g.leader)
		require.Equal(t, len(g.members), g.supports[g.protocol])
	}
}

// endure lets time pass without another request: every wait must end, and
// every member's session.
func (r *randomGroup) endure() {
	for range 20 {
		time.Sleep(30 * time.Second)
		synctest.Wait()
		r.collect()
		r.check()
	}
	for _, c := range r.clients {
		require.Empty(r.g, c.joins, "a join is stuck")
		require.Empty(r.g, c.syncs, "a sync is stuck")
		c.hangUp()
	}
	require.Empty(r.g, r.g.registry.byName)
	require.NotZero(r.g, r.assigned, "the test never got anywhere")
}
