package record

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/stretchr/testify/require"
)

// withPayload replaces what stands behind a batch's header.
func withPayload(b Batch, codec int16, payload []byte) Batch {
	out := append(slices.Clone(b[:HeaderLen]), payload...)
	binary.BigEndian.PutUint16(out[21:], uint16(b.Attributes()&^attrCodec|codec))
	return reseal(out)
}

// Whatever the codec, the largest timestamp is that of the records.
func TestCheckRecordsFindsTheLargestTimestamp(t *testing.T) {
	b := mustBatch(t, 0, sample())
	binary.BigEndian.PutUint64(b[35:], 5) // what the producer says
	all := map[string]Batch{"none": reseal(b)}
	for name, codec := range codecs {
		all[name] = compressed(t, b, codec)
	}
	for name, b := range all {
		for range 3 { // inflaters are used again
			got, err := b.CheckRecords(AnyTime)
			require.NoError(t, err, name)
			require.Equal(t, int64(1_700_000_005_000), got, name)
		}
	}
	for _, ts := range []int64{0, -1, -2, math.MinInt64} {
		got, err := mustBatch(t, 0, []Record{{Timestamp: ts}}).CheckRecords(AnyTime)
		require.NoError(t, err)
		require.Equal(t, max(ts, -1), got)
	}
}

// Every way in which records can be wrong is found, in every codec.
func TestCheckRecordsRefuses(t *testing.T) {
	good := mustBatch(t, 0, sample())
	one := mustBatch(t, 0, sample()[:1])
	field := func(at int, v byte) func(Batch) Batch { return func(b Batch) Batch { b[at] = v; return b } }
	// The first record: its length at 61, attributes, timestamp delta, offset delta at 64, key length at 65, k, value length
	// at 67, v, header count at 69.
	for name, c := range map[string]struct {
		from   Batch
		change func(Batch) Batch
	}{
		"cut off":                     {good, func(b Batch) Batch { return b[:len(b)-1] }},
		"cut off in a number":         {one, func(b Batch) Batch { return b[:HeaderLen+3] }},
		"no bytes at all":             {one, func(b Batch) Batch { return b[:HeaderLen] }},
		"bytes behind":                {good, func(b Batch) Batch { return append(b, 0) }},
		"one record too many":         {good, func(b Batch) Batch { b[60]++; return b }},
		"one too few":                 {good, func(b Batch) Batch { b[60]--; return b }},
		"2^31-1 records":              {good, func(b Batch) Batch { binary.BigEndian.PutUint32(b[57:], math.MaxInt32); return b }},
		"offset delta 4":              {good, field(64, 8)},
		"offset delta 1":              {good, field(64, 2)},
		"offset delta -1":             {good, field(64, 1)},
		"length negative":             {good, field(61, 1)},
		"length 1 more":               {good, func(b Batch) Batch { b[61] += 2; return b }},
		"length 1 less":               {good, func(b Batch) Batch { b[61] -= 2; return b }},
		"key of -2 bytes":             {one, field(65, 3)},
		"key beyond the record":       {one, field(65, 20)},
		"value of -2 bytes":           {one, field(67, 3)},
		"value beyond the record":     {one, field(67, 20)},
		"-1 headers":                  {one, field(69, 1)},
		"a header too many":           {one, field(69, 2)},
		"null header key":             {mustBatch(t, 0, []Record{{Headers: []Header{{Key: ""}}}}), field(68, 1)},
		"header key beyond":           {mustBatch(t, 0, []Record{{Headers: []Header{{Key: ""}}}}), field(68, 8)},
		"header value beyond":         {mustBatch(t, 0, []Record{{Headers: []Header{{Key: ""}}}}), field(69, 8)},
		"header value of -2":          {mustBatch(t, 0, []Record{{Headers: []Header{{Key: ""}}}}), field(69, 3)},
		"a length in too many bytes":  {one, func(b Batch) Batch { return slices.Insert(b, 62, 0) }}, // 0x90 0x00 …, fixed below
		"a number that never ends":    {one, func(b Batch) Batch { return append(b[:HeaderLen], bytes.Repeat([]byte{0xff}, 30)...) }},
		"a length of more than 2^31":  {one, func(b Batch) Batch { return append(b[:HeaderLen], 0xfe, 0xff, 0xff, 0xff, 0x7f, 0, 0) }},
		"a delta of 11 bytes":         {one, func(b Batch) Batch { return append(b[:HeaderLen+2], bytes.Repeat([]byte{0x80}, 20)...) }},
		"headers beyond their number": {mustBatch(t, 0, []Record{{Headers: make([]Header, maxRecordHeaders+1)}}), func(b Batch) Batch { return b }},
	} {
		t.Run(name, func(t *testing.T) {
			b := c.change(slices.Clone(c.from))
			if name == "a length in too many bytes" {
				b[61], b[62] = b[61]|0x80, 0x80
				b = slices.Insert(b, 63, 0x80, 0x80, 0x80, 0)
			}
			_, err := reseal(b).CheckRecords(AnyTime)
			require.ErrorIs(t, err, ErrInvalid)
			for name, codec := range codecs {
				if len(b) == HeaderLen && name == "snappy" {
					continue // kgo compresses nothing to nothing
				}
				_, err := compressed(t, b, codec).CheckRecords(AnyTime)
				require.ErrorIs(t, err, ErrInvalid, name)
			}
		})
	}
}

