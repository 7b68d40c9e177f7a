package log

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// end is where a partition's log ends.
func (e *engine) end(p PartitionID) int64 {
	e.t.Helper()
	b, err := e.Bounds(p)
	require.NoError(e.t, err)
	return b.HighWatermark
}

func put16(at int, v int) func(record.Batch) {
	return func(b record.Batch) { binary.BigEndian.PutUint16(b[at:], uint16(v)) }
}

func put32(at int, v int) func(record.Batch) {
	return func(b record.Batch) { binary.BigEndian.PutUint32(b[at:], uint32(v)) }
}

func put64(at int, v int64) func(record.Batch) {
	return func(b record.Batch) { binary.BigEndian.PutUint64(b[at:], uint64(v)) }
}

// reseal renews the checksum of a batch whose bytes were changed.
func reseal(b record.Batch) record.Batch {
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// Every way in which a batch can be wrong, and the error that tells the producer's client which. The
// request beside it goes through, and the log holds nothing of the bad one.
func TestAppendRefuses(t *testing.T) {
	e := newEngine(t)
	parts := e.topic("t", 2)
	whole := func(change func(record.Batch)) []byte {
		b := record.Batch(testBatch(t, &record.Sequence{ProducerID: 7}, "a", "b"))
		change(b)
		return b
	}
	sealed := func(changes ...func(record.Batch)) []byte {
		return whole(func(b record.Batch) {
			for _, c := range changes {
				c(b)
			}
			reseal(b)
		})
	}
	good := testBatch(t, nil, "a", "b")
	set := func(at int, v byte) func(record.Batch) { return func(b record.Batch) { b[at] = v } }
	for what, c := range map[string]struct {
		records []byte
		want    error
	}{
		"nothing":                          {nil, ErrInvalidRecord},
		"one byte":                         {good[:1], ErrInvalidRecord},
		"up to the magic":                  {good[:16], ErrInvalidRecord},
		"a piece of a header":              {good[:record.HeaderLen-1], ErrInvalidRecord},
		"a header alone":                   {good[:record.HeaderLen], ErrInvalidRecord},
		"one byte too few":                 {good[:len(good)-1], ErrInvalidRecord},
		"no batch behind it":               {append(slices.Clone(good), make([]byte, 26)...), ErrCorruptBatch},
		"another batch behind it":          {append(slices.Clone(good), good...), ErrInvalidRecord},
		"a base offset":                    {sealed(put64(0, 1)), ErrInvalidRecord},
		"a record that is cut off":         {sealed(set(record.HeaderLen, 100)), ErrInvalidRecord},
		"offset deltas 0 and 0":            {sealed(set(record.HeaderLen+7+4, 0)), ErrInvalidRecord},
		"gzip that is none":                {sealed(put16(21, 1)), ErrInvalidRecord},
		"magic 0":                          {whole(set(16, 0)), ErrUnsupportedBatch},
		"magic 1":                          {whole(set(16, 1)), ErrUnsupportedBatch},
		"magic 1, shorter than our header": {whole(set(16, 1))[:34], ErrInvalidRecord},
		"magic 3":                          {whole(set(16, 3)), ErrCorruptBatch},
		"length 0":                         {whole(put32(8, 0)), ErrCorruptBatch},
		"length less than a header":        {whole(put32(8, record.HeaderLen-12-1)), ErrCorruptBatch},
		"length negative":                  {whole(put32(8, -1)), ErrCorruptBatch},
		"length enormous":                  {whole(put32(8, 1<<31-1)), ErrInvalidRecord},
		"checksum":                         {whole(put32(17, 1)), ErrCorruptBatch},
		"a bit of a record":                {whole(func(b record.Batch) { b[len(b)-3] ^= 1 }), ErrCorruptBatch},
		"no records":                       {sealed(put32(57, 0), put32(23, -1)), ErrInvalidRecord},
		"fewer than no records":            {sealed(put32(57, -2), put32(23, -3)), ErrInvalidRecord},
		"more records than offsets":        {sealed(put32(57, 3)), ErrInvalidRecord},
		"more offsets than records":        {sealed(put32(23, 1<<31-1)), ErrInvalidRecord},
		"a codec that nobody knows":        {sealed(put16(21, 5)), ErrInvalidRecord},
		"control batch":                    {sealed(put16(21, 0x20)), ErrInvalidRecord},
		"transactional":                    {sealed(put16(21, 0x10)), ErrTransactional},
		"producer without a sequence":      {sealed(put32(53, -1)), ErrInvalidRecord},
		"too large":                        {testBatch(t, nil, strings.Repeat("x", 2<<20)), ErrBatchTooLarge},
	} {
		before, beside := e.end(parts[0]), e.end(parts[1])
		pending, err := e.Append(t.Context(), []AppendRequest{
			{Partition: parts[0], Records: c.records},
			{Partition: parts[1], Records: testBatch(t, nil, "beside")},
		})
		require.NoError(t, err, what)
		res := outcome(t, pending)
		require.ErrorIs(t, res[0].Err, c.want, what)
		require.NoError(t, res[1].Err, what)
		require.Equal(t, beside, res[1].Base, what)
		require.Equal(t, before, e.end(parts[0]), what)
	}
	require.Empty(t, e.values(parts[0], 0))
	require.NoError(t, e.append(parts[0], sealed()).Err, "what none of them has changed is good")
}

// All that is refused costs nothing: no flush, no waiting.
func TestAppendOfNothingGoodIsAnsweredAtOnce(t *testing.T) {
	var flushes atomic.Int64
	e := newEngine(t, func(o *Options) { o.Events.Flushed = func(FlushInfo) { flushes.Add(1) } })
	p := e.topic("t", 1)[0]
	before := flushes.Load()
	pending, err := e.Append(t.Context(), []AppendRequest{{Partition: p}, {Partition: PartitionID{Topic: TopicID{7}}, Records: testBatch(t, nil, "v")}})
	require.NoError(t, err)
	require.Nil(t, pending.flush, "nothing to wait for")
	res := outcome(t, pending)
	require.ErrorIs(t, res[0].Err, ErrInvalidRecord)
	require.ErrorIs(t, res[1].Err, ErrTopicNotFound)
	pending, err = e.Append(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, outcome(t, pending))
	require.Equal(t, before, flushes.Load())
}

// A request that is refused leaves the ones beside it for the same partition alone.
func TestAppendSeveralToAPartition(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	require.NoError(t, e.append(p, testBatch(t, nil, "first")).Err)
	pending, err := e.Append(t.Context(), []AppendRequest{
		{Partition: p, Records: testBatch(t, nil, "a", "b")},
		{Partition: p, Records: testBatch(t, nil, "bad")[:65]},
		{Partition: p, Records: testBatch(t, nil, "c")},
	})
	require.NoError(t, err)
	res := outcome(t, pending)
	require.NoError(t, res[0].Err)
	require.Equal(t, int64(1), res[0].Base)
	require.ErrorIs(t, res[1].Err, ErrInvalidRecord)
	require.NoError(t, res[2].Err)
	require.Equal(t, int64(3), res[2].Base)
	e.everAfter(func(when string) {
		require.Equal(t, []string{"first", "a", "b", "c"}, e.values(p, 0), when)
	})
}

// One flush may hold more of a partition than goes into a block.
func TestAppendMoreThanABlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, func(o *Options) { o.FlushInterval = time.Second })
		p := e.topic("t", 1)[0]
		var reqs []AppendRequest
		var want []string
		for i := range 8 {
			want = append(want, string(noise(t, i, 400<<10)))
			reqs = append(reqs, AppendRequest{Partition: p, Records: testBatch(t, nil, want[i])})
		}
		pending, err := e.Append(t.Context(), reqs)
		require.NoError(t, err)
		for _, res := range outcome(t, pending) {
			require.NoError(t, res.Err)
		}
		require.Equal(t, want, e.values(p, 0))
		e.reopen()
		require.Equal(t, want, e.values(p, 0))
	})
}

