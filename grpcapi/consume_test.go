package grpcapi

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
	"streamhouse/log/record"
	"streamhouse/objstore/mem"
)

func (d *door) consume(t testing.TB, topic string, partition uint32, offset uint64, most uint32) *pb.ConsumeResponse {
	t.Helper()
	got, err := d.Consume(t.Context(), &pb.ConsumeRequest{Topic: topic, Partition: partition, Offset: offset, MaxRecords: most})
	require.NoError(t, err)
	return got
}

// appendBatch writes a batch past the gRPC door, as the Kafka door does.
func (d *door) appendBatch(t testing.TB, topic string, batch []byte) {
	t.Helper()
	at, err := d.log.Topic(topic)
	require.NoError(t, err)
	pending, err := d.log.Append(t.Context(), []log.AppendRequest{{Partition: log.PartitionID{Topic: at.ID}, Records: batch}})
	require.NoError(t, err)
	results, err := pending.Wait(t.Context())
	require.NoError(t, err)
	require.NoError(t, results[0].Err)
}

func TestConsumeFrom(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, nil)
	for range 4 {
		_, err := d.ProduceBatch(t.Context(), &pb.ProduceBatchRequest{Topic: "orders", Records: values(5)})
		require.NoError(t, err)
	}
	for offset := range uint64(20) { // inside batches too
		for _, most := range []uint32{1, 3, 5, 100} {
			got := d.consume(t, "orders", 0, offset, most)
			want := min(uint64(most), 20-offset)
			require.Len(t, got.GetRecords(), int(want))
			for i, r := range got.GetRecords() {
				require.Equal(t, offset+uint64(i), r.GetOffset())
			}
			require.Equal(t, uint64(20), got.GetHighWatermark())
			require.Equal(t, offset+want < 20, got.GetHasMore())
		}
	}
	got := d.consume(t, "orders", 0, 20, 0)
	require.True(t, proto.Equal(&pb.ConsumeResponse{HighWatermark: 20, NextOffset: 20}, got), "%v", got)
}

func TestConsumeRefuses(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, nil)
	_, err := d.ProduceBatch(t.Context(), &pb.ProduceBatchRequest{Topic: "orders", Records: values(10)})
	require.NoError(t, err)
	orders, err := d.log.Topic("orders")
	require.NoError(t, err)
	deleted, err := d.log.DeleteRecords([]log.DeleteSpec{{Partition: log.PartitionID{Topic: orders.ID}, Offset: 4}}).Wait(t.Context())
	require.NoError(t, err)
	require.NoError(t, deleted[0].Err)
	for name, c := range map[string]struct {
		req  *pb.ConsumeRequest
		code codes.Code
		text string
	}{
		"no topic":  {&pb.ConsumeRequest{Topic: "no"}, codes.NotFound, "Topic not found: no"},
		"partition": {&pb.ConsumeRequest{Topic: "orders", Partition: 1}, codes.InvalidArgument, "Invalid partition: 1"},
		"before":    {&pb.ConsumeRequest{Topic: "orders", Offset: 3}, codes.OutOfRange, "the log holds 4 to 10"},
		"beyond":    {&pb.ConsumeRequest{Topic: "orders", Offset: 11}, codes.OutOfRange, "the log holds 4 to 10"},
		"far":       {&pb.ConsumeRequest{Topic: "orders", Offset: math.MaxUint64}, codes.OutOfRange, "18446744073709551615, the log holds 4 to 10"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.Consume(t.Context(), c.req)
			refused(t, err, c.code, c.text)
		})
	}
	require.Len(t, d.consume(t, "orders", 0, 4, 0).GetRecords(), 6)
}

// TestConsumeCounts: the default and the bound of max_records.
func TestConsumeCounts(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, nil)
	_, err := d.ProduceBatch(t.Context(), &pb.ProduceBatchRequest{Topic: "orders", Records: values(maxRecords + 1)})
	require.NoError(t, err)
	for most, want := range map[uint32]int{0: defaultRecords, maxRecords: maxRecords, math.MaxUint32: maxRecords} {
		got := d.consume(t, "orders", 0, 0, most)
		require.Len(t, got.GetRecords(), want)
		require.True(t, got.GetHasMore())
	}
}

