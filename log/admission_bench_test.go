package log

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/objstore/dir"
)

// What one of each thing that is bounded costs in memory: the defaults of the limits follow from it.
func BenchmarkStateBytes(b *testing.B) {
	const n = 50_000
	for name, fill := range map[string]func(e *engine, p []PartitionID){
		"topic": func(e *engine, _ []PartitionID) {
			specs := make([]TopicSpec, n)
			for i := range specs {
				specs[i] = TopicSpec{Name: fmt.Sprintf("a-topic-with-an-ordinary-name-%d", i), Partitions: 1}
			}
			for _, r := range e.CreateTopicsPaced(b.Context(), specs) {
				require.NoError(b, r.Err)
			}
		},
		"partition": func(e *engine, _ []PartitionID) {
			specs := make([]TopicSpec, n/1000)
			for i := range specs {
				specs[i] = TopicSpec{Name: fmt.Sprintf("topic-%d", i), Partitions: 1000}
			}
			for _, r := range e.CreateTopicsPaced(b.Context(), specs) {
				require.NoError(b, r.Err)
			}
		},
		"group": func(e *engine, p []PartitionID) {
			var all []*Pending[[]error]
			for i := range n {
				all = append(all, e.CommitOffsets(fmt.Sprintf("a-group-with-an-ordinary-name-%d", i), []OffsetCommit{{Partition: p[0]}}))
			}
			for _, pending := range all {
				require.NoError(b, outcome(b, pending)[0])
			}
		},
		"offset": func(e *engine, p []PartitionID) {
			for i := range n / len(p) {
				commits := make([]OffsetCommit, len(p))
				for k := range commits {
					commits[k].Partition = p[k]
				}
				require.NoError(b, outcome(b, e.CommitOffsets(fmt.Sprintf("group-%d", i), commits))[0])
			}
		},
		"producer": func(e *engine, p []PartitionID) {
			reqs := make([]AppendRequest, n)
			for i := range reqs {
				reqs[i] = AppendRequest{Partition: p[i%len(p)], Records: testBatch(b, &record.Sequence{ProducerID: int64(i + 1)}, "v")}
			}
			pending, err := e.Append(b.Context(), reqs)
			require.NoError(b, err)
			outcome(b, pending)
		},
		"producer-name": func(e *engine, _ []PartitionID) {
			for i := range n / 50 { // each waits for its commit
				_, err := e.ProducerID(b.Context(), fmt.Sprintf("a-producer-with-an-ordinary-name-%d", i))
				require.NoError(b, err)
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			count := n
			if name == "producer-name" {
				count /= 50
			}
			for b.Loop() {
				store, err := dir.Open(b.TempDir())
				require.NoError(b, err)
				e := openEngine(b, store, func(o *Options) { o.PartitionChangeRate, o.TailBytes = 1_000_000, 1 })
				p := e.topic("t", 1000)
				before := heapBytes()
				fill(e, p)
				require.NoError(b, e.Close(b.Context()))
				b.ReportMetric(float64(heapBytes()-before)/float64(count), "B/"+name)
				runtime.KeepAlive(e)
			}
		})
	}
}

// heapBytes returns what is reachable.
func heapBytes() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
