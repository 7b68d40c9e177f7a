package log

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/log/segment"
	"streamhouse/objstore"
	"streamhouse/objstore/mem"
)

// engine is a log under test, with what it takes to open it again.
type engine struct {
	*Log
	t     testing.TB
	store objstore.Store
	o     Options
}

// newEngine opens a log on an empty store in memory. When the test ends, the
// log is checked and closed.
func newEngine(t testing.TB, change ...func(*Options)) *engine {
	return openEngine(t, mem.New(), change...)
}

func openEngine(t testing.TB, store objstore.Store, change ...func(*Options)) *engine {
	t.Helper()
	e := &engine{t: t, store: store, o: Options{
		MetadataPath: filepath.Join(t.TempDir(), "metadata.db"),
		Logger:       slog.New(slog.DiscardHandler),
	}}
	for _, c := range change {
		c(&e.o)
	}
	e.open()
	t.Cleanup(e.finish)
	return e
}

func (e *engine) open() {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour) // of fake time, in a bubble
	defer cancel()
	l, err := Open(ctx, e.store, e.o)
	require.NoError(e.t, err)
	e.Log = l
}

// reopen closes the log and opens it again on the same bucket.
func (e *engine) reopen() {
	e.t.Helper()
	require.NoError(e.t, e.Close(context.Background()))
	require.Equal(e.t, claim{}, e.admission.pending, "what was let in was given back, whatever came of it")
	e.open()
}

// crash stops the log as a power cut would: what is under way is not awaited
// and nothing is written any more. The metadata file stays where it was.
func (e *engine) crash() {
	e.stopWork()
	e.file.stopSaving()
	e.workers.Wait()
	e.writers.Wait()
	require.NoError(e.t, e.db.Close())
	require.NoError(e.t, e.cache.Close())
}

func (e *engine) finish() {
	if e.Err() == nil && e.quit.Err() == nil {
		require.NoError(e.t, e.Check(context.Background()))
	}
	if e.quit.Err() == nil {
		require.NoError(e.t, e.Close(context.Background()))
	}
	if e.closed {
		require.Equal(e.t, claim{}, e.admission.pending, "what was let in was given back, whatever came of it")
	}
}

// topic creates a topic and returns its partitions.
func (e *engine) topic(name string, partitions int32, configs ...string) []PartitionID {
	e.t.Helper()
	set := map[string]string{}
	for i := 0; i < len(configs); i += 2 {
		set[configs[i]] = configs[i+1]
	}
	res, err := e.CreateTopics([]TopicSpec{{Name: name, Partitions: partitions, Configs: set}}).Wait(e.t.Context())
	require.NoError(e.t, err)
	require.NoError(e.t, res[0].Err)
	parts := make([]PartitionID, partitions)
	for i := range parts {
		parts[i] = PartitionID{Topic: res[0].Topic.ID, Index: int32(i)}
	}
	return parts
}

// testBatch builds a batch of records that say who they are.
func testBatch(t testing.TB, seq *record.Sequence, values ...string) []byte {
	t.Helper()
	records := make([]record.Record, len(values))
	for i, v := range values {
		records[i] = record.Record{Timestamp: time.Now().UnixMilli(), Value: []byte(v)}
	}
	b, err := record.AppendBatch(nil, records, seq)
	require.NoError(t, err)
	return b
}

// mustBatch builds a batch of records, all offsets from base on.
func mustBatch(t testing.TB, base int64, records []record.Record) record.Batch {
	t.Helper()
	b, err := record.AppendBatch(nil, records, nil)
	require.NoError(t, err)
	record.Batch(b).Patch(base, -1)
	return b
}

// collect returns the records in pieces from an offset on.
func collect(t testing.TB, pieces [][]byte, from int64) (got []record.Record) {
	t.Helper()
	require.NoError(t, record.Decode(pieces, from, func(r record.Record) bool { got = append(got, r); return true }))
	return got
}

func (e *engine) append(p PartitionID, records []byte) AppendResult {
	e.t.Helper()
	pending, err := e.Append(e.t.Context(), []AppendRequest{{Partition: p, Records: records}})
	require.NoError(e.t, err)
	res, err := pending.Wait(e.t.Context())
	require.NoError(e.t, err)
	return res[0]
}

// values reads all records of a partition from an offset on.
func (e *engine) values(p PartitionID, from int64) (values []string) {
	e.t.Helper()
	for {
		res := e.Read(e.t.Context(), []ReadRequest{{Partition: p, Offset: from, MaxBytes: 1 << 20, LeaderEpoch: -1}}, ReadOptions{MaxBytes: 1 << 20, MinBytes: 0, MaxWait: time.Minute})[0]
		require.NoError(e.t, res.Err)
		if res.Bytes == 0 {
			return values
		}
		require.NoError(e.t, record.Decode(res.Records, from, func(r record.Record) bool {
			require.Equal(e.t, from, r.Offset)
			values = append(values, string(r.Value))
			from++
			return true
		}))
	}
}

// outcome waits for a change.
func outcome[T any](t testing.TB, p *Pending[T]) T {
	t.Helper()
	v, err := p.Wait(t.Context())
	require.NoError(t, err)
	return v
}

// everAfter looks at what must hold now, after a crash, after an orderly restart, and on a machine that has nothing but the bucket.
func (e *engine) everAfter(look func(when string)) {
	e.t.Helper()
	look("now")
	e.crash()
	e.open()
	look("after a crash")
	e.reopen()
	look("after a restart")
	require.NoError(e.t, e.Close(context.Background()))
	require.NoError(e.t, os.Remove(e.o.MetadataPath))
	e.open()
	look("from the bucket alone")
}

// nextKey is where the next flush will stand.
func (e *engine) nextKey() string {
	epoch, _, seq := e.places()
	return segment.Key(epoch, seq)
}

func numbers(from, to int) (all []string) {
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("record %d", i))
	}
	return all
}

func TestAppendAndRead(t *testing.T) {
	e := newEngine(t)
	p := e.topic("orders", 2)
	for i := range 10 {
		res := e.append(p[1], testBatch(t, nil, numbers(i*3, i*3+3)...))
		require.NoError(t, res.Err)
		require.Equal(t, int64(i*3), res.Base)
	}
	require.Equal(t, numbers(0, 30), e.values(p[1], 0), "from the tail")
	require.Empty(t, e.values(p[0], 0))
	e.reopen()
	require.Equal(t, numbers(0, 30), e.values(p[1], 0), "from the store")
	require.Equal(t, numbers(7, 30), e.values(p[1], 7), "from inside a batch")
	require.NoError(t, e.append(p[1], testBatch(t, nil, numbers(30, 40)...)).Err)
	require.Equal(t, numbers(0, 40), e.values(p[1], 0), "across the seam of store and tail")
}
