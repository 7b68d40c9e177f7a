package log

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/meta"
)

// Check finds whatever the engine keeps beside the state that does not fit it or does not add up.
func TestCheckNoticesWhatDoesNotAddUp(t *testing.T) {
	for what, c := range map[string]struct {
		spoil func(e *engine, p *partition) (mend func())
		says  string
	}{
		"bytes of the tail": {func(e *engine, p *partition) func() {
			e.tail.bytes++
			return func() { e.tail.bytes-- }
		}, "the tail counts"},
		"an entry of the tail's queue": {func(e *engine, p *partition) func() {
			e.tail.queue.at(0).size++
			return func() { e.tail.queue.at(0).size-- }
		}, "the tail's queue has a batch"},
		"dead entries": {func(e *engine, p *partition) func() {
			e.tail.dead++
			return func() { e.tail.dead-- }
		}, "counts 1 dead"},
		"a gap in a partition's tail": {func(e *engine, p *partition) func() {
			p.tail.at(0).base++
			return func() { p.tail.at(0).base-- }
		}, "batch 0 begins at 1"},
		"a topic that nobody follows": {func(e *engine, p *partition) func() {
			t := p.topic
			delete(e.topics, p.id.Topic)
			return func() { e.topics[p.id.Topic] = t }
		}, "does not follow it"},
		"a topic that is no more": {func(e *engine, p *partition) func() {
			id := meta.NewID()
			e.topics[id] = &topic{meta: p.topic.meta}
			return func() { delete(e.topics, id) }
		}, "the engine follows 2 topics"},
		"settings": {func(e *engine, p *partition) func() {
			p.topic.settings.maxMessageBytes++
			return func() { p.topic.settings.maxMessageBytes-- }
		}, "other settings"},
		"a partition that is gone": {func(e *engine, p *partition) func() {
			p.gone = true
			return func() { p.gone = false }
		}, "another partition 0"},
		"bytes of blocks": {func(e *engine, p *partition) func() {
			e.blocks.account.release(-1)
			return func() { e.blocks.account.release(1) }
		}, "fetches count 1 bytes"},
		"unflushed bytes": {func(e *engine, p *partition) func() {
			e.unflushedBytes--
			return func() { e.unflushedBytes++ }
		}, "-1 bytes of batches"},
		"unflushed changes": {func(e *engine, p *partition) func() {
			e.unflushedChanges++
			return func() { e.unflushedChanges-- }
		}, "1 of changes"},
		"room that was not given back": {func(e *engine, p *partition) func() {
			e.unflushed.TryAcquire(1)
			return func() { e.unflushed.Release(1) }
		}, "the rest is not free"},
		"room that was given back twice": {func(e *engine, p *partition) func() {
			e.current.held, e.current.bytes = 2, 2
			e.unflushedBytes += 2
			e.unflushed.TryAcquire(1)
			return func() {
				e.current.held, e.current.bytes = 0, 0
				e.unflushedBytes -= 2
				e.unflushed.Release(1)
			}
		}, "more than the rest is free"},
		"a segment writer that was lost": {func(e *engine, p *partition) func() {
			e.writersOut.Add(1)
			return func() { e.writersOut.Add(-1) }
		}, "1 segment writers are out"},
		"the next place": {func(e *engine, p *partition) func() {
			e.nextSeq++
			return func() { e.nextSeq-- }
		}, "is applied"},
		"a read that is over and waits": {func(e *engine, p *partition) func() {
			w := newWaiter()
			p.waiters.add(w)
			w.ended.Store(true)
			return func() { p.waiters.remove(w) }
		}, "still waits"},
		"a read-ahead that is too long": {func(e *engine, p *partition) func() {
			at := position{p.id, 3}
			e.readers.positions.Add(at, window{bytes: e.Log.o.PrefetchBytes + 1, seen: time.Now()})
			return func() { e.readers.positions.Remove(at) }
		}, "is read ahead by"},
	} {
		t.Run(what, func(t *testing.T) {
			e := newEngine(t)
			id := e.topic("t", 1)[0]
			require.NoError(t, e.append(id, testBatch(t, nil, "v")).Err)
			require.NoError(t, e.Check(t.Context()))
			mend := c.spoil(e, e.partitionOf(id))
			err := e.checkViews()
			require.ErrorContains(t, err, c.says)
			mend()
			require.NoError(t, e.Check(t.Context()), "mended")
		})
	}
}
