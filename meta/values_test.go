package meta

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// step finds how the pairs of a bucket are read.
func (l *loader) step(t testing.TB, b bucket) func(key, value *reader) {
	for _, step := range l.steps() {
		if step.bucket == b {
			return step.read
		}
	}
	t.Fatalf("nothing reads bucket %s", buckets[b])
	return nil
}

// surroundings is what the pairs of a file refer to.
func surroundings(t testing.TB) *loader {
	j := newJournal(t)
	j.one(&CreateTopic{ID: TopicID{1}, Name: "known", Partitions: 2})
	j.append(at(TopicID{1}, 0), plain(1))
	j.state.Partition(at(TopicID{1}, 0)).Epochs = nil // a partition is read once, into an empty one
	return &loader{State: j.state, last: &Partition{}}
}

// FuzzValues reads a pair of any bucket: it is refused, or what was read encodes to the
// same pair.
func FuzzValues(f *testing.F) {
	d := testDB{path: filled(f)}
	d.open(f)
	require.NoError(f, d.bolt.View(func(tx *bbolt.Tx) error {
		for b, name := range buckets {
			k, v := tx.Bucket([]byte(name)).Cursor().First()
			f.Add(uint8(b), k, v)
		}
		return nil
	}))
	known := appendPartitionKey(nil, at(TopicID{1}, 1))
	f.Add(uint8(inPartitions), known, []byte{5, 9, 1, 2, 5})
	f.Add(uint8(inExtents), append(known, make([]byte, 8)...), []byte{1, 2, 0, 1, 0, 1, 0})
	f.Add(uint8(inProducers), append(known, make([]byte, 8)...), []byte{0, 0, 1, 0, 0, 0, 0})
	f.Add(uint8(inOffsets), append([]byte{0, 1, 'g'}, known...), []byte{1, 1, 0, 0})
	f.Fuzz(func(t *testing.T, which uint8, key, value []byte) {
		b := bucket(which) % bucket(len(buckets))
		l := surroundings(t)
		if len(key) == 0 || readPair(&reader{src: key}, &reader{src: value}, l.step(t, b)) != nil {
			return
		}
		l.storeExtents()
		require.Contains(t, l.pairs(b), string(key)+"\x00=\x00"+string(value))
	})
}

// pairs encodes all that a bucket has of a state, with NUL=NUL between key and value.
func (l *loader) pairs(b bucket) (pairs []string) {
	add := func(key []byte, v interface{ appendValue([]byte) []byte }) {
		pairs = append(pairs, string(v.appendValue(append(key, "\x00=\x00"...))))
	}
	for t := range l.Topics() {
		if b == inTopics {
			add(t.ID[:], t)
		}
		for _, p := range t.Partitions {
			if b == inPartitions {
				add(appendPartitionKey(nil, p.ID), p)
			}
			for i := range p.Extents.list {
				if b == inExtents {
					add(appendExtentKey(nil, p.ID, p.Extents.list[i].Base), &p.Extents.list[i])
				}
			}
			for id, w := range p.Producers {
				if b == inProducers {
					add(appendProducerKey(nil, p.ID, id), w)
				}
			}
		}
	}
	for i := range l.segments {
		if b == inSegments {
			add(appendSegmentKey(nil, l.segments[i].ID), &l.segments[i])
		}
	}
	for group := range l.Groups() {
		for p, o := range l.GroupOffsets(group) {
			if b == inOffsets {
				add(appendOffsetKey(nil, offsetKey{group, p}), &o)
			}
		}
	}
	for name, n := range l.names {
		if b == inNames {
			add([]byte(name), n)
		}
	}
	return pairs
}

// FuzzPosition reads the one value that says what a file holds.
func FuzzPosition(f *testing.F) {
	f.Add(NewState().appendPosition(nil))
	f.Add([]byte{fileVersion + 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := NewState()
		if s.readPosition(&reader{src: raw}) == nil {
			again := s.appendPosition(nil)
			require.Equal(t, byte(fileVersion), again[0], "an older version is written as the newest")
			require.Equal(t, raw[1:], again[1:])
		}
	})
}

func TestKeyAfter(t *testing.T) {
	require.Equal(t, []byte{1}, keyAfter(TopicID{0: 0, 1: 0xff, 2: 0xff, 3: 0xff, 4: 0xff, 5: 0xff, 6: 0xff, 7: 0xff, 8: 0xff, 9: 0xff, 10: 0xff, 11: 0xff, 12: 0xff, 13: 0xff, 14: 0xff, 15: 0xff}))
	id := TopicID{5}
	require.Equal(t, append(id[:15:15], 1), keyAfter(id))
}
