package simulation

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log"
	"streamhouse/log/record"
	"streamhouse/objstore/mem"
)

// sleepers are brokers on one bucket, and what they have acknowledged.
type sleepers struct {
	t      *testing.T
	bucket *mem.Store
	topic  log.PartitionID
	open   []*log.Log

	mu    sync.Mutex
	acked map[int64]string
}

const (
	sleep     = 5 * time.Hour
	lastFlush = 12 // the store call of a broker that writes, up to which it is suspended around each
)

// A broker that sleeps for hours around any store call of its writes, while two others take over one after the other,
// acknowledges nothing that is not there in the end.
func TestBrokerSleepsAroundAnyStoreCallOfItsWrites(t *testing.T) {
	for nth := 1; nth <= lastFlush; nth++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprint(nth, after), func(t *testing.T) { synctest.Test(t, func(t *testing.T) { sleepWriting(t, nth, after) }) })
		}
	}
}

func sleepWriting(t *testing.T, nth int, after bool) {
	s := newSleepers(t)
	p := s.process()
	one := s.start(p, sleep)
	p.suspendAt(nth, after, sleep)
	var writes sync.WaitGroup
	for i := range 4 {
		writes.Go(func() { s.write(one, fmt.Sprint("one ", i)) })
	}
	time.Sleep(time.Minute) // also looks at its fence come
	two := s.start(s.process(), sleep)
	require.True(t, s.write(two, "two"))
	three := s.start(s.process(), sleep)
	require.True(t, s.write(three, "three"))
	time.Sleep(2 * sleep)
	writes.Wait()
	require.False(t, s.write(one, "one, late"))
	require.False(t, s.write(two, "two, late"))
	require.True(t, s.write(three, "three, late"))
	require.ErrorIs(t, one.Err(), log.ErrFenced)
	require.ErrorIs(t, two.Err(), log.ErrFenced)
	s.conclude()
}

// A broker that sleeps for hours around any store call of its start, while another one starts and works, takes over
// from that one when it wakes, or does not start; in both cases all that was acknowledged is there. That the time for
// its start is over by then, or is not, makes no difference.
func TestBrokerSleepsAroundAnyStoreCallOfItsStart(t *testing.T) {
	for _, patience := range []time.Duration{time.Minute, 10 * sleep} {
		for _, after := range []bool{false, true} {
			for nth, more := 1, true; more; nth++ {
				t.Run(fmt.Sprint(patience, nth, after), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { more = sleepStarting(t, nth, after, patience) })
				})
				require.Less(t, nth, 100)
			}
		}
	}
}

// sleepStarting tells whether a start makes as many store calls as that.
func sleepStarting(t *testing.T, nth int, after bool, patience time.Duration) (more bool) {
	s := newSleepers(t)
	one := s.start(s.process(), sleep)
	require.True(t, s.write(one, "one"))
	p := s.process()
	p.suspendAt(nth, after, sleep)
	var two *log.Log
	var err error
	var starts sync.WaitGroup
	starts.Go(func() {
		two, err = s.tryStart(p, patience)
		p.mu.Lock()
		more = p.calls >= nth
		p.mu.Unlock()
	})
	time.Sleep(time.Minute)
	s.write(one, "one, while another one starts")
	three := s.start(s.process(), sleep)
	s.write(three, "three")
	for i := range 40 { // more than may be in flight, so that there is a journal behind
		s.write(three, fmt.Sprint("three ", i))
	}
	starts.Wait()
	time.Sleep(sleep) // everybody has looked at the fence by now
	leader, former := three, []*log.Log{one}
	switch {
	case err != nil:
		require.Equal(t, time.Minute, patience, "it had time: %v", err)
	case two.LeaderEpoch() > three.LeaderEpoch():
		leader, former = two, append(former, three)
	default:
		former = append(former, two)
	}
	require.True(t, s.write(leader, "the leader, late"))
	for _, e := range former {
		require.False(t, s.write(e, "a former one, late"))
		require.ErrorIs(t, e.Err(), log.ErrFenced)
	}
	s.conclude()
	return more
}

func newSleepers(t *testing.T) *sleepers {
	s := &sleepers{t: t, bucket: mem.New(), acked: make(map[int64]string)}
	e := s.start(s.process(), sleep)
	created, err := e.CreateTopics([]log.TopicSpec{{Name: "t", Partitions: 1}}).Wait(t.Context())
	require.NoError(t, err)
	require.NoError(t, created[0].Err)
	s.topic = log.PartitionID{Topic: created[0].Topic.ID}
	require.NoError(t, e.Close(t.Context()))
	s.open = nil
	return s
}

func (s *sleepers) process() *process { return &process{inner: s.bucket} }

func (s *sleepers) start(p *process, patience time.Duration) *log.Log {
	e, err := s.tryStart(p, patience)
	require.NoError(s.t, err)
	return e
}

// tryStart opens a broker whose every batch is a flush of its own, so that several are in flight.
func (s *sleepers) tryStart(p *process, patience time.Duration) (*log.Log, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	e, err := log.Open(ctx, p, log.Options{
		MetadataPath: filepath.Join(s.t.TempDir(), "metadata.db"), FlushBytes: 1,
		FenceInterval: time.Minute, MetadataInterval: time.Minute, Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		s.mu.Lock()
		s.open = append(s.open, e)
		s.mu.Unlock()
	}
	return e, err
}

// write appends a record and tells whether it was acknowledged.
func (s *sleepers) write(e *log.Log, value string) bool {
	batch, err := record.AppendBatch(nil, []record.Record{{Timestamp: time.Now().UnixMilli(), Value: []byte(value)}}, nil)
	require.NoError(s.t, err)
	pending, err := e.Append(context.Background(), []log.AppendRequest{{Partition: s.topic, Records: batch}})
	if err != nil {
		return false
	}
	results, err := pending.Wait(context.Background())
	if err != nil || results[0].Err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, taken := s.acked[results[0].Base]; taken {
		s.t.Errorf("offset %d was acknowledged for %q and for %q", results[0].Base, before, value)
	}
	s.acked[results[0].Base] = value
	return true
}

// conclude ends all brokers, and looks at what a new one finds.
func (s *sleepers) conclude() {
	s.t.Helper()
	for _, e := range s.open {
		require.NoError(s.t, e.Close(context.Background()))
	}
	e := s.start(s.process(), sleep)
	require.NoError(s.t, e.Check(s.t.Context()))
	b, err := e.Bounds(s.topic)
	require.NoError(s.t, err)
	found := make(map[int64]string)
	for next := b.LogStart; next < b.HighWatermark; next++ {
		o := log.ReadOptions{MaxBytes: 1, MinBytes: 1, MaxWait: time.Minute}
		res := e.Read(s.t.Context(), []log.ReadRequest{{Partition: s.topic, Offset: next, MaxBytes: 1, LeaderEpoch: -1}}, o)[0]
		require.NoError(s.t, res.Err)
		require.NoError(s.t, record.Decode(res.Records, next, func(r record.Record) bool {
			found[r.Offset] = string(r.Value)
			return false
		}))
	}
	for _, offset := range slices.Sorted(maps.Keys(s.acked)) {
		require.Equal(s.t, s.acked[offset], found[offset], "offset %d", offset)
	}
	require.NoError(s.t, e.Close(s.t.Context()))
}
