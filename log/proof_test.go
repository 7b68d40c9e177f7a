package log

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// What is larger than all before it has nobody behind it until it has landed; what is not, has.
func TestLargestObjectTravelsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSmall(t, func(o *Options) { o.FlushBytes, o.FlushInterval = 1, time.Millisecond })
		s.limit.Mend()
		// together counts the flushes that are in flight together when the store hangs.
		together := func(sizes ...int) int {
			hang := s.store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Do: faulty.Hang()})
			var waits []*Pending[[]AppendResult]
			for _, size := range sizes {
				w, _ := s.write(s.p[0], size)
				waits = append(waits, w)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			n := s.Stats().FlushesInFlight
			hang.Mend()
			for _, w := range waits {
				require.NoError(t, outcome(t, w)[0].Err)
			}
			synctest.Wait()
			return n
		}
		require.Equal(t, 4, together(100_000, 200_000, 250_000, 10), "small ones need no proof")
		require.Equal(t, 1, together(300_000, 10, 10))
		require.Equal(t, 3, together(10, 299_000, 299_999), "nor does what is not larger than one that was taken")
		require.Equal(t, 3, together(10, 20, 310_000, 10), "those before the largest one do not count")
		// Of what can be compressed only the object counts.
		hang := s.store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Do: faulty.Hang()})
		for range 4 {
			s.start(s.p[0], testBatch(t, nil, string(make([]byte, 700_000))))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, 4, s.Stats().FlushesInFlight)
		hang.Mend()
		// A refusal ends what was proven, and what lands smaller is the proof from then on.
		s.shrink()
		refused, _ := s.write(s.p[0], 160_000)
		require.ErrorIs(t, outcome(t, refused)[0].Err, ErrBatchTooLarge)
		require.Equal(t, 1, together(120_000, 120_000))
		require.Equal(t, 2, together(120_000, 120_000))
		require.NoError(t, s.Close(t.Context()))
	})
}

// An object is never larger than what is expected before it is encoded.
func TestMostObjectBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &flushed{}
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store, func(o *Options) { o.FlushInterval, o.Events.Flushed = time.Hour, seen.add })
		p := e.topic("t", 100)
		random := rand.New(rand.NewPCG(1, 1))
		time.Sleep(2 * time.Hour)
		seen.forget()
		for round := range 30 {
			e.mu.Lock()
			e.lastFlush = time.Now()
			e.mu.Unlock()
			n := 1 + random.IntN(300)
			for i := range n {
				seq := &record.Sequence{ProducerID: math.MaxInt64 - int64(i), ProducerEpoch: math.MaxInt16, Base: math.MaxInt32 - 1}
				e.start(p[random.IntN(len(p))], testBatch(t, seq, string(noise(t, i, 1+random.IntN(100)))))
			}
			if round%2 == 0 {
				e.CommitOffsets("g", []OffsetCommit{{Partition: p[0], Offset: int64(round), Metadata: "m"}})
			}
			e.mu.Lock()
			most := e.current.mostObjectBytes()
			e.mu.Unlock()
			time.Sleep(2 * time.Hour)
			synctest.Wait()
			require.Len(t, seen.all(), 1)
			require.LessOrEqual(t, seen.all()[0].ObjectBytes, most)
			seen.forget()
		}
		require.NoError(t, e.Close(t.Context()))
	})
}

// Of many objects of random sizes few travel alone: about as many as the logarithm of their number.
func TestFewObjectsTravelAlone(t *testing.T) {
	const objects = 10_000
	random := rand.New(rand.NewPCG(1, 1))
	l := &Log{provenBytes: freeBytes, wake: make(chan struct{}, 1)}
	alone := 0
	for range objects {
		f := newFlush()
		f.objectBytes = random.Int64N(8 << 20)
		l.inFlight = []*flush{f}
		if l.soloLocked() {
			alone++
		}
		l.placeFilled(f, true, 0)
		require.False(t, l.soloLocked())
	}
	require.Positive(t, alone)
	require.Less(t, float64(alone), 2.5*math.Log(objects))
	t.Log(fmt.Sprint(alone, " of ", objects))
}
