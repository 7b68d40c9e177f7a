package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/log"
)

// groupClients are real consumers of one group, and who of them believes to own
// each partition. It runs in a bubble of fake time, over an in-memory network: an
// hour of rebalances takes a moment, and a slow machine expires nobody.
type groupClients struct {
	*testing.T
	broker *groupBroker

	mu      sync.Mutex
	owner   map[int32]*groupClient // by partition of topic "a"; nil: not kept
	clients []*groupClient
	faults  []string
}

type groupClient struct {
	*kgo.Client
	all       *groupClients
	name      string
	dead      bool // killed: what it believes does not count any more
	rebalance int  // times that it was assigned partitions
	conns     []net.Conn
}

// start starts a consumer.
func (g *groupClients) start(name string, opts ...kgo.Opt) *groupClient {
	c := &groupClient{all: g, name: name}
	opts = append([]kgo.Opt{
		kgo.SeedBrokers("localhost:9092"), kgo.Dialer(c.connect), kgo.ClientID(name),
		kgo.ConsumerGroup("g"), kgo.ConsumeTopics("a"), kgo.DisableAutoCommit(),
		kgo.SessionTimeout(10 * time.Second), kgo.HeartbeatInterval(time.Second), kgo.RebalanceTimeout(20 * time.Second),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, parts map[string][]int32) { c.take(parts["a"]) }),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, parts map[string][]int32) { c.drop(parts["a"]) }),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, parts map[string][]int32) { c.drop(parts["a"]) }),
	}, opts...)
	client, err := kgo.NewClient(opts...)
	require.NoError(g, err)
	c.Client = client
	g.mu.Lock()
	defer g.mu.Unlock()
	g.clients = append(g.clients, c)
	return c
}

func (c *groupClient) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := c.all.broker.network.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.dead {
		conn.Close()
		return nil, errors.New("the machine is off")
	}
	c.conns = append(c.conns, conn)
	return conn, nil
}

func (c *groupClient) take(parts []int32) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.dead || c.all.owner == nil {
		return
	}
	c.rebalance++
	for _, p := range parts {
		if o := c.all.owner[p]; o != nil {
			c.all.faults = append(c.all.faults, fmt.Sprintf("partition %d is given to %s while %s has it", p, c.name, o.name))
		}
		c.all.owner[p] = c
	}
}

func (c *groupClient) drop(parts []int32) {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	for _, p := range parts {
		if c.all.owner[p] == c {
			delete(c.all.owner, p)
		}
	}
}

// forget takes a client out of the books.
func (c *groupClient) forget() {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.dead = true
	maps.DeleteFunc(c.all.owner, func(_ int32, o *groupClient) bool { return o == c })
	c.all.clients = slices.DeleteFunc(c.all.clients, func(o *groupClient) bool { return o == c })
}

// kill takes the client's power away: it says no goodbye.
func (c *groupClient) kill() {
	c.cut()
	c.bury()
}

// cut ends the client's connections, for good.
func (c *groupClient) cut() {
	c.forget()
	for _, conn := range c.conns {
		conn.Close()
	}
}

// bury ends the goroutines of a client that is cut off.
func (c *groupClient) bury() {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	c.LeaveGroupContext(gone)
	c.CloseAllowingRebalance()
	c.AllowRebalance() // closing may have polled, and its goroutine that leaves waits for that
}

// stop closes the client as a program should.
func (c *groupClient) stop() {
	c.CloseAllowingRebalance()
	c.forget()
}

// holds is what the client owns, in order.
func (c *groupClient) holds() []int32 {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	var parts []int32
	for p, o := range c.all.owner {
		if o == c {
			parts = append(parts, p)
		}
	}
	slices.Sort(parts)
	return parts
}

// settle lets time pass, and checks that then every partition has one owner
// and that all have about as many.
func (g *groupClients) settle() {
	g.Helper()
	time.Sleep(2 * time.Minute)
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	require.Empty(g, g.faults)
	require.Len(g, g.owner, groupPartitions, "partitions without an owner")
	each := map[*groupClient]int{}
	for _, o := range g.owner {
		each[o]++
	}
	for _, c := range g.clients {
		n := each[c]
		require.GreaterOrEqual(g, n, groupPartitions/len(g.clients), "%s has %d of %d partitions, of %d clients", c.name, n, groupPartitions, len(g.clients))
	}
}

const groupPartitions = 24

func withGroupClients(t *testing.T, test func(*groupClients)) {
	synctest.Test(t, func(t *testing.T) {
		g := &groupClients{T: t, owner: map[int32]*groupClient{}}
		g.broker = newGroupBroker(t, map[string]int32{"a": groupPartitions, "b": groupPartitions})
		defer g.broker.stop()
		defer func() {
			for _, c := range slices.Clone(g.clients) {
				c.stop()
			}
		}()
		test(g)
	})
}

