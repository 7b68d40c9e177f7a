package log

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/meta"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// Ids are unique over blocks of ids, crashes, lost metadata files and takeovers.
func TestProducerIDsAreUnique(t *testing.T) {
	e := newEngine(t)
	seen := map[int64]bool{}
	take := func(e *engine, n int) {
		for range n {
			id, err := e.ReserveProducerID(t.Context())
			require.NoError(t, err)
			require.GreaterOrEqual(t, id, int64(0))
			require.False(t, seen[id], "producer id %d a second time", id)
			seen[id] = true
		}
	}
	take(e, idBlockSize+1)
	name, err := e.ProducerID(t.Context(), "by name")
	require.NoError(t, err)
	require.False(t, seen[name])
	seen[name] = true
	e.everAfter(func(string) { take(e, 2) })
	other := openEngine(t, e.store)
	take(other, 2)
	_, err = e.ProducerID(t.Context(), "too late")
	require.ErrorIs(t, err, ErrFenced)
	take(other, 2)
}

// A fleet that starts at once shares blocks of ids: a flush is not needed for each.
func TestManyProducersStartAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		flushes := 0
		e := newEngine(t, func(o *Options) { o.Events.Flushed = func(FlushInfo) { flushes++ } })
		before := flushes
		var mu sync.Mutex
		seen := map[int64]bool{}
		var all sync.WaitGroup
		for range 1500 {
			all.Go(func() {
				id, err := e.ReserveProducerID(t.Context())
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					seen[id] = true
				}
			})
		}
		all.Wait()
		require.Len(t, seen, 1500)
		require.Equal(t, 2, flushes-before)
	})
}

func TestReserveProducerIDWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store)
		store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		results := make(chan error, 2)
		for range 2 { // one fetches a block, the other waits for its turn
			go func() {
				_, err := e.ReserveProducerID(ctx)
				results <- err
			}()
		}
		for range 2 {
			require.ErrorIs(t, <-results, ErrTimeout)
		}
		store.Mend()
		_, err := e.ReserveProducerID(t.Context())
		require.NoError(t, err)
	})
}

// The same name has the same id, whoever asks, wherever.
func TestNamedProducers(t *testing.T) {
	e := newEngine(t)
	ids := map[string]int64{}
	names := []string{"a", "b", "\xff/ ", strings.Repeat("n", MaxProducerName)}
	for _, name := range names {
		id, err := e.ProducerID(t.Context(), name)
		require.NoError(t, err)
		for other, taken := range ids {
			require.NotEqual(t, taken, id, "%q and %q", name, other)
		}
		ids[name] = id
	}
	e.everAfter(func(when string) {
		for _, name := range names {
			id, err := e.ProducerID(t.Context(), name)
			require.NoError(t, err, when)
			require.Equal(t, ids[name], id, "%q %s", name, when)
		}
	})
	for _, name := range []string{"", strings.Repeat("n", MaxProducerName+1)} {
		_, err := e.ProducerID(t.Context(), name)
		require.ErrorIs(t, err, ErrInvalidProducer)
	}
}

// Two that ask for a new name at the same time get one id, though both went to the journal.
func TestNamedProducerAskedForTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store)
		store.Break(faulty.Fault{Ops: objstore.OpPut, Times: 1, Do: faulty.Slow(time.Second)})
		ids := make(chan int64, 2)
		for range 2 {
			go func() {
				id, err := e.ProducerID(t.Context(), "name")
				if err != nil {
					id = -1
				}
				ids <- id
			}()
			synctest.Wait()
		}
		first := <-ids
		require.GreaterOrEqual(t, first, int64(0))
		require.Equal(t, first, <-ids)
	})
}