// TestConsumeGroupHasNoEffect: it names the reader and commits nothing.
func TestConsumeGroupHasNoEffect(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, nil)
	_, err := d.Produce(t.Context(), &pb.ProduceRequest{Topic: "orders"})
	require.NoError(t, err)
	for range 2 {
		got, err := d.Consume(t.Context(), &pb.ConsumeRequest{Topic: "orders", ConsumerGroup: proto.String("g")})
		require.NoError(t, err)
		require.Len(t, got.GetRecords(), 1)
	}
	_, err = d.GetOffset(t.Context(), &pb.GetOffsetRequest{Topic: "orders", ConsumerGroup: "g"})
	refused(t, err, codes.NotFound, "")
}

// TestConsumeStaysUnderTheLimit: with gRPC's default limits a client reads
// everything, whatever the records' sizes, and each answer is as full as can be.
func TestConsumeStaysUnderTheLimit(t *testing.T) {
	for _, size := range []int{0, 100, 10_000, 1_000_000, 4<<20 - 200} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			d := open(t, Options{})
			d.topic(t, "orders", 1, map[string]string{"max.message.bytes": "8388608"})
			n := max(3, 9<<20/(size+1000))
			var sent int
			for sent < n {
				batch := make([]*pb.Record, 0, 1000)
				for bytes := 0; len(batch) < cap(batch) && sent < n && bytes+size < 8<<20-10000; sent++ {
					batch = append(batch, &pb.Record{Value: make([]byte, size), Headers: map[string]string{"n": fmt.Sprint(sent)}})
					bytes += size + 100
				}
				_, err := d.ProduceBatch(t.Context(), &pb.ProduceBatchRequest{Topic: "orders", Records: batch})
				require.NoError(t, err)
			}
			var next uint64
			for more := true; more; {
				got := d.consume(t, "orders", 0, next, maxRecords)
				require.NotEmpty(t, got.GetRecords())
				require.LessOrEqual(t, proto.Size(got), 4<<20)
				for _, r := range got.GetRecords() {
					require.Equal(t, next, r.GetOffset())
					require.Equal(t, fmt.Sprint(next), r.GetHeaders()["n"])
					next++
				}
				if more = got.GetHasMore(); more && len(got.GetRecords()) < maxRecords {
					require.Greater(t, proto.Size(got)+size+200, maxAnswerBytes, "stopped early")
				}
			}
			require.Equal(t, uint64(n), next)
		})
	}
}

// TestConsumeLoneGiant: a record above the usual limit comes alone, to clients that raised theirs.
func TestConsumeLoneGiant(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, map[string]string{"max.message.bytes": "8388608"})
	for _, size := range []int{10, 5 << 20, 10} {
		_, err := d.Produce(t.Context(), &pb.ProduceRequest{Topic: "orders", Value: make([]byte, size)})
		require.NoError(t, err)
	}
	require.Len(t, d.consume(t, "orders", 0, 0, 0).GetRecords(), 1, "the giant is left for the next answer")
	_, err := d.Consume(t.Context(), &pb.ConsumeRequest{Topic: "orders", Offset: 1})
	refused(t, err, codes.ResourceExhausted, "larger than max")
	got, err := d.Consume(t.Context(), &pb.ConsumeRequest{Topic: "orders", Offset: 1}, grpc.MaxCallRecvMsgSize(8<<20))
	require.NoError(t, err)
	require.Len(t, got.GetRecords(), 1)
	require.True(t, got.GetHasMore())
	require.Len(t, d.consume(t, "orders", 0, 2, 0).GetRecords(), 1)
}