// Which refusals say where the log starts is Kafka's: those by the log itself.
func TestAppendErrorsSayWhereTheLogStarts(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	require.NoError(t, e.append(p, testBatch(t, &record.Sequence{ProducerID: 7}, "a", "b")).Err)
	require.NoError(t, outcome(t, e.DeleteRecords([]DeleteSpec{{p, 1}}))[0].Err)
	good := testBatch(t, nil, "a", "b")
	change := func(f func(record.Batch)) []byte {
		b := record.Batch(slices.Clone(good))
		f(b)
		return b
	}
	for what, c := range map[string]struct {
		records  []byte
		logStart int64
	}{
		"good":             {slices.Clone(good), 1},
		"content":          {reseal(change(put32(57, 9))), 1},
		"timestamp":        {mustBatch(t, 0, []record.Record{{Timestamp: time.Now().Add(24 * time.Hour).UnixMilli()}}), 1},
		"sequence":         {testBatch(t, &record.Sequence{ProducerID: 7, Base: 9}, "a"), 1},
		"checksum":         {change(put32(17, 9)), -1},
		"cut off":          {good[:70], -1},
		"size":             {testBatch(t, nil, strings.Repeat("x", 2<<20)), -1},
		"no such producer": {testBatch(t, &record.Sequence{ProducerID: 9}, "a"), 1},
	} {
		require.Equal(t, c.logStart, e.append(p, c.records).LogStart, what)
	}
}

