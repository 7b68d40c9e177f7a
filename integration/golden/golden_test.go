package main

import (
	"archive/zip"
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/integration/wire"
	"streamhouse/log"
	"streamhouse/meta"
	"streamhouse/objstore/dir"
)

// update names the bucket whose text is written anew: the one that was just made.
var update = flag.String("update", "", "write what is in this golden bucket to its text")

// What was written once opens for good: to the state and to the bytes that stand in the
// text beside the bucket, whatever there is of a metadata file.
//
// The clock of the test stands before the bucket's, so that nothing in it grows old.
func TestGoldenBuckets(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.zip")
	require.NoError(t, err)
	require.NotEmpty(t, archives)
	for _, archive := range archives {
		name := strings.TrimSuffix(filepath.Base(archive), ".zip")
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var first *meta.State
				for _, metadata := range []string{"", earlyName, lateName} {
					b := unpack(t, archive, metadata)
					state, got := b.describe()
					require.Equal(t, wanted(t, name, got), got, "with the metadata file %q", metadata)
					if first == nil {
						first = state
					}
					require.Empty(t, first.Diff(state), "without a metadata file, and with %q", metadata)
					b.goOn()
				}
			})
		})
	}
}

// wanted returns the text beside a bucket.
func wanted(t *testing.T, name, got string) string {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update == name {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// unpacked is a golden bucket in a folder of its own.
type unpacked struct {
	t      *testing.T
	folder string
}

// unpack unpacks a bucket, with one of its metadata files unless that is "".
func unpack(t *testing.T, archive, metadata string) unpacked {
	t.Helper()
	files, err := zip.OpenReader(archive)
	require.NoError(t, err)
	u := unpacked{t, t.TempDir()}
	require.NoError(t, os.CopyFS(u.folder, files))
	require.NoError(t, files.Close())
	if metadata != "" {
		require.NoError(t, os.Rename(filepath.Join(u.folder, metadata), u.metadata()))
	}
	return u
}

func (u unpacked) metadata() string { return filepath.Join(u.folder, "metadata.db") }

func (u unpacked) open(ctx context.Context) *log.Log {
	u.t.Helper()
	store, err := dir.Open(filepath.Join(u.folder, bucketName))
	require.NoError(u.t, err)
	l, err := log.Open(ctx, store, log.Options{MetadataPath: u.metadata(), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(u.t, err)
	u.t.Cleanup(func() { _ = l.Close(context.Background()) }) // of a test that failed
	return l
}

// describe opens the bucket, checks it, and says all that is in it.
func (u unpacked) describe() (*meta.State, string) {
	u.t.Helper()
	ctx := u.t.Context()
	l := u.open(ctx)
	batches, err := describeBatches(ctx, l)
	require.NoError(u.t, err)
	require.NoError(u.t, l.Check(ctx))
	require.NoError(u.t, l.Close(ctx))
	state, err := loadState(u.metadata())
	require.NoError(u.t, err)

	l = u.open(ctx)
	id, err := l.ReserveProducerID(ctx)
	require.NoError(u.t, err)
	require.NoError(u.t, l.Close(ctx))
	return state, describeState(state) + describeNext(id) + batches
}

// goOn writes to the bucket what brokers and producers would write next, and finds it there when it opens again.
func (u unpacked) goOn() {
	u.t.Helper()
	l := u.open(u.t.Context())
	topic, err := l.Topic("kafka")
	require.NoError(u.t, err)
	p := log.PartitionID{Topic: topic.ID}
	now := time.Now().UnixMilli()
	retried := wire.Batch{Producer: 1, Sequence: 2, BaseTimestamp: now, Records: []wire.Record{{Value: []byte("third")}}}
	first := u.append(l, p, retried)
	require.True(u.t, first.Duplicate, "the program's first producer sends its last batch again")
	require.EqualValues(u.t, 5, first.Base)
	second := u.append(l, p, wire.Plain(now, wire.Record{Value: []byte("of today")}))
	require.False(u.t, second.Duplicate)
	require.NoError(u.t, l.Close(u.t.Context()))

	l = u.open(u.t.Context())
	req := log.ReadRequest{Partition: p, Offset: second.Base, MaxBytes: 1 << 20, LeaderEpoch: -1}
	read := l.Read(u.t.Context(), []log.ReadRequest{req}, log.ReadOptions{MaxBytes: 1 << 20, MinBytes: 1, MaxWait: time.Second})[0]
	require.NoError(u.t, read.Err)
	require.Equal(u.t, second.Base+1, read.HighWatermark)
	require.Positive(u.t, read.Bytes)
	require.NoError(u.t, l.Check(u.t.Context()))
	require.NoError(u.t, l.Close(u.t.Context()))
}

// append appends one batch, which must go well.
func (u unpacked) append(l *log.Log, p log.PartitionID, b wire.Batch) log.AppendResult {
	u.t.Helper()
	pending, err := l.Append(u.t.Context(), []log.AppendRequest{{Partition: p, Records: b.Bytes()}})
	require.NoError(u.t, err)
	results, err := pending.Wait(u.t.Context())
	require.NoError(u.t, err)
	require.NoError(u.t, results[0].Err)
	return results[0]
}
