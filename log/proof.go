package log

import "streamhouse/log/segment"

// An object that is larger than any that the store has taken since the start travels alone: no flush gets a place behind
// it before its place is filled. So a flush that the store refuses for its size has nobody behind it, and its rest takes
// the very next places: what the requests of one producer arrived in is what they are applied in, and a change of state
// is never overtaken by a later one.
//
// This costs little. Of n objects of random sizes about ln(n) are larger than all before them, and those are what the pipeline
// stops for. How large an object becomes is known once it is encoded; while the flush might turn out too large,
// by what it holds, the next one waits for that as well: for some milliseconds, and not for a PUT.
//
// What is left is a store that takes less than it did, while flushes are in flight: see [Log.overtaken].

// freeBytes is the size up to which an object needs no proof that the store takes it. Every store and proxy takes as much; one
// that does not says so once, and from then on that counts.
const freeBytes = 256 << 10

// Of an object beside its batches and changes: at most so much for itself, and for each batch a block's header
// and the largest entry of a commit that has a batch.
const (
	objectOverhead = 512
	batchOverhead  = segment.BlockHeaderLen + 128
)

// mostObjectBytes bounds the object that a flush becomes, before it is encoded.
func (f *flush) mostObjectBytes() int64 {
	return f.size() + int64(len(f.items))*batchOverhead + objectOverhead
}

// soloLocked says that the newest flush in flight bars others from a place behind it.
func (l *Log) soloLocked() bool {
	if len(l.inFlight) == 0 {
		return false
	}
	last := l.inFlight[len(l.inFlight)-1]
	return !last.filled && last.objectBytes > l.provenBytes
}

// encoded notes how large a flush's object has become. It returns how often the store had refused one by then.
func (l *Log) encoded(f *flush) (refusals int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := f.objectBytes
	f.objectBytes = int64(len(f.body))
	if was > l.provenBytes && f.objectBytes <= l.provenBytes {
		l.signal()
	}
	return l.refusals
}

// placeFilled notes that a flush's place is filled. Its object is proof where it was taken since the last refusal.
func (l *Log) placeFilled(f *flush, proof bool, refusals int) {
	l.mu.Lock()
	f.filled = true
	if proof && refusals == l.refusals {
		l.provenBytes = max(l.provenBytes, f.objectBytes)
	}
	l.mu.Unlock()
	l.signal()
}

// disprovedLocked notes that the store has refused an object of so many bytes: how much less it takes, only an object that
// it takes can tell.
func (l *Log) disprovedLocked(bytes int64) {
	l.refusals++
	l.provenBytes = min(l.provenBytes, freeBytes, bytes/2)
}