// What a producer says of its largest timestamp does not matter, whatever the codec: the batch gets the right one,
// and look-ups find it.
func TestAppendCorrectsTheLargestTimestamp(t *testing.T) {
	e := newEngine(t)
	for name, says := range map[string]int{"unset": -1, "zero": 0, "too low": 3, "right": 2000, "too high": 1 << 40} {
		p := e.topic(strings.ReplaceAll(name, " ", "-"), 1)[0]
		b := mustBatch(t, 0, []record.Record{{Timestamp: 1000}, {Timestamp: 2000}, {Timestamp: 1500}})
		b = packed(t, b)
		put64(35, int64(says))(b)
		put16(21, int(b.Attributes())|0x08)(b) // and that it is the broker's
		if says == -1 {
			put16(21, int(b.Attributes())&^0x08)(b) // which Kafka does not take without one
		}
		require.NoError(t, e.append(p, reseal(b)).Err, name)
		e.everAfter(func(when string) {
			read := e.Read(t.Context(), []ReadRequest{{Partition: p, MaxBytes: 1 << 20, LeaderEpoch: -1}}, ReadOptions{MaxBytes: 1 << 20, MinBytes: 1, MaxWait: time.Minute})[0]
			got := record.Batch(bytes.Join(read.Records, nil))
			require.NoError(t, got.Verify())
			require.Equal(t, int64(2000), got.MaxTimestamp(), "%s, %s", name, when)
			at, err := e.OffsetForTime(t.Context(), p, 1200)
			require.NoError(t, err)
			require.Equal(t, OffsetAt{1, 2000, at.LeaderEpoch}, at, "%s, %s", name, when)
			at, err = e.OffsetForTime(t.Context(), p, 2001)
			require.NoError(t, err)
			require.Equal(t, int64(-1), at.Offset, "%s, %s", name, when)
		})
	}
}

// packed compresses a batch's records with gzip.
func packed(t testing.TB, b record.Batch) record.Batch {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b[record.HeaderLen:])
	require.NoError(t, err)
	require.NoError(t, w.Close())
	all := record.Batch(slices.Concat(b[:record.HeaderLen], out.Bytes()))
	put16(21, 1)(all)
	put32(8, len(all)-12)(all)
	return reseal(all)
}

// Where compressed batches are trusted, anything may be in them: look-ups read them and pass over what cannot
// be read; what is not compressed is checked as ever.
func TestTrustCompressed(t *testing.T) {
	e := newEngine(t, func(o *Options) { o.TrustCompressed = true })
	p := e.topic("t", 1, "message.timestamp.after.max.ms", "0")[0]
	b := func(ts ...int64) record.Batch {
		var records []record.Record
		for _, ms := range ts {
			records = append(records, record.Record{Timestamp: ms})
		}
		return mustBatch(t, 0, records)
	}
	poison := packed(t, b(1, 1, 1))
	poison[record.HeaderLen+3] ^= 0xff
	wrong := packed(t, b(3000, 2000))
	put64(35, 7)(wrong)
	appendTime := packed(t, b(5))
	appendTime.SetAppendTime(-1)
	require.NoError(t, e.append(p, b(1000)).Err)
	require.NoError(t, e.append(p, reseal(poison)).Err)
	require.NoError(t, e.append(p, reseal(wrong)).Err)
	require.NoError(t, e.append(p, b(1500)).Err)
	require.ErrorIs(t, e.append(p, appendTime).Err, ErrInvalidTimestamp)
	require.ErrorIs(t, e.append(p, b(1<<45)).Err, ErrInvalidTimestamp)
	require.ErrorIs(t, e.append(p, reseal(b(1)[:record.HeaderLen])).Err, ErrInvalidRecord)
	e.everAfter(func(when string) {
		for ts, want := range map[int64]int64{0: 0, 1001: 4, 2500: 4, 3001: -1} {
			at, err := e.OffsetForTime(t.Context(), p, ts)
			require.NoError(t, err)
			require.Equal(t, want, at.Offset, "%d, %s", ts, when)
		}
		at, err := e.OffsetForMaxTime(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, []int64{4, 3000}, []int64{at.Offset, at.Timestamp}, when)
	})
}