// What does not decompress is refused, and so is what only some readers decompress.
func TestCheckRecordsRefusesWhatDoesNotDecompress(t *testing.T) {
	plain := mustBatch(t, 0, sample())
	payload := func(codec string) []byte { return compressed(t, plain, codecs[codec])[HeaderLen:] }
	linked, noEnd := slices.Clone(payload("lz4")), payload("lz4")
	linked[4] &^= lz4Independent
	for name, c := range map[string]struct {
		codec   int16
		payload []byte
	}{
		"gzip that is none":         {1, plain[HeaderLen:]},
		"snappy that is none":       {2, plain[HeaderLen:]},
		"lz4 that is none":          {3, plain[HeaderLen:]},
		"zstd that is none":         {4, plain[HeaderLen:]},
		"gzip of nothing":           {1, nil},
		"snappy of nothing":         {2, nil},
		"lz4 of nothing":            {3, nil},
		"zstd of nothing":           {4, nil},
		"gzip cut off":              {1, payload("gzip")[:len(payload("gzip"))-9]},
		"gzip without its checksum": {1, payload("gzip")[:len(payload("gzip"))-4]},
		"gzip and more":             {1, append(slices.Clone(payload("gzip")), 0, 1, 2)},
		"snappy cut off":            {2, payload("snappy")[:len(payload("snappy"))-1]},
		"lz4 cut off":               {3, payload("lz4")[:len(payload("lz4"))-1]},
		"lz4 without its end":       {3, noEnd[:len(noEnd)-5]},
		"lz4 and more":              {3, append(slices.Clone(payload("lz4")), 0)},
		"two lz4 frames":            {3, bytes.Repeat(payload("lz4"), 2)},
		"lz4 that depends":          {3, linked},
		"zstd cut off":              {4, payload("zstd")[:len(payload("zstd"))-1]},
		"zstd and more":             {4, append(slices.Clone(payload("zstd")), 0, 1, 2, 3)},
		"a codec that is not known": {5, plain[HeaderLen:]},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := withPayload(plain, c.codec, c.payload).CheckRecords(AnyTime)
			require.ErrorIs(t, err, ErrInvalid)
			require.Len(t, inflaters, cap(inflaters))
		})
	}
	for name, at := range map[string]int{"gzip": 5, "lz4": 5} {
		broken := slices.Clone(payload(name))
		broken[len(broken)-at] ^= 1
		_, err := withPayload(plain, map[string]int16{"gzip": 1, "lz4": 3}[name], broken).CheckRecords(AnyTime)
		require.ErrorIs(t, err, ErrInvalid, "%s with a wrong checksum", name)
	}
}

