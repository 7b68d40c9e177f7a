package log

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// manyTopics asks for n topics of so many partitions.
func manyTopics(prefix string, n int, partitions int32) []TopicSpec {
	specs := make([]TopicSpec, n)
	for i := range specs {
		specs[i] = TopicSpec{Name: fmt.Sprint(prefix, i), Partitions: partitions}
	}
	return specs
}

// createdPerCommit returns how many partitions each commit in the bucket creates, where it creates any.
func createdPerCommit(t *testing.T, store objstore.Store) (all []int32) {
	t.Helper()
	for info, err := range store.List(t.Context(), "journal/", "") {
		require.NoError(t, err)
		_, c, err := segment.ReadCommit(info.Size, func(pos, n int64) ([]byte, error) { return store.GetRange(t.Context(), info.Key, pos, n) })
		require.NoError(t, err)
		n := int32(0)
		for _, e := range c.Entries {
			if create, ok := e.(*meta.CreateTopic); ok {
				n += create.Partitions
			}
		}
		if n > 0 {
			all = append(all, n)
		}
	}
	return all
}

// What fits into the burst is created at once; what comes beyond is told when to come again.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refused []error
		e := newEngine(t, func(o *Options) {
			o.PartitionChangeRate = 100
			o.Events.Refused = func(err error) { refused = append(refused, err) }
		})
		for _, r := range outcome(t, e.CreateTopics(manyTopics("ordinary-", 1000, 9))) {
			require.NoError(t, r.Err)
		}
		res := outcome(t, e.CreateTopics([]TopicSpec{{Name: "large", Partitions: 3000}, {Name: "next", Partitions: 1}}))
		require.NoError(t, res[0].Err, "while there is anything left, a topic may take more")
		require.ErrorIs(t, res[1].Err, ErrThrottled)
		require.Len(t, refused, 1)
		throttled, ok := errors.AsType[*ThrottledError](res[1].Err)
		require.True(t, ok)
		require.Equal(t, ThrottledError{20*time.Second + 10*time.Millisecond, 100}, *throttled)
		require.ErrorContains(t, throttled, "partition-change-rate is 100 a second: try again in 20.01s")
		require.NoError(t, e.ValidateTopics([]TopicSpec{{Name: "next", Partitions: 1}})[0].Err, "nothing is created")

		large, err := e.Topic("large")
		require.NoError(t, err)
		require.ErrorIs(t, outcome(t, e.DeleteTopics([]TopicID{large.ID}))[0], ErrThrottled)
		require.ErrorIs(t, outcome(t, e.CreatePartitions([]PartitionsSpec{{"large", 3001}}, false))[0], ErrThrottled)
		time.Sleep(throttled.RetryAfter - 2*time.Millisecond)
		require.ErrorIs(t, outcome(t, e.DeleteTopics([]TopicID{large.ID}))[0], ErrThrottled)
		time.Sleep(2 * time.Millisecond)
		require.NoError(t, outcome(t, e.DeleteTopics([]TopicID{large.ID}))[0])
		require.ErrorIs(t, outcome(t, e.CreateTopics([]TopicSpec{{Name: "next", Partitions: 1}}))[0].Err, ErrThrottled, "a deletion takes as many")
		time.Sleep(30 * time.Second)
		require.NoError(t, outcome(t, e.CreateTopics([]TopicSpec{{Name: "next", Partitions: 1}}))[0].Err)
	})
}

// Callers that cannot be told to come again wait, in several flushes, and no longer than they want.
func TestPacedCallersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, func(o *Options) { o.PartitionChangeRate = 1000 })
		start := time.Now()
		specs := append(manyTopics("a-", 300, 100), TopicSpec{Name: "a-0", Partitions: 1}, TopicSpec{Name: "no topic", Partitions: 1})
		res := e.CreateTopicsPaced(t.Context(), specs)
		for _, r := range res[:300] {
			require.NoError(t, r.Err)
			topic, err := e.Topic(r.Topic.Name)
			require.NoError(t, err)
			require.Equal(t, r.Topic, topic)
		}
		require.ErrorIs(t, res[300].Err, ErrTopicExists)
		require.ErrorIs(t, res[301].Err, ErrInvalidTopic)
		require.InDelta(t, 20, time.Since(start).Seconds(), 0.3, "30,000 at 1,000 a second, 10,000 of them at once")

		ids := make([]TopicID, 300)
		for i := range ids {
			ids[i] = res[i].Topic.ID
		}
		start = time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5050*time.Millisecond)
		defer cancel()
		gone := 0
		for _, err := range e.DeleteTopicsPaced(ctx, ids) {
			if err == nil {
				gone++
			} else {
				require.ErrorIs(t, err, ErrTimeout)
				require.NotErrorIs(t, err, ErrThrottled)
				require.ErrorContains(t, err, "partition-change-rate is 1000 a second")
			}
		}
		require.Equal(t, 5050*time.Millisecond, time.Since(start))
		require.InDelta(t, 51, gone, 1)
		require.Len(t, e.Topics(), 300-gone)
	})
}

// While the store is away nothing leaves, but the bucket of the pace fills: what waits is bounded all the same, and
// no commit is a giant.
func TestCommitsAreNoGiants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := mem.New()
		store := faulty.New(inner, 1)
		e := openEngine(t, store)
		outage := store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		var clients sync.WaitGroup
		for client := range 20 {
			clients.Go(func() {
				for _, r := range e.CreateTopicsPaced(t.Context(), manyTopics(fmt.Sprint("c", client, "-"), 10, 700)) {
					require.NoError(t, r.Err)
				}
			})
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Less(t, e.admission.pending.changes, int64(maxPendingChanges+MaxPartitions))
		outage.Mend()
		clients.Wait()
		require.Equal(t, Usage{Topics: 200, Partitions: 140_000}, e.state.Usage())
		sum := int32(0)
		for _, n := range createdPerCommit(t, inner) {
			require.Less(t, n, int32(maxPendingChanges+MaxPartitions))
			sum += n
		}
		require.EqualValues(t, 140_000, sum)
	})
}

// A topic that asks for more than anybody may have at once waits its turn, and those before it do not starve it.
func TestLargeTopicsAreNotStarved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, func(o *Options) { o.PartitionChangeRate = 1000 })
		require.NoError(t, e.CreateTopicsPaced(t.Context(), manyTopics("first-", 1, MaxPartitions))[0].Err)
		stop := make(chan struct{})
		var small sync.WaitGroup
		for client := range 10 {
			small.Go(func() {
				for i := range math.MaxInt {
					select {
					case <-stop:
						return
					default:
						require.NoError(t, e.CreateTopicsPaced(t.Context(), manyTopics(fmt.Sprint("small-", client, "-", i, "-"), 1, 100))[0].Err)
					}
				}
			})
		}
		time.Sleep(10 * time.Second)
		start := time.Now()
		require.NoError(t, e.CreateTopicsPaced(t.Context(), manyTopics("large-", 1, MaxPartitions))[0].Err)
		require.Less(t, time.Since(start), 2*time.Second)
		close(stop)
		small.Wait()
	})
}