// The broker's time stands in the batches and in the answer; the producer's is gone.
func TestLogAppendTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t)
		p := e.topic("t", 2)
		require.NoError(t, e.alter(ConfigChange{Topic: "t", Set: map[string]string{"message.timestamp.type": "LogAppendTime"}}))
		created := e.topic("created", 1)[0]
		time.Sleep(time.Minute)
		now := time.Now().UnixMilli()
		old := func() []byte {
			return mustBatch(t, 0, []record.Record{{Timestamp: 5}, {Timestamp: 4, Value: []byte("v")}})
		}
		require.EqualValues(t, -1, e.append(created, old()).AppendTime)
		pending, err := e.Append(t.Context(), []AppendRequest{{Partition: p[0], Records: old()}, {Partition: p[0], Records: old()}})
		require.NoError(t, err)
		for _, res := range outcome(t, pending) {
			require.NoError(t, res.Err)
			require.Equal(t, now, res.AppendTime)
		}
		refused := e.append(p[1], old()[:70])
		require.Error(t, refused.Err)
		e.everAfter(func(when string) {
			read := e.Read(t.Context(), []ReadRequest{{Partition: p[0], MaxBytes: 1 << 20, LeaderEpoch: -1}}, ReadOptions{MaxBytes: 1 << 20, MinBytes: 1, MaxWait: time.Minute})[0]
			records := collect(t, read.Records, 0)
			require.Len(t, records, 4, when)
			for _, r := range records {
				require.Equal(t, now, r.Timestamp, when)
			}
			at, err := e.OffsetForTime(t.Context(), p[0], now)
			require.NoError(t, err)
			require.Equal(t, int64(0), at.Offset, when)
		})
	})
}

// fill makes the store hang and appends until no more than room bytes are left.
func fill(e *engine, store *faulty.Store, p PartitionID, room int64) *faulty.Rule {
	e.t.Helper()
	outage := store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
	for e.o.MaxUnflushedBytes-e.Stats().UnflushedBytes > room {
		e.start(p, testBatch(e.t, nil, strings.Repeat("x", 100)))
		synctest.Wait()
	}
	return outage
}

// While too much is not yet durable Append blocks: until there is room, or its caller has
// enough. Then it has taken nothing.
func TestBackPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store, func(o *Options) { o.FlushBytes, o.MaxUnflushedBytes = 500, 1000 })
		p := e.topic("t", 1)[0]
		outage := fill(e, store, p, 200)
		full := e.Stats().UnflushedBytes
		large := func() []AppendRequest {
			return []AppendRequest{{Partition: p, Records: testBatch(t, nil, strings.Repeat("y", 300))}}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := e.Append(ctx, large())
		require.ErrorIs(t, err, ErrTimeout)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(start))
		require.Equal(t, full, e.Stats().UnflushedBytes, "nothing of it was taken")

		done := make(chan AppendResult)
		go func() {
			pending, err := e.Append(t.Context(), large())
			if err != nil {
				done <- AppendResult{Err: err}
				return
			}
			done <- outcome(t, pending)[0]
		}()
		synctest.Wait()
		require.Equal(t, full, e.Stats().UnflushedBytes, "it waits for room")
		end := e.end(p)
		outage.Mend()
		res := <-done
		require.NoError(t, res.Err)
		require.Greater(t, res.Base, end)
		require.Equal(t, res.Base+1, e.end(p), "the one that gave up is not there")
		synctest.Wait()
		require.Zero(t, e.Stats().UnflushedBytes)
	})
}

// One request may be larger than all that may wait: it then waits alone.
func TestAppendLargerThanAllRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		e := openEngine(t, store, func(o *Options) { o.FlushBytes, o.MaxUnflushedBytes = 500, 1000 })
		p := e.topic("t", 1)[0]
		outage := store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		giant := e.start(p, testBatch(t, nil, strings.Repeat("x", 5000)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := e.Append(ctx, []AppendRequest{{Partition: p, Records: testBatch(t, nil, "v")}})
		require.ErrorIs(t, err, ErrTimeout)
		outage.Mend()
		require.NoError(t, outcome(t, giant)[0].Err)
		require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
	})
}