// Many ways to compress are the clients' own.
func TestCheckRecordsTakesEveryForm(t *testing.T) {
	plain := mustBatch(t, 0, sample())
	raw := []byte(plain[HeaderLen:])
	half := len(raw) / 2
	var members bytes.Buffer
	for _, part := range [][]byte{raw[:half], raw[half:]} {
		w, err := gzip.NewWriterLevel(&members, 9)
		require.NoError(t, err)
		_, err = w.Write(part)
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
	zstdOf := func(part []byte, o ...zstd.EOption) []byte {
		e, err := zstd.NewWriter(nil, o...)
		require.NoError(t, err)
		defer e.Close()
		return e.EncodeAll(part, nil)
	}
	var streamed bytes.Buffer // a frame that does not tell its size asks for its whole window
	e, err := zstd.NewWriter(&streamed, zstd.WithWindowSize(128<<20), zstd.WithSingleSegment(false), zstd.WithEncoderConcurrency(1))
	require.NoError(t, err)
	_, err = e.Write(raw[:half])
	require.NoError(t, err)
	require.NoError(t, e.Flush())
	_, err = e.Write(raw[half:])
	require.NoError(t, err)
	require.NoError(t, e.Close())
	forms := map[string]struct {
		codec   int16
		payload []byte
	}{
		"gzip in two members":      {1, members.Bytes()},
		"zstd in two frames":       {4, append(zstdOf(raw[:half]), zstdOf(raw[half:])...)},
		"zstd, skippable frame":    {4, append([]byte{0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3}, zstdOf(raw)...)},
		"zstd with checksum":       {4, zstdOf(raw, zstd.WithEncoderCRC(true))},
		"zstd with a large window": {4, streamed.Bytes()},
		"snappy":                   {2, compressed(t, plain, codecs["snappy"])[HeaderLen:]},
		"snappy, xerial's framing": {2, xerial(raw, 50)},
		"snappy, xerial's, one":    {2, xerial(raw, 1<<20)},
	}
	for name, options := range map[string][]lz4.Option{
		"lz4 bare":              {lz4.ChecksumOption(false)},
		"lz4 content checksum":  {lz4.ChecksumOption(true)},
		"lz4 content size":      {lz4.SizeOption(uint64(len(raw)))},
		"lz4 block checksums":   {lz4.BlockChecksumOption(true), lz4.BlockSizeOption(lz4.Block64Kb)},
		"lz4 largest blocks":    {lz4.BlockSizeOption(lz4.Block4Mb), lz4.CompressionLevelOption(lz4.Level9)},
		"lz4 with all of these": {lz4.ChecksumOption(true), lz4.SizeOption(uint64(len(raw))), lz4.BlockChecksumOption(true)},
	} {
		var out bytes.Buffer
		w := lz4.NewWriter(&out)
		require.NoError(t, w.Apply(options...))
		_, err := w.Write(raw)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		forms[name] = struct {
			codec   int16
			payload []byte
		}{3, out.Bytes()}
	}
	for name, f := range forms {
		t.Run(name, func(t *testing.T) {
			b := withPayload(plain, f.codec, f.payload)
			got, err := b.CheckRecords(AnyTime)
			require.NoError(t, err)
			require.Equal(t, int64(1_700_000_005_000), got)
			require.Equal(t, at(0, sample()), collect(t, [][]byte{b}, 0))
		})
	}
}

// A record may be longer than the window, and begin anywhere in it.
func TestCheckRecordsBeyondTheWindow(t *testing.T) {
	var records []Record
	for n := range 40 {
		records = append(records, Record{Timestamp: int64(n), Key: make([]byte, n*7001%windowBytes), Value: make([]byte, (n%3)*windowBytes+n),
			Headers: []Header{{Key: strings.Repeat("h", n*100), Value: make([]byte, n)}}})
	}
	b := mustBatch(t, 0, records)
	for name, codec := range codecs {
		got, err := compressed(t, b, codec).CheckRecords(AnyTime)
		require.NoError(t, err, name)
		require.Equal(t, int64(39), got, name)
	}
}

// A giant is checked all the same, and one that is too large is refused; neither leaves anything behind.
func TestCheckRecordsOfGiants(t *testing.T) {
	b := mustBatch(t, 0, []Record{{Timestamp: 7, Value: make([]byte, 3*smallBatchBytes)}})
	for name, codec := range codecs {
		got, err := compressed(t, b, codec).CheckRecords(AnyTime)
		require.NoError(t, err, name)
		require.Equal(t, int64(7), got, name)
	}
	if !testing.Short() {
		body := append([]byte{0, 0, 0, 1}, binary.AppendVarint(nil, maxPlainBytes)...)
		body = append(body, make([]byte, maxPlainBytes+1)...) // the value, and 0 headers
		bomb := withPayload(b, 0, append(binary.AppendVarint(nil, int64(len(body))), body...))
		for name, codec := range codecs {
			_, err := compressed(t, bomb, codec).CheckRecords(AnyTime)
			require.ErrorIs(t, err, ErrInvalid, name)
			require.ErrorIs(t, err, errTooMuch, name)
		}
	}
	require.Empty(t, giants)
	require.Len(t, inflaters, cap(inflaters))
}

// The timestamps that are outside are listed by their records; what comes after the list's end is counted.
func TestCheckRecordsTimeRange(t *testing.T) {
	times := TimeRange{Oldest: 100, Newest: 200}
	b := mustBatch(t, 0, []Record{{Timestamp: 100}, {Timestamp: 99}, {Timestamp: -1}, {Timestamp: 200}, {Timestamp: 201}, {Timestamp: -2}})
	_, err := b.CheckRecords(times)
	require.ErrorIs(t, err, ErrInvalidTimestamp)
	var of *RecordsError
	require.ErrorAs(t, err, &of)
	require.Contains(t, err.Error(), "3 of 6 records")
	require.Equal(t, []RecordError{
		{1, "its timestamp 99 is not within [100, 200]"},
		{4, "its timestamp 201 is not within [100, 200]"},
		{5, "its timestamp -2 is not within [100, 200]"},
	}, of.Records)

	_, err = mustBatch(t, 0, slices.Repeat([]Record{{Timestamp: 1}}, 3*maxRecordErrors)).CheckRecords(times)
	require.ErrorAs(t, err, &of)
	require.Len(t, of.Records, maxRecordErrors)
	require.Contains(t, err.Error(), "300 of 300 records")

	times.OursAlone = true
	got, err := b.CheckRecords(times)
	require.NoError(t, err)
	require.Equal(t, int64(201), got)
}

// Which batches may say LogAppendTime is Kafka's rule.
func TestCheckRecordsLogAppendTime(t *testing.T) {
	b := mustBatch(t, 0, []Record{{Timestamp: 5}, {Timestamp: 9}})
	b.SetAppendTime(77)
	got, err := b.CheckRecords(AnyTime)
	require.NoError(t, err)
	require.Equal(t, int64(9), got, "the records' own times come to light when the flag is cleared")
	b.SetMaxTimestamp(got)
	require.NoError(t, b.Verify())
	require.Equal(t, at(0, []Record{{Timestamp: 5}, {Timestamp: 9}}), collect(t, [][]byte{b}, 0))

	b.SetAppendTime(77)
	_, err = b.CheckRecords(TimeRange{OursAlone: true})
	require.ErrorIs(t, err, ErrInvalidTimestamp)
	b.SetAppendTime(-1)
	_, err = b.CheckRecords(AnyTime)
	require.ErrorIs(t, err, ErrInvalidTimestamp)
}

// The checksum is renewed where the header changes, and only there.
func TestSetMaxTimestamp(t *testing.T) {
	b := mustBatch(t, 0, sample())
	before := slices.Clone(b)
	b.SetMaxTimestamp(b.MaxTimestamp())
	require.Equal(t, before, b)
	b.SetMaxTimestamp(3)
	require.NoError(t, b.Verify())
	require.Equal(t, int64(3), b.MaxTimestamp())
	require.NotEqual(t, before.crc(), b.crc())
}

// The check allocates next to nothing, and nothing for a record.
func TestCheckRecordsAllocations(t *testing.T) {
	few := mustBatch(t, 0, slices.Repeat(sample(), 10))
	many := mustBatch(t, 0, slices.Repeat(sample(), 1000))
	measure := func(b Batch) float64 {
		return testing.AllocsPerRun(20, func() {
			if _, err := b.CheckRecords(AnyTime); err != nil {
				t.Error(err)
			}
		})
	}
	require.Zero(t, measure(many), "without compression")
	for name, codec := range codecs {
		one, all := measure(compressed(t, few, codec)), measure(compressed(t, many, codec))
		require.LessOrEqual(t, all, one+20, "%s: not one for a record; under the race detector pools forget now and then", name)
	}
}

// FuzzCheck: what the check takes is decoded to as many records, with the offsets and the timestamps that it saw, and
// comes back the same from a batch that is built of them. What it refuses has a name.
func FuzzCheck(f *testing.F) {
	plain := mustBatch(f, 0, sample())
	f.Add([]byte(plain[HeaderLen:]), int32(4), uint8(0), int64(0))
	for name, codec := range codecs {
		f.Add([]byte(compressed(f, plain, codec)[HeaderLen:]), int32(4), uint8(len(name)), int64(7))
	}
	f.Add(xerial(plain[HeaderLen:], 20), int32(4), uint8(codecSnappy), int64(-5))
	f.Fuzz(func(t *testing.T, payload []byte, count int32, codec uint8, first int64) {
		b := withPayload(plain, int16(codec%(maxCodec+1)), payload)
		binary.BigEndian.PutUint64(b[27:], uint64(first))
		binary.BigEndian.PutUint32(b[57:], uint32(count))
		binary.BigEndian.PutUint32(b[23:], uint32(count-1))
		b = reseal(b)
		if err := b.Verify(); err != nil {
			require.ErrorIs(t, err, ErrInvalid)
			return
		}
		largest, err := b.CheckRecords(AnyTime)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalid)
			return
		}
		decoded, found := int64(0), int64(noTimestamp)
		require.NoError(t, Decode([][]byte{b}, 0, func(r Record) bool {
			require.Equal(t, decoded, r.Offset)
			decoded, found = decoded+1, max(found, r.Timestamp)
			return true
		}))
		require.Equal(t, int64(count), decoded)
		require.Equal(t, largest, found)
	})
}

// TestInflatersOutliveAPanic: who comes after decompressors that panicked has a place to decompress in.
func TestInflatersOutliveAPanic(t *testing.T) {
	for name, codec := range codecs {
		b := compressed(t, mustBatch(t, 0, sample()), codec)
		for range cap(inflaters) + 1 {
			require.Panics(t, func() { _ = b.walk(nil) }, name) // nil: where the first record's timestamp goes
		}
		_, err := b.CheckRecords(AnyTime)
		require.NoError(t, err, name)
	}
}
