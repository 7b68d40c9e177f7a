package log

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/meta"
)

// permutations calls yield with every order of 0 to n-1. The slice is valid until yield returns.
func permutations(n int, yield func([]int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var from func(int)
	from = func(i int) {
		if i == n {
			yield(order)
			return
		}
		for k := i; k < n; k++ {
			order[i], order[k] = order[k], order[i]
			from(i + 1)
			order[i], order[k] = order[k], order[i]
		}
	}
	from(0)
}

// lifetime is a topic that all changes of one flush are about.
type lifetime struct {
	e       *engine
	name    string
	old     []PartitionID
	next    TopicID // of the topic that takes the name after it
	results []any   // the errors of the steps, in their order
	waits   []func()
}

// steps are what can happen to a topic. Each starts a change, in the flush that is open.
var steps = []struct {
	name  string
	start func(*lifetime)
}{
	{"write", func(f *lifetime) {
		a := f.e.start(f.old[0], testBatch(f.e.t, nil, "of the old topic"))
		b, c := f.e.start(f.old[1], testBatch(f.e.t, nil, "one", "two")), f.e.start(f.old[1], testBatch(f.e.t, nil, "three"))
		f.later(func() error {
			return errors.Join(outcome(f.e.t, a)[0].Err, outcome(f.e.t, b)[0].Err, outcome(f.e.t, c)[0].Err)
		})
	}},
	{"add partitions", func(f *lifetime) {
		f.entry(&meta.CreatePartitions{ID: f.old[0].Topic, Count: 3})
	}},
	{"alter", func(f *lifetime) {
		f.entry(&meta.AlterConfigs{ID: f.old[0].Topic, Set: map[string]string{"max.message.bytes": "2000"}})
	}},
	{"delete records", func(f *lifetime) {
		f.entry(&meta.DeleteRecords{Partition: f.old[0], Offset: -1})
	}},
	{"delete", func(f *lifetime) {
		f.entry(&meta.DeleteTopic{ID: f.old[0].Topic})
	}},
	// Past what CreateTopics checks beforehand: by then the old topic may still be there.
	{"make again", func(f *lifetime) {
		f.next = meta.NewID()
		f.entry(&meta.CreateTopic{ID: f.next, Name: f.name, Partitions: 1})
	}},
}

func (f *lifetime) entry(e meta.Entry) {
	p := submitErrors(f.e.Log, []meta.Entry{e}, make([]error, 1))
	f.later(func() error { return outcome(f.e.t, p)[0] })
}

func (f *lifetime) later(wait func() error) {
	at := len(f.results)
	f.results = append(f.results, nil)
	f.waits = append(f.waits, func() { f.results[at] = wait() })
}

// expected is what must become of the steps: appends come first, then the others in order of arrival.
func expected(order []int) (want []error, alive, again bool) {
	alive = true
	for _, s := range order {
		var err error
		switch steps[s].name {
		case "write":
		case "delete":
			alive = false
		case "make again":
			if again = !alive; alive {
				err = ErrTopicExists
			}
		default:
			if !alive {
				err = ErrTopicNotFound
			}
		}
		want = append(want, err)
	}
	return want, alive, again
}

// Scenario 31: whatever happens to a topic in one flush, in every order: the engine's memory is what it counts, nothing of
// the old topic shows under the new one, and a replay finds the same. Without an end: what a
// topic leaves behind would fill the memory.
func TestScenario31_OneFlushInEveryOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, func(o *Options) { o.FlushInterval, o.TailBytes = time.Second, 4<<10 })
		var flushes atomic.Int64
		e.o.Events.Flushed = func(FlushInfo) { flushes.Add(1) }
		e.reopen()
		kept := e.topic("kept", 1)[0]
		rounds := 0
		permutations(len(steps), func(order []int) {
			f := &lifetime{e: e, name: fmt.Sprint("t", rounds)}
			f.old = e.topic(f.name, 2)
			synctest.Wait() // the event of a flush comes behind its answers
			before := flushes.Load()
			for _, s := range order {
				steps[s].start(f)
			}
			if rounds++; rounds%8 == 0 {
				e.start(kept, testBatch(t, nil, fmt.Sprint(rounds)))
			}
			for _, wait := range f.waits {
				wait()
			}
			synctest.Wait()
			require.Equal(t, before+1, flushes.Load(), "all in one flush")
			want, alive, again := expected(order)
			for i, w := range want {
				got, _ := f.results[i].(error)
				require.ErrorIs(t, got, w, "%s in %v", steps[order[i]].name, order)
			}
			require.NoError(t, e.checkViews(), "%v", order)
			f.look(alive, again)
		})
		require.Equal(t, 720, rounds)
		require.LessOrEqual(t, e.tail.queue.len(), 2*minDead+100)
		require.Len(t, e.values(kept, 0), rounds/8)
		require.NoError(t, e.Check(t.Context()))
		require.NoError(t, e.Close(t.Context()))
	})
}

// look reads what is left, and deletes it.
func (f *lifetime) look(alive, again bool) {
	t := f.e.t
	topic, err := f.e.Topic(f.name)
	if !alive && !again {
		require.ErrorIs(t, err, ErrTopicNotFound)
		return
	}
	require.NoError(t, err)
	if again {
		require.Equal(t, f.next, topic.ID)
		require.Empty(t, f.e.values(PartitionID{Topic: topic.ID}, 0), "records of the old topic")
	} else {
		require.Equal(t, f.old[0].Topic, topic.ID)
		require.Equal(t, []string{"one", "two", "three"}, f.e.values(f.old[1], 0))
		require.Equal(t, int64(1), f.e.read(f.old[0], 1).LogStart)
	}
	require.NoError(t, outcome(t, f.e.DeleteTopics([]TopicID{topic.ID}))[0])
}