// A flush that is not full, but leaves no room for the next batch, is sealed at once: its interval may be long.
func TestBackPressureSealsTheOpenFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, func(o *Options) {
			o.FlushBytes, o.MaxUnflushedBytes, o.MaxInFlight, o.FlushInterval = 1000, 1000, 1, 4*time.Minute
		})
		p := e.topic("t", 1)[0]
		start := time.Now()
		batch := testBatch(t, nil, strings.Repeat("x", 400))
		require.Less(t, 2*len(batch), 1000)
		require.Greater(t, 3*len(batch), 1000)
		var all []*Pending[[]AppendResult]
		for range 9 {
			all = append(all, e.start(p, slices.Clone(batch)))
		}
		require.Zero(t, time.Since(start), "nobody has waited for the interval to get room")
		for _, pending := range all {
			require.NoError(t, outcome(t, pending)[0].Err)
		}
		require.Equal(t, 4*time.Minute, time.Since(start), "the last flush has, since nobody waits behind it")
		require.Zero(t, e.wantRoom)
	})
}

// Who waits for room in a log that stops is told so: there will be none.
func TestBackPressureEndsWithTheLog(t *testing.T) {
	for what, want := range map[string]error{"fenced": ErrFenced, "closed": ErrClosed} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mem := mem.New()
				store := faulty.New(mem, 1)
				e := openEngine(t, store, func(o *Options) { o.FlushBytes, o.MaxUnflushedBytes, o.MaxInFlight = 500, 1000, 1 })
				p := e.topic("t", 1)[0]
				outage := store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
				small := e.start(p, testBatch(t, nil, "in flight"))
				synctest.Wait()
				open := e.start(p, testBatch(t, nil, strings.Repeat("y", 700)))
				refused := make(chan error)
				go func() {
					_, err := e.Append(context.Background(), []AppendRequest{{Partition: p, Records: testBatch(t, nil, strings.Repeat("z", 700))}})
					refused <- err
				}()
				synctest.Wait()
				if want == ErrFenced {
					openEngine(t, mem)
					outage.Mend()
				} else {
					ended, cancel := context.WithCancel(t.Context())
					cancel()
					require.ErrorIs(t, e.Close(ended), context.Canceled)
				}
				require.ErrorIs(t, <-refused, want)
				for _, pending := range []*Pending[[]AppendResult]{small, open} {
					_, err := pending.Wait(t.Context())
					require.ErrorIs(t, err, want)
				}
			})
		})
	}
}

// The order of one caller's batches is the order of its calls, whatever becomes of the PUTs.
func TestAppendsOfOneCallerKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 7)
		e := openEngine(t, store, func(o *Options) { o.FlushBytes, o.MaxInFlight = 1, MaxPipeline })
		p := e.topic("t", 1)[0]
		store.Break(faulty.Fault{Ops: objstore.OpPut, Chance: 0.4, Do: faulty.FailBefore(errNet)})
		store.Break(faulty.Fault{Ops: objstore.OpPut, Chance: 0.4, Do: faulty.Slow(50 * time.Millisecond)})
		var waits []*Pending[[]AppendResult]
		for i, v := range numbers(0, 100) {
			waits = append(waits, e.start(p, testBatch(t, &record.Sequence{ProducerID: 7, Base: int32(i)}, v)))
		}
		for i, pending := range waits {
			res := outcome(t, pending)[0]
			require.NoError(t, res.Err)
			require.Equal(t, int64(i), res.Base)
		}
		require.Equal(t, numbers(0, 100), e.values(p, 0))
	})
}

func FuzzBatch(f *testing.F) {
	b, err := record.AppendBatch(nil, []record.Record{{Value: []byte("v")}}, nil)
	require.NoError(f, err)
	f.Add(b)
	f.Add(b[:40])
	settings := topicSettings{maxMessageBytes: 1 << 20, logAppendTime: true}
	f.Fuzz(func(t *testing.T, records []byte) {
		a := appending{settings: settings}
		b, err := record.Sent(slices.Clone(records))
		if err != nil || a.check(b, 1, false) != nil {
			return
		}
		require.NoError(t, b.Verify(), "what was taken is still right after it got its time")
		require.NoError(t, record.Decode([][]byte{b}, 0, func(record.Record) bool { return true }))
	})
}
