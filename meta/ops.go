package meta

import (
	"bytes"
	"slices"

	"go.etcd.io/bbolt"
)

// batch is the operations on all buckets.
type batch [len(buckets)]ops

// ops are operations on one bucket: first the ranges go, then the pairs are written in
// the order of their keys. bbolt keeps what a transaction adds to one page in one sorted
// list until it commits: keys in any other order make it move that list each time,
// which is quadratic in keys that are new.
type ops struct {
	ranges [][2][]byte // from, and up to
	pairs  []pairOp
	buf    []byte // keys and values of pairs
}

// pairOp puts a pair or deletes it. Of several with one key the last one counts.
type pairOp struct {
	at       int // of the key in buf; the value is behind it
	keyLen   int32
	valueLen int32 // -1: delete
}

// deleteRange notes that the keys from one up to another go. It keeps both.
func (o *ops) deleteRange(from, to []byte) { o.ranges = append(o.ranges, [2][]byte{from, to}) }

// put notes a pair with the value that appendValue encodes.
func (o *ops) put(key []byte, appendValue func([]byte) []byte) {
	at := len(o.buf)
	o.buf = appendValue(append(o.buf, key...))
	o.pairs = append(o.pairs, pairOp{at, int32(len(key)), int32(len(o.buf) - at - len(key))})
}

func (o *ops) delete(key []byte) {
	o.pairs = append(o.pairs, pairOp{len(o.buf), int32(len(key)), -1})
	o.buf = append(o.buf, key...)
}

func (o *ops) putOrDelete(there bool, key []byte, appendValue func([]byte) []byte) {
	if there {
		o.put(key, appendValue)
	} else {
		o.delete(key)
	}
}

func (o *ops) key(p pairOp) []byte { return o.buf[p.at : p.at+int(p.keyLen)] }

func (o *ops) value(p pairOp) []byte {
	from := p.at + int(p.keyLen)
	return o.buf[from : from+int(p.valueLen)]
}

// sort brings the pairs into the order of their keys; those with equal keys stay as they were.
func (o *ops) sort() {
	order := func(a, b pairOp) int { return bytes.Compare(o.key(a), o.key(b)) }
	if !slices.IsSortedFunc(o.pairs, order) {
		slices.SortStableFunc(o.pairs, order)
	}
}

func (o *ops) reset() { *o = ops{pairs: o.pairs[:0], buf: o.buf[:0]} }

// write does all of it in one transaction.
func (b *batch) write(tx *bbolt.Tx) error {
	for i := range b {
		bolt := tx.Bucket([]byte(buckets[i]))
		if err := b[i].writeRanges(bolt); err != nil {
			return err
		}
		b[i].sort()
		if err := b[i].writePairs(bolt, b[i].pairs); err != nil {
			return err
		}
	}
	return nil
}

func (o *ops) writeRanges(bolt *bbolt.Bucket) error {
	for _, r := range o.ranges {
		if err := deleteRange(bolt, r[0], r[1]); err != nil {
			return err
		}
	}
	return nil
}

func (o *ops) writePairs(bolt *bbolt.Bucket, pairs []pairOp) (err error) {
	for _, p := range pairs {
		if p.valueLen < 0 {
			err = bolt.Delete(o.key(p))
		} else {
			err = bolt.Put(o.key(p), o.value(p))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteRange deletes the keys from one up to another. A cursor that deleted is
// placed anew each time: what it would go on to is not defined. It is placed where it
// was, as the pages in front of it are empty now, and bbolt walks through those.
func deleteRange(b *bbolt.Bucket, from, to []byte) error {
	c := b.Cursor()
	k, _ := c.Seek(from)
	for k != nil && bytes.Compare(k, to) < 0 {
		from = append(from[:0:0], k...)
		if err := c.Delete(); err != nil {
			return err
		}
		k, _ = c.Seek(from)
	}
	return nil
}
