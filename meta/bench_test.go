package meta

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wideCommit is a flush over many partitions of one topic, each with an idempotent
// producer's next batch.
func wideCommit(id TopicID, partitions int32, epoch uint32, seq uint64) *Commit {
	c := &Commit{Epoch: epoch, Seq: seq, Time: 1_700_000_000_000 + int64(seq)*250, Size: 1 << 40}
	for i := range partitions {
		c.Entries = append(c.Entries, &Append{Partition: at(id, i), Pos: int64(i) * 1000, Len: 1000, Batches: []Batch{
			{Len: 4000, Offsets: 10, MaxTimestamp: c.Time, ProducerID: int64(i % 50), BaseSequence: int32(seq-2) * 10},
		}})
	}
	return c
}

// wideState has one topic.
func wideState(b testing.TB, partitions int32) (*State, TopicID) {
	s, id := NewState(), TopicID{7}
	_, err := s.Apply(&Commit{Seq: 1, Time: 1_700_000_000_000, Entries: []Entry{&CreateTopic{ID: id, Name: "wide", Partitions: partitions}}})
	require.NoError(b, err)
	return s, id
}

func BenchmarkEncodeCommit(b *testing.B) {
	c := wideCommit(TopicID{7}, 1000, 0, 2)
	buf := AppendCommit(nil, c)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendCommit(buf[:0], c)
	}
}

func BenchmarkDecodeCommit(b *testing.B) {
	raw := AppendCommit(nil, wideCommit(TopicID{7}, 1000, 0, 2))
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeCommit(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApply applies commits over 1,000 partitions; every second's worth of them
// (4) the changes are taken, outside the measured time.
func BenchmarkApply(b *testing.B) {
	s, id := wideState(b, 1000)
	s.collect()
	c := wideCommit(id, 1000, 0, 2)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Apply(c); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if s.Seq%4 == 0 {
			s.TakeChanges()
		}
		c = wideCommit(id, 1000, 0, s.Seq+1)
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/partition")
}

// BenchmarkTakeChanges takes what four commits over 1,000 partitions changed.
func BenchmarkTakeChanges(b *testing.B) {
	s, id := wideState(b, 1000)
	s.collect()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for range 4 {
			if _, err := s.Apply(wideCommit(id, 1000, 0, s.Seq+1)); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		s.TakeChanges()
	}
}

// BenchmarkApplyInSteps applies commits over 100,000 partitions as the engine does, and reports
// how long readers wait for the longest step, of all and of 99 of 100.
func BenchmarkApplyInSteps(b *testing.B) {
	s, id := wideState(b, 100_000)
	s.collect()
	var held []time.Duration
	for b.Loop() {
		b.StopTimer()
		s.TakeChanges()
		c := wideCommit(id, 100_000, 0, s.Seq+1)
		b.StartTimer()
		a, err := s.Begin(c)
		require.NoError(b, err)
		for done := false; !done; {
			start := time.Now()
			done = a.Step(500)
			held = append(held, time.Since(start))
		}
	}
	slices.Sort(held)
	b.ReportMetric(float64(held[len(held)*99/100].Microseconds()), "p99-µs/step")
	b.ReportMetric(float64(held[len(held)-1].Microseconds()), "max-µs/step")
}

// BenchmarkTakeManyChanges takes what a commit over 100,000 partitions changed, during
// which commits wait, and encodes it, during which nobody does.
func BenchmarkTakeManyChanges(b *testing.B) {
	s, id := wideState(b, 100_000)
	s.collect()
	encode := time.Duration(0)
	for b.Loop() {
		b.StopTimer()
		_, err := s.Apply(wideCommit(id, 100_000, 0, s.Seq+1))
		require.NoError(b, err)
		b.StartTimer()
		c := s.TakeChanges()
		b.StopTimer()
		start := time.Now()
		c.encode()
		encode += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(float64(encode.Milliseconds())/float64(b.N), "ms-encode/op")
}

// BenchmarkWriteNewKeys writes 100,000 offsets of groups with random names in one transaction.
func BenchmarkWriteNewKeys(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		var d testDB
		d.open(b)
		s, id := wideState(b, 1)
		d.save(b, s)
		r := rand.New(rand.NewPCG(1, 2))
		c := &Commit{Seq: s.Seq + 1}
		for range 100_000 {
			c.Entries = append(c.Entries, &CommitOffsets{Group: fmt.Sprintf("%x", r.Uint64()), Offsets: []CommitOffset{{Partition: at(id, 0)}}})
		}
		_, err := s.Apply(c)
		require.NoError(b, err)
		changes := s.TakeChanges()
		b.StartTimer()
		require.NoError(b, d.Write(changes))
	}
}

// BenchmarkRewrite writes a state of 10,000 partitions and 1,000,000 extents anew.
func BenchmarkRewrite(b *testing.B) {
	s, id := wideState(b, 10_000)
	for range 100 {
		_, err := s.Apply(wideCommit(id, 10_000, 0, s.Seq+1))
		require.NoError(b, err)
	}
	var d testDB
	d.open(b)
	for b.Loop() {
		require.NoError(b, d.Rewrite(b.Context(), s, new(sync.Mutex), new(sync.Mutex)))
	}
}

// BenchmarkWrite writes what four commits over 1,000 partitions changed, with fsync.
func BenchmarkWrite(b *testing.B) {
	var d testDB
	d.open(b)
	s, id := wideState(b, 1000)
	d.save(b, s)
	d.bolt.NoSync = false
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for range 4 {
			if _, err := s.Apply(wideCommit(id, 1000, 0, s.Seq+1)); err != nil {
				b.Fatal(err)
			}
		}
		c := s.TakeChanges()
		b.StartTimer()
		if err := d.Write(c); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenAndLoad starts from a file of 10,000 partitions and 1,000,000 extents in
// 1,000 segments.
func BenchmarkOpenAndLoad(b *testing.B) {
	var d testDB
	d.open(b)
	s, id := wideState(b, 10_000)
	for range 100 {
		for i := range 10 {
			c := wideCommit(id, 10_000, 0, s.Seq+1)
			c.Entries = c.Entries[i*1000 : (i+1)*1000]
			for _, e := range c.Entries {
				e.(*Append).Batches[0].ProducerID = -1
			}
			if _, err := s.Apply(c); err != nil {
				b.Fatal(err)
			}
		}
		d.save(b, s)
	}
	require.NoError(b, d.Close())
	b.ReportAllocs()
	for b.Loop() {
		db, err := OpenDB(d.path)
		require.NoError(b, err)
		loaded, err := db.Load()
		require.NoError(b, err)
		require.Len(b, loaded.segments, 1000)
		require.NoError(b, db.Close())
	}
	b.StopTimer()
	d.open(b)
	require.Empty(b, s.Diff(d.load(b)))
}

// BenchmarkIdleMemory reports what 10,000 partitions without data weigh.
func BenchmarkIdleMemory(b *testing.B) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for b.Loop() {
		before := heap()
		s := NewState()
		for i := range 100 {
			_, err := s.Apply(&Commit{Seq: s.Seq + 1, Entries: []Entry{&CreateTopic{ID: TopicID{byte(i)}, Name: fmt.Sprint(i), Partitions: 100}}})
			require.NoError(b, err)
		}
		b.ReportMetric(float64(heap()-before)/10_000, "B/partition")
		runtime.KeepAlive(s)
	}
}