// What an idempotent producer may send next, and what it is told else (KIP-98). The steps are taken in order.
func TestSequences(t *testing.T) {
	steps := []struct {
		what      string
		epoch     int16
		base      int32
		want      error
		duplicate bool
		offset    int64
	}{
		{"begins anywhere", 0, 100, nil, false, 1},
		{"next", 0, 102, nil, false, 3},
		{"gap", 0, 106, ErrOutOfOrderSequence, false, 0},
		{"again", 0, 102, nil, true, 3},
		{"again, the one before", 0, 100, nil, true, 1},
		{"back to what never was", 0, 99, ErrOutOfOrderSequence, false, 0},
		{"next after the errors", 0, 104, nil, false, 5},
		{"new epoch, not from 0", 1, 106, ErrOutOfOrderSequence, false, 0},
		{"new epoch", 1, 0, nil, false, 7},
		{"old epoch", 0, 106, ErrInvalidProducerEpoch, false, 0},
		{"old epoch, what was there", 0, 104, ErrInvalidProducerEpoch, false, 0},
		{"next of the new one", 1, 2, nil, false, 9},
	}
	for _, way := range []string{"at work", "with a crash between"} {
		t.Run(way, func(t *testing.T) {
			e := newEngine(t)
			p := e.topic("t", 2)
			for _, p := range p {
				require.ErrorIs(t, e.append(p, testBatch(t, &record.Sequence{ProducerID: 7, Base: 100}, "a")).Err, ErrOutOfOrderSequence, "an empty partition begins with 0")
				require.NoError(t, e.append(p, testBatch(t, nil, "first")).Err)
			}
			for _, s := range steps {
				res := e.append(p[0], testBatch(t, &record.Sequence{ProducerID: 7, ProducerEpoch: s.epoch, Base: s.base}, "a", "b"))
				require.ErrorIs(t, res.Err, s.want, s.what)
				if s.want == nil {
					require.Equal(t, s.duplicate, res.Duplicate, s.what)
					require.Equal(t, s.offset, res.Base, s.what)
				}
				if way != "at work" {
					e.crash()
					e.open()
				}
			}
			require.NoError(t, e.append(p[1], testBatch(t, &record.Sequence{ProducerID: 7, Base: 55}, "a")).Err, "each partition counts by itself")
			require.NoError(t, e.append(p[0], testBatch(t, &record.Sequence{ProducerID: 8, Base: 55}, "a")).Err, "and each producer")
			require.Equal(t, int64(12), e.end(p[0]))
		})
	}
}

// Sequence numbers begin anew at 0 behind the largest.
func TestSequencesWrap(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	require.NoError(t, e.append(p, testBatch(t, nil, "first")).Err)
	for i, base := range []int32{1<<31 - 2, 0, 2} {
		res := e.append(p, testBatch(t, &record.Sequence{ProducerID: 7, Base: base}, "a", "b"))
		require.NoError(t, res.Err, "sequence %d", base)
		require.Equal(t, int64(2*i+1), res.Base)
	}
}

// A producer that is silent for a day is forgotten, and may begin again anywhere; so may its name. One that has written meanwhile is not.
func TestSilentProducersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, func(o *Options) { o.FenceInterval, o.MetadataInterval = time.Hour, time.Hour })
		p := e.topic("t", 1)[0]
		name, err := e.ProducerID(t.Context(), "name")
		require.NoError(t, err)
		send := func(producer int64, base int32) error {
			return e.append(p, testBatch(t, &record.Sequence{ProducerID: producer, Base: base}, "v")).Err
		}
		require.NoError(t, send(7, 0))
		require.NoError(t, send(8, 0))
		require.NoError(t, send(name, 0))
		time.Sleep(meta.ProducerExpiration*time.Millisecond - time.Minute)
		require.NoError(t, send(8, 1))
		require.ErrorIs(t, send(7, 5), ErrOutOfOrderSequence)
		time.Sleep(time.Hour)
		require.NoError(t, send(8, 2))
		require.NoError(t, send(7, 5))
		require.ErrorIs(t, send(8, 7), ErrOutOfOrderSequence)
		again, err := e.ProducerID(t.Context(), "name")
		require.NoError(t, err)
		require.NotEqual(t, name, again, "nobody has used the name for a day")
	})
}

// A batch that is in the log already is answered at once, whatever waits to be flushed: also while the store is away,
// and where there is no room.
func TestDuplicatesWaitForNoFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		duplicates := 0
		e := openEngine(t, store, func(o *Options) {
			o.FlushBytes, o.MaxUnflushedBytes, o.FlushInterval = 500, 1000, 4*time.Minute
			o.Events.Duplicate = func() { duplicates++ }
		})
		p := e.topic("t", 1)[0]
		batch := func(epoch int16, base int32) []byte {
			return testBatch(t, &record.Sequence{ProducerID: 7, ProducerEpoch: epoch, Base: base}, "v", "w")
		}
		for i := range int32(4) {
			require.Equal(t, int64(2*i), e.append(p, batch(0, 2*i)).Base)
		}
		outage := fill(e, store, p, 200)
		start := time.Now()
		for i := range int32(4) {
			res := e.append(p, batch(0, 2*i))
			require.NoError(t, res.Err)
			require.True(t, res.Duplicate)
			require.Equal(t, int64(2*i), res.Base)
		}
		require.Equal(t, 4, duplicates)
		require.Zero(t, time.Since(start))
		outage.Mend()
		require.NoError(t, e.append(p, batch(1, 0)).Err)
		require.ErrorIs(t, e.append(p, batch(0, 6)).Err, ErrInvalidProducerEpoch, "a fenced producer is told so, and not of its duplicate")
	})
}