func balancers() map[string]kgo.GroupBalancer {
	return map[string]kgo.GroupBalancer{
		"range":              kgo.RangeBalancer(),
		"sticky":             kgo.StickyBalancer(),
		"cooperative-sticky": kgo.CooperativeStickyBalancer(),
	}
}

func TestGroupClientsComeAndGo(t *testing.T) {
	for name, balancer := range balancers() {
		t.Run(name, func(t *testing.T) {
			withGroupClients(t, func(g *groupClients) {
				opt := kgo.Balancers(balancer)
				a := g.start("a", opt)
				g.settle()
				b := g.start("b", opt)
				g.settle()
				g.start("c", opt)
				g.start("d", opt)
				g.settle()
				b.stop()
				g.settle()
				a.kill() // the leader
				g.settle()
				g.start("e", opt)
				g.settle()
			})
		})
	}
}

func TestGroupClientsCooperateWithoutStopping(t *testing.T) {
	withGroupClients(t, func(g *groupClients) {
		opt := kgo.Balancers(kgo.CooperativeStickyBalancer())
		a := g.start("a", opt)
		g.settle()
		before := a.holds()
		g.start("b", opt)
		g.settle()
		for _, p := range a.holds() {
			require.Contains(t, before, p, "what a member keeps it never lost")
		}
		require.Len(t, a.holds(), groupPartitions/2)
	})
}

func TestGroupClientsThatAreStatic(t *testing.T) {
	for name, balancer := range balancers() {
		t.Run(name, func(t *testing.T) {
			withGroupClients(t, func(g *groupClients) {
				opts := func(i int) []kgo.Opt {
					return []kgo.Opt{kgo.Balancers(balancer), kgo.InstanceID(fmt.Sprint("instance-", i)), kgo.SessionTimeout(5 * time.Minute)}
				}
				var all []*groupClient
				for i := range 3 {
					all = append(all, g.start(fmt.Sprint("c", i), opts(i)...))
				}
				g.settle()
				for i, c := range slices.Clone(all) { // a rolling restart, the leader's too
					before, others := c.holds(), g.rebalances(c)
					c.stop() // a static member does not leave
					time.Sleep(30 * time.Second)
					all[i] = g.start(c.name+"'", opts(i)...)
					g.settle()
					require.Equal(t, before, all[i].holds())
					require.Equal(t, others, g.rebalances(all[i]), "the others noticed")
				}
				all[0].kill() // and stays away for longer than its session
				time.Sleep(5 * time.Minute)
				g.settle()
			})
		})
	}
}

// rebalances is how often clients but one were assigned something.
func (g *groupClients) rebalances(but *groupClient) map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := map[string]int{}
	for _, c := range g.clients {
		if c != but {
			n[c.name] = c.rebalance
		}
	}
	return n
}

// Membership does not outlive the broker: clients join again, and go on where
// they had committed.
func TestGroupClientsOutliveTheBroker(t *testing.T) {
	for name, balancer := range balancers() {
		t.Run(name, func(t *testing.T) {
			withGroupClients(t, func(g *groupClients) {
				a := g.start("a", kgo.Balancers(balancer))
				g.start("b", kgo.Balancers(balancer), kgo.InstanceID("static"))
				g.settle()
				p := a.holds()[0]
				a.CommitOffsetsSync(context.Background(), map[string]map[int32]kgo.EpochOffset{"a": {p: {Epoch: -1, Offset: 7}}}, nil)
				for range 2 {
					g.broker.stop()
					time.Sleep(time.Minute)
					g.broker.start()
					g.settle()
				}
				known, err := g.broker.log.Topic("a")
				require.NoError(t, err)
				o, ok := g.broker.log.CommittedOffset("g", log.PartitionID{Topic: known.ID, Index: p})
				require.True(t, ok)
				require.Equal(t, int64(7), o.Offset)
			})
		})
	}
}

func TestGroupClientsChurn(t *testing.T) {
	rounds := 30
	if testing.Short() {
		rounds = 8
	}
	for name, balancer := range balancers() {
		t.Run(name, func(t *testing.T) {
			withGroupClients(t, func(g *groupClients) {
				rng := rand.New(rand.NewPCG(1, 2))
				g.start("first", kgo.Balancers(balancer))
				for i := range rounds {
					switch n := rng.IntN(10); {
					case n < 5 && len(g.clients) < 8 || len(g.clients) == 1:
						g.start(fmt.Sprint("client", i), kgo.Balancers(balancer))
					case n < 8:
						g.clients[rng.IntN(len(g.clients))].kill()
					default:
						g.clients[rng.IntN(len(g.clients))].stop()
					}
					time.Sleep(time.Duration(rng.IntN(12_000)) * time.Millisecond)
				}
				g.settle()
			})
		})
	}
}