// TestFidelity: what one door writes the other reads, and the other way round.
func TestFidelity(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, nil)
	ordered := []*pb.Header{
		{Key: "b", Value: []byte("1")}, {Key: "a"}, {Key: "b", Value: []byte{}}, {Key: "", Value: []byte{0xff}},
		{Key: "\uFFFD", RawKey: []byte("\xff"), Value: []byte("raw")},
	}
	want := []*pb.ConsumedRecord{
		{Key: nil, Value: nil}, {Key: []byte{}, Value: []byte{}}, {Key: []byte("k"), Value: []byte{0, 0xff}},
		{Value: []byte("v"), OrderedHeaders: ordered},
	}
	var records []*pb.Record
	for _, w := range want {
		records = append(records, &pb.Record{Key: w.Key, Value: w.Value, OrderedHeaders: w.OrderedHeaders})
	}
	_, err := d.ProduceBatch(t.Context(), &pb.ProduceBatchRequest{Topic: "orders", Records: records})
	require.NoError(t, err)
	for _, w := range want { // the same by Produce
		_, err := d.Produce(t.Context(), &pb.ProduceRequest{Topic: "orders", Key: w.Key, Value: w.Value, OrderedHeaders: w.OrderedHeaders})
		require.NoError(t, err)
	}
	kafka, err := record.AppendBatch(nil, []record.Record{
		{}, {Key: []byte{}, Value: []byte{}}, {Key: []byte("k"), Value: []byte{0, 0xff}},
		{Value: []byte("v"), Headers: []record.Header{
			{Key: "b", Value: []byte("1")}, {Key: "a"}, {Key: "b", Value: []byte{}}, {Key: "", Value: []byte{0xff}}, {Key: "\xff", Value: []byte("raw")},
		}},
	}, nil)
	require.NoError(t, err)
	d.appendBatch(t, "orders", kafka)

	got := d.consume(t, "orders", 0, 0, 0).GetRecords()
	require.Len(t, got, 3*len(want))
	for i, r := range got {
		w := proto.Clone(want[i%len(want)]).(*pb.ConsumedRecord)
		w.Offset, w.Timestamp = uint64(i), r.GetTimestamp()
		if w.OrderedHeaders != nil {
			w.Headers = map[string]string{"b": ""}
		}
		require.True(t, proto.Equal(w, r), "record %d: %v", i, r)
	}
	require.Zero(t, got[len(got)-1].GetTimestamp())
}

