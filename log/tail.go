package log

import (
	"sort"

	"streamhouse/log/record"
)

// tail keeps the newest batches of all partitions in memory, so that a consumer
// that keeps up never touches the object store. It is filled by commits only: a reader
// that lags cannot push it out. What has been in it longest goes first.
//
// The log's stateMu guards it: add, dropAll and evict need it held for writing, from for reading.
type tail struct {
	limit int64
	bytes int64
	queue deque[tailEntry] // in commit order, over all partitions
	dead  int              // entries of the queue whose partition is gone
}

// tailEntry says that a partition's oldest batch in the tail is the next to go.
type tailEntry struct {
	partition *partition
	size      int64
}

// tailBatch is one batch with its final offsets in its bytes.
type tailBatch struct {
	base int64
	data record.Batch
}

// add takes a batch in. One of a partition that is gone is not for any reader: a topic may be
// written and deleted by one commit, and nothing would ever take its bytes off again.
func (t *tail) add(p *partition, base int64, b record.Batch) {
	if p.gone {
		return
	}
	p.tail.push(tailBatch{base, b})
	t.queue.push(tailEntry{p, int64(len(b))})
	t.bytes += int64(len(b))
	for t.bytes > t.limit {
		t.evict()
	}
}

func (t *tail) evict() {
	e := t.queue.pop()
	if e.partition.gone {
		t.dead-- // dropAll has counted its bytes
		return
	}
	e.partition.tail.pop()
	t.bytes -= e.size
}

// dropAll forgets a partition whose topic was deleted.
func (t *tail) dropAll(p *partition) {
	t.dead += p.tail.len()
	for p.tail.len() > 0 {
		t.bytes -= int64(len(p.tail.pop().data))
	}
	p.gone = true
	if t.dead > minDead && t.dead > t.queue.len()/2 {
		t.sweep()
	}
}

// minDead is how many dead entries are not worth a sweep.
const minDead = 256

// sweep takes the dead entries out of the queue. Their bytes are given back already, so no eviction would ever
// come to them where topics are made, written and deleted all the time.
func (t *tail) sweep() {
	for range t.queue.len() {
		if e := t.queue.pop(); !e.partition.gone {
			t.queue.push(e)
		}
	}
	t.dead = 0
}

// from returns the index of the batch that holds offset in the partition's
// tail, or -1 where the tail begins later. The batches of a tail follow each
// other without a gap.
func (p *partition) from(offset int64) int {
	n := p.tail.len()
	if n == 0 || p.tail.at(0).base > offset {
		return -1
	}
	return sort.Search(n, func(i int) bool { return p.tail.at(i).base > offset }) - 1
}

// deque is a queue in a ring that grows as needed and shrinks when it has become far too large.
type deque[T any] struct {
	ring  []T
	head  int
	count int
}

func (d *deque[T]) len() int    { return d.count }
func (d *deque[T]) at(i int) *T { return &d.ring[(d.head+i)&(len(d.ring)-1)] }

func (d *deque[T]) push(v T) {
	if d.count == len(d.ring) {
		d.resize(max(4, 2*len(d.ring)))
	}
	d.count++
	*d.at(d.count - 1) = v
}

// pop removes the oldest. The deque must not be empty.
func (d *deque[T]) pop() T {
	var none T
	v := *d.at(0)
	*d.at(0) = none
	d.head = (d.head + 1) & (len(d.ring) - 1)
	if d.count--; d.count == 0 {
		d.ring, d.head = nil, 0
	} else if len(d.ring) > 64 && d.count < len(d.ring)/8 {
		d.resize(len(d.ring) / 4)
	}
	return v
}

// resize keeps the ring's length a power of two.
func (d *deque[T]) resize(n int) {
	ring := make([]T, n)
	for i := range d.count {
		ring[i] = *d.at(i)
	}
	d.ring, d.head = ring, 0
}
