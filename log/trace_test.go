package log

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file in testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

// TestTrace pins what each operation costs at the store: testdata/trace.txt
// lists every call, so that a change in cost is a change of a line. Calls of one operation
// may run side by side: they stand there sorted, and those that differ in nothing
// but the sequence number are counted.
func TestTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		flaky := faulty.New(mem.New(), 1)
		trace := objstore.NewTrace(flaky)
		var out strings.Builder
		step := func(title string, do func()) {
			trace.Reset()
			do()
			synctest.Wait()
			fmt.Fprintf(&out, "# %s\n%s\n", title, traceLines(trace))
		}

		var e *engine
		step("open an empty bucket", func() {
			e = openEngine(t, trace, func(o *Options) {
				o.FlushInterval = 250 * time.Millisecond
				o.FenceInterval = 3001 * time.Millisecond // never at the moment of a flush
				o.TailBytes = 1 << 20
			})
		})
		var wide, one []PartitionID
		step("create a topic of 1,000 partitions", func() { wide = e.topic("wide", 1000) })
		one = e.topic("one", 1)
		time.Sleep(time.Second)
		require.NoError(t, e.append(one[0], testBatch(t, nil, "begins an interval")).Err)
		step("produce to 1,000 partitions and commit a group's offset, within one flush interval", func() {
			reqs := make([]AppendRequest, len(wide))
			for i, p := range wide {
				reqs[i] = AppendRequest{Partition: p, Records: testBatch(t, nil, numbers(0, 3)...)}
			}
			pending, err := e.Append(t.Context(), reqs)
			require.NoError(t, err)
			offsets := e.CommitOffsets("group", []OffsetCommit{{Partition: wide[0], Offset: 1}})
			_, err = pending.Wait(t.Context())
			require.NoError(t, err)
			_, err = offsets.Wait(t.Context())
			require.NoError(t, err)
		})
		time.Sleep(time.Second)
		step("ten appends one after the other, each answered before the next", func() {
			for i := range 10 {
				require.NoError(t, e.append(one[0], testBatch(t, nil, fmt.Sprint(i))).Err)
			}
		})
		time.Sleep(time.Second)
		step("ten appends within one flush interval", func() {
			var waits []*Pending[[]AppendResult]
			for i := range 10 {
				p, err := e.Append(t.Context(), []AppendRequest{{Partition: one[0], Records: testBatch(t, nil, fmt.Sprint(i))}})
				require.NoError(t, err)
				waits = append(waits, p)
				time.Sleep(10 * time.Millisecond)
			}
			for _, p := range waits {
				_, err := p.Wait(t.Context())
				require.NoError(t, err)
			}
		})
		step("read by a consumer that keeps up", func() { require.Len(t, e.values(one[0], 0), 21) })
		time.Sleep(time.Second)
		step("append while the store fails twice", func() {
			flaky.Break(faulty.Fault{Ops: objstore.OpPut, Times: 2, Do: faulty.FailBefore(errors.New("no answer"))})
			require.NoError(t, e.append(one[0], testBatch(t, nil, "late")).Err)
			flaky.Mend()
		})
		time.Sleep(time.Second)
		step("append whose PUT is carried out though its answer is lost", func() {
			flaky.Break(faulty.Fault{Ops: objstore.OpPut, Times: 1, Do: faulty.FailAfter(errors.New("answer lost"))})
			require.NoError(t, e.append(one[0], testBatch(t, nil, "there")).Err)
			flaky.Mend()
		})
		step("idle for a minute", func() { time.Sleep(time.Minute) })
		step("close", func() { require.NoError(t, e.Close(t.Context())) })
		step("open with the metadata file", e.open)
		step("read one small partition that no memory holds", func() { require.Len(t, e.values(wide[7], 0), 3) })
		step("read its neighbours in the segment, too", func() { require.Len(t, e.values(wide[8], 0), 3) })
		step("read them again", func() {
			require.Len(t, e.values(wide[7], 0), 3)
			require.Len(t, e.values(wide[8], 0), 3)
		})
		e.reopen()
		step("read all 1,000 partitions at once", func() {
			all := len(wide) * len(testBatch(t, nil, numbers(0, 3)...))
			reads := make([]ReadRequest, len(wide))
			for i, p := range wide {
				reads[i] = ReadRequest{Partition: p, MaxBytes: 1 << 20, LeaderEpoch: -1}
			}
			for _, r := range e.Read(t.Context(), reads, ReadOptions{MaxBytes: 1 << 30, MinBytes: all, MaxWait: time.Minute}) {
				require.NoError(t, r.Err)
				require.NotZero(t, r.Bytes)
			}
		})
		step("look an offset up by time", func() {
			_, err := e.OffsetForTime(t.Context(), one[0], time.Now().UnixMilli()-3600_000)
			require.NoError(t, err)
		})
		big := e.topic("big", 1)
		for i := range 32 {
			require.NoError(t, e.append(big[0], testBatch(t, nil, string(noise(t, i, 500<<10)))).Err)
		}
		e.reopen()
		step("scan 16 MiB in 32 segments from the start", func() { require.Len(t, e.values(big[0], 0), 32) })
		require.NoError(t, e.Close(t.Context()))
		require.NoError(t, os.Remove(e.o.MetadataPath))
		step("open without the metadata file", e.open)
		var other *engine
		step("a second broker takes over", func() { other = openEngine(t, trace) })
		step("the first one notices within its fence interval", func() {
			<-e.Stopped()
			require.ErrorIs(t, e.Err(), ErrFenced)
		})
		require.NoError(t, e.Close(t.Context()))
		require.NoError(t, other.Close(t.Context()))
		golden(t, "trace.txt", []byte(out.String()))
	})
}

var (
	probeKey = regexp.MustCompile(`probe/\S+`)
	sequence = regexp.MustCompile(`/\d{20}`)
	epoch    = regexp.MustCompile(`journal/0*(\d+)`)
)

// traceLines are the calls, sorted and counted, without what is random.
func traceLines(trace *objstore.Trace) string {
	counts := make(map[string]int)
	for _, c := range trace.Calls() {
		line := probeKey.ReplaceAllString(c.String(), "probe/<id>")
		line = sequence.ReplaceAllString(epoch.ReplaceAllString(line, "journal/$1"), "/<seq>")
		counts[line]++
	}
	if len(counts) == 0 {
		return "none\n"
	}
	var lines strings.Builder
	for _, line := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&lines, "%d × %s\n", counts[line], line)
	}
	return lines.String()
}

// noise returns bytes that do not compress, always the same.
func noise(t testing.TB, seed, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	_, err := rand.NewChaCha8([32]byte{byte(seed)}).Read(b)
	require.NoError(t, err)
	return b
}
