package integration

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/integration/broker"
)

// crew is a consumer group whose members come and go.
type crew struct {
	t    *testing.T
	b    *broker.Broker
	seen *tally
	opts []kgo.Opt // of every member
}

// worker is one member of a crew.
type worker struct {
	crew   *crew
	client *kgo.Client
	cable  cutter
	ctx    context.Context
	stop   context.CancelFunc
	job    sync.WaitGroup
}

// hire adds a member. It works until it leaves or dies, or the test ends.
func (c *crew) hire(opts ...kgo.Opt) *worker {
	c.t.Helper()
	w := &worker{crew: c}
	w.ctx, w.stop = context.WithCancel(c.t.Context())
	var err error
	w.client, err = kgo.NewClient(slices.Concat(impatient(), []kgo.Opt{
		kgo.SeedBrokers(c.b.Kafka),
		kgo.Dialer(w.cable.dial),
		kgo.ConsumerGroup("crew"),
		kgo.ConsumeTopics("work"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(6 * time.Second),
		kgo.HeartbeatInterval(200 * time.Millisecond),
		kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, p map[string][]int32) { c.seen.own(w, p["work"]) }),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, p map[string][]int32) { c.seen.disown(w, p["work"]) }),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, p map[string][]int32) { c.seen.disown(w, p["work"]) }),
	}, c.opts, opts)...)
	require.NoError(c.t, err)
	w.job.Go(w.work)
	c.t.Cleanup(w.leave)
	return w
}

// work handles records and commits them before the next ones.
func (w *worker) work() {
	for w.ctx.Err() == nil {
		fetches := w.client.PollFetches(w.ctx)
		fetches.EachRecord(w.crew.seen.handle)
		if fetches.NumRecords() > 0 {
			_ = w.client.CommitUncommittedOffsets(w.ctx) // not committed is handled again, by whoever comes next
		}
		w.client.AllowRebalance()
	}
}

// leave ends the member in an orderly way.
func (w *worker) leave() {
	w.cable.mend() // the dead say goodbye when the test ends, lest they try for long
	w.stop()
	w.job.Wait()
	w.client.CloseAllowingRebalance()
}

// die ends the member without telling the group: its connections are cut and its
// session has to run out.
func (w *worker) die() {
	w.cable.cut()
	w.stop()
	w.job.Wait()
	w.crew.seen.disown(w, w.owned())
}

func (w *worker) owned() []int32 { return w.crew.seen.ownedBy(w) }

// awaitOwned waits until the member has n partitions and returns them.
func (w *worker) awaitOwned(ctx context.Context, n int) []int32 {
	w.crew.t.Helper()
	w.crew.seen.until(ctx, w.crew.t, fmt.Sprintf("a member with %d partitions", n), func() bool {
		return len(w.crew.seen.ownersLocked(w)) == n
	})
	return w.owned()
}

// tally is what the members of a crew have handled and own. All methods may be
// called concurrently.
type tally struct {
	mu      sync.Mutex
	changed chan struct{} // closed and renewed at each change
	handled map[string]bool
	owner   map[int32]*worker
	clashes []string
}

func newTally() *tally {
	return &tally{changed: make(chan struct{}), handled: make(map[string]bool), owner: make(map[int32]*worker)}
}

func (s *tally) update(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *tally) handle(r *kgo.Record) { s.update(func() { s.handled[string(r.Value)] = true }) }

func (s *tally) own(w *worker, partitions []int32) {
	s.update(func() {
		for _, p := range partitions {
			if other := s.owner[p]; other != nil && other != w {
				s.clashes = append(s.clashes, fmt.Sprintf("partition %d is given away while it has an owner", p))
			}
			s.owner[p] = w
		}
	})
}

func (s *tally) disown(w *worker, partitions []int32) {
	s.update(func() {
		for _, p := range partitions {
			if s.owner[p] == w {
				delete(s.owner, p)
			}
		}
	})
}

func (s *tally) ownedBy(w *worker) []int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ownersLocked(w)
}

func (s *tally) ownersLocked(w *worker) []int32 {
	var mine []int32
	for p, owner := range s.owner {
		if owner == w {
			mine = append(mine, p)
		}
	}
	slices.Sort(mine)
	return mine
}

// await waits until n different records were handled.
func (s *tally) await(t *testing.T, n int) {
	t.Helper()
	s.until(guarded(t), t, fmt.Sprintf("%d records handled", n), func() bool { return len(s.handled) >= n })
}

// awaitOwners waits until all partitions are owned, by so many members.
func (s *tally) awaitOwners(t *testing.T, partitions, members int) {
	t.Helper()
	s.until(guarded(t), t, fmt.Sprintf("%d partitions at %d members", partitions, members), func() bool {
		owners := make(map[*worker]bool)
		for w := range maps.Values(s.owner) {
			owners[w] = true
		}
		return len(s.owner) == partitions && len(owners) == members
	})
}

func (s *tally) requireOwnersApart(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Empty(t, s.clashes)
}

// until waits for a condition, which is called with the lock held.
func (s *tally) until(ctx context.Context, t *testing.T, what string, condition func() bool) {
	t.Helper()
	for {
		s.mu.Lock()
		done, changed := condition(), s.changed
		handled, owned := len(s.handled), len(s.owner)
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s; %d records are handled, %d partitions owned", what, handled, owned)
		}
	}
}