// garbage is a batch whose header says that it is compressed, and that is all that is right about it.
func garbage(t *testing.T, records int) []byte {
	t.Helper()
	b, err := record.AppendBatch(nil, make([]record.Record, records), nil)
	require.NoError(t, err)
	copy(b[61:], bytes.Repeat([]byte{0xff}, len(b)-61))
	binary.BigEndian.PutUint16(b[21:], 1)
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// TestConsumeUnreadable: records that cannot be read are named, with where to go on, and those around them are read; where
// it is asked for, without another call.
func TestConsumeUnreadable(t *testing.T) {
	d := open(t, Options{}, func(o *log.Options) { o.TrustCompressed = true })
	d.topic(t, "orders", 1, nil)
	produce := func() {
		_, err := d.ProduceBatch(t.Context(), &pb.ProduceBatchRequest{Topic: "orders", Records: values(2)})
		require.NoError(t, err)
	}
	produce()
	d.appendBatch(t, "orders", garbage(t, 2))
	produce()
	d.appendBatch(t, "orders", garbage(t, 3))

	got := d.consume(t, "orders", 0, 0, 0)
	require.Len(t, got.GetRecords(), 2)
	require.True(t, got.GetHasMore())
	require.Equal(t, uint64(2), got.GetNextOffset())
	for offset, next := range map[uint64]uint64{2: 4, 3: 4, 6: 9, 8: 9} {
		_, err := d.Consume(t.Context(), &pb.ConsumeRequest{Topic: "orders", Offset: offset})
		refused(t, err, codes.DataLoss, fmt.Sprintf("Go on at offset %d", next))
		u := status.Convert(err).Details()[0].(*pb.Unreadable)
		require.Equal(t, []uint64{offset, next}, []uint64{u.GetOffset(), u.GetNextOffset()})
	}
	require.Len(t, d.consume(t, "orders", 0, 4, 0).GetRecords(), 2)

	got, err := d.Consume(t.Context(), &pb.ConsumeRequest{Topic: "orders", SkipUnreadable: true})
	require.NoError(t, err)
	require.Len(t, got.GetRecords(), 4)
	require.False(t, got.GetHasMore())
	require.Equal(t, uint64(9), got.GetNextOffset())
	require.Len(t, got.GetSkipped(), 2)
	for i, want := range [][]uint64{{2, 4}, {6, 9}} {
		u := got.GetSkipped()[i]
		require.Equal(t, want, []uint64{u.GetOffset(), u.GetNextOffset()})
		require.Contains(t, u.GetReason(), "corrupt record batch")
	}
}

// TestConsumeSkipsInSteps: one answer lists a limited number of what it skipped, and says where to go on.
func TestConsumeSkipsInSteps(t *testing.T) {
	d := open(t, Options{}, func(o *log.Options) { o.TrustCompressed = true })
	d.topic(t, "orders", 1, nil)
	topic, err := d.log.Topic("orders")
	require.NoError(t, err)
	reqs := make([]log.AppendRequest, maxSkipped+50)
	for i := range reqs {
		reqs[i] = log.AppendRequest{Partition: log.PartitionID{Topic: topic.ID}, Records: garbage(t, 1)}
	}
	pending, err := d.log.Append(t.Context(), reqs)
	require.NoError(t, err)
	_, err = pending.Wait(t.Context())
	require.NoError(t, err)
	for offset, want := range map[uint64]int{0: maxSkipped, maxSkipped: 50} {
		got, err := d.Consume(t.Context(), &pb.ConsumeRequest{Topic: "orders", Offset: offset, SkipUnreadable: true})
		require.NoError(t, err)
		require.Len(t, got.GetSkipped(), want)
		require.Equal(t, offset+uint64(want), got.GetNextOffset())
		require.Equal(t, want == maxSkipped, got.GetHasMore())
	}
}

// TestConsumeCold: a broker that has nothing in memory reads from the store, all that was
// asked for in one answer; while the store does not answer, the client's deadline holds.
func TestConsumeCold(t *testing.T) {
	bucket := newGate(mem.New())
	quiet := slog.New(slog.DiscardHandler)
	first, err := log.Open(t.Context(), bucket, log.Options{MetadataPath: filepath.Join(t.TempDir(), "a.db"), Logger: quiet})
	require.NoError(t, err)
	d := serve(t, first, bucket, Options{})
	d.topic(t, "orders", 1, nil)
	for range 5 { // several segments
		_, err := d.ProduceBatch(t.Context(), &pb.ProduceBatchRequest{Topic: "orders", Records: values(40)})
		require.NoError(t, err)
	}
	require.NoError(t, d.server.Shutdown(t.Context()))
	require.NoError(t, first.Close(t.Context()))

	second, err := log.Open(t.Context(), bucket, log.Options{MetadataPath: filepath.Join(t.TempDir(), "b.db"), Logger: quiet})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, second.Close(context.Background())) })
	d = serve(t, second, bucket, Options{})
	bucket.gets.close()
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = d.Consume(short, &pb.ConsumeRequest{Topic: "orders"})
	require.Equal(t, codes.DeadlineExceeded, status.Code(err), "%v", err) // the client's own word for it, or ours
	bucket.gets.open()
	got, err := d.Consume(t.Context(), &pb.ConsumeRequest{Topic: "orders", Offset: 1, MaxRecords: 150})
	require.NoError(t, err)
	require.Len(t, got.GetRecords(), 150)
	require.True(t, got.GetHasMore())
	require.Equal(t, uint64(200), got.GetHighWatermark())
}
