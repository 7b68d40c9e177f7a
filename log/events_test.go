package log

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// heard collects events as lines.
type heard struct {
	mu    sync.Mutex
	lines []string
}

func (h *heard) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, fmt.Sprintf(format, args...))
}

func (h *heard) take() []string {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	lines := h.lines
	h.lines = nil
	return lines
}

func (h *heard) events() Events {
	return Events{
		Appended:  func(bytes, records int64) { h.note("appended %d in %d", records, bytes) },
		Duplicate: func() { h.note("duplicate") },
		Read:      func(bytes, records int64, tail bool) { h.note("read %d in %d, tail %v", records, bytes, tail) },
		Flushed: func(f FlushInfo) {
			h.note("flushed %d batches of %d partitions, %d entries, %d bytes, %d retries", f.Batches, f.Partitions, f.Entries, f.BatchBytes, f.Retries)
		},
		StoreTrouble:   func(err error, attempt int, _ time.Duration) { h.note("trouble %d: %v", attempt, err) },
		StoreRecovered: func() { h.note("recovered") },
		CacheHit:       func(tier string) { h.note("hit %s", tier) },
		CacheMiss:      func() { h.note("miss") },
		Fenced:         func(err error) { h.note("fenced") },
	}
}

// Logs and metrics rest on these: each happens when it says, once, with the right figures.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h heard
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store, func(o *Options) { o.Events = h.events() })
		p := e.topic("t", 2)
		h.take()
		batch := func(base int32) []byte { return testBatch(t, &record.Sequence{ProducerID: 7, Base: base}, "a", "b") }
		size := len(batch(0))

		pending, err := e.Append(t.Context(), []AppendRequest{{Partition: p[0], Records: batch(0)}, {Partition: p[1], Records: batch(0)}})
		require.NoError(t, err)
		outcome(t, pending)
		appended := fmt.Sprintf("appended 2 in %d", size)
		require.Equal(t, []string{appended, appended, fmt.Sprintf("flushed 2 batches of 2 partitions, 2 entries, %d bytes, 0 retries", 2*size)}, h.take())

		require.True(t, e.append(p[0], batch(0)).Duplicate)
		require.Equal(t, []string{"duplicate"}, h.take(), "it takes no part in a flush")

		require.ErrorIs(t, e.append(p[0], batch(9)).Err, ErrOutOfOrderSequence)
		require.Equal(t, []string{fmt.Sprintf("flushed 1 batches of 1 partitions, 1 entries, %d bytes, 0 retries", size)}, h.take(), "what is refused is neither")

		e.read(p[0], 0)
		require.Equal(t, []string{fmt.Sprintf("read 2 in %d, tail true", size)}, h.take())

		store.Break(faulty.Fault{Ops: objstore.OpPut, Times: 2, Do: faulty.FailBefore(errNet)})
		e.commit("g", OffsetCommit{Partition: p[0]})
		require.Equal(t, []string{"trouble 1: connection reset", "trouble 2: connection reset", "recovered",
			"flushed 0 batches of 0 partitions, 1 entries, 0 bytes, 2 retries"}, h.take())

		e.reopen()
		h.take()
		e.read(p[0], 0)
		require.Contains(t, h.take(), fmt.Sprintf("read 2 in %d, tail false", size))
		e.read(p[0], 0)
		lines := h.take()
		require.NotContains(t, lines, "miss")
		require.Contains(t, lines, "hit memory")

		store.Break(faulty.Fault{Ops: objstore.OpList, Times: 1, Do: faulty.FailBefore(errNet)})
		openEngine(t, store, func(o *Options) {
			o.Events.StoreTrouble, o.Events.StoreRecovered = h.events().StoreTrouble, h.events().StoreRecovered
		})
		<-e.Stopped()
		lines = h.take()
		require.Contains(t, lines, "recovered", "a start tells of its trouble, too")
		require.Equal(t, 1, len(slices.DeleteFunc(lines, func(s string) bool { return s != "fenced" })))
	})
}
