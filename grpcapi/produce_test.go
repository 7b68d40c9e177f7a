package grpcapi

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"streamhouse/grpcapi/pb"
)

func TestProduce(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 2, nil)
	before := uint64(time.Now().UnixMilli())
	for i := range uint64(3) {
		got, err := d.Produce(t.Context(), &pb.ProduceRequest{Topic: "orders", Partition: 1, Value: []byte("v")})
		require.NoError(t, err)
		require.Equal(t, i, got.GetOffset())
		require.GreaterOrEqual(t, got.GetTimestamp(), before)
		require.Equal(t, got.GetTimestamp(), d.consume(t, "orders", 1, i, 1).GetRecords()[0].GetTimestamp())
	}
	require.Empty(t, d.consume(t, "orders", 0, 0, 0).GetRecords())
}

func TestProduceLogAppendTime(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "timed", 1, map[string]string{"message.timestamp.type": "LogAppendTime"})
	got, err := d.Produce(t.Context(), &pb.ProduceRequest{Topic: "timed", Value: []byte("v")})
	require.NoError(t, err)
	require.Equal(t, got.GetTimestamp(), d.consume(t, "timed", 0, 0, 1).GetRecords()[0].GetTimestamp())
}

func TestProduceRefuses(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 3, nil)
	contradiction := map[string]string{"a": "1"}
	ordered := []*pb.Header{{Key: "b"}}
	for name, c := range map[string]struct {
		req  *pb.ProduceRequest
		code codes.Code
		text string
	}{
		"no topic":      {&pb.ProduceRequest{Topic: "nothing"}, codes.NotFound, "Topic not found: nothing"},
		"partition":     {&pb.ProduceRequest{Topic: "orders", Partition: 3}, codes.InvalidArgument, "Invalid partition: 3"},
		"far partition": {&pb.ProduceRequest{Topic: "orders", Partition: math.MaxUint32}, codes.InvalidArgument, "Invalid partition: 4294967295"},
		"headers":       {&pb.ProduceRequest{Topic: "orders", Headers: contradiction, OrderedHeaders: ordered}, codes.InvalidArgument, "headers"},
		"too large":     {&pb.ProduceRequest{Topic: "orders", Value: make([]byte, 2<<20)}, codes.ResourceExhausted, "too large"},
		"over gRPC's":   {&pb.ProduceRequest{Topic: "orders", Value: make([]byte, defaultRequestBytes)}, codes.ResourceExhausted, ""},
		"long topic":    {&pb.ProduceRequest{Topic: strings.Repeat("x", 1<<20)}, codes.NotFound, "Topic not found: xxx"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.Produce(t.Context(), c.req)
			refused(t, err, c.code, c.text)
		})
	}
	require.Zero(t, d.consume(t, "orders", 0, 0, 0).GetHighWatermark())
}

func values(n int) []*pb.Record {
	records := make([]*pb.Record, n)
	for i := range records {
		records[i] = &pb.Record{Value: fmt.Append(nil, i)}
	}
	return records
}

func TestProduceBatch(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, nil)
	for i := range uint64(3) {
		got, err := d.ProduceBatch(t.Context(), &pb.ProduceBatchRequest{Topic: "orders", Records: values(10), AckMode: int32(i) - 1})
		require.NoError(t, err)
		require.True(t, proto.Equal(&pb.ProduceBatchResponse{FirstOffset: 10 * i, LastOffset: 10*i + 9, Count: 10}, got), "%v", got)
	}
	got := d.consume(t, "orders", 0, 0, 0)
	require.Len(t, got.GetRecords(), 30)
	for i, r := range got.GetRecords() {
		require.Equal(t, uint64(i), r.GetOffset())
		require.Equal(t, fmt.Sprint(i%10), string(r.GetValue()))
	}
}

func TestProduceBatchRefuses(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, nil)
	producer := func(change func(*pb.ProduceBatchRequest)) *pb.ProduceBatchRequest {
		req := &pb.ProduceBatchRequest{
			Topic: "orders", Records: values(1),
			ProducerId: proto.String("p"), ProducerEpoch: proto.Uint32(0), BaseSequence: proto.Int64(0),
		}
		change(req)
		return req
	}
	type request = pb.ProduceBatchRequest
	for name, c := range map[string]struct {
		req  *request
		code codes.Code
		text string
	}{
		"no topic":  {producer(func(r *request) { r.Topic = "no" }), codes.NotFound, "Topic not found: no"},
		"partition": {producer(func(r *request) { r.Partition = 1 }), codes.InvalidArgument, "Invalid partition: 1"},
		"empty":     {producer(func(r *request) { r.Records = nil }), codes.InvalidArgument, "Empty batch"},
		"headers": {producer(func(r *request) {
			r.Records[0].Headers = map[string]string{"a": ""}
			r.Records[0].OrderedHeaders = []*pb.Header{{}}
		}), codes.InvalidArgument, "record 0"},
		"no id":         {producer(func(r *request) { r.ProducerId = nil }), codes.InvalidArgument, "Incomplete producer"},
		"no epoch":      {producer(func(r *request) { r.ProducerEpoch = nil }), codes.InvalidArgument, "Incomplete producer"},
		"no sequence":   {producer(func(r *request) { r.BaseSequence = nil }), codes.InvalidArgument, "Incomplete producer"},
		"empty id":      {producer(func(r *request) { r.ProducerId = proto.String("") }), codes.InvalidArgument, "invalid producer name"},
		"long id":       {producer(func(r *request) { r.ProducerId = proto.String(strings.Repeat("p", 1025)) }), codes.InvalidArgument, "invalid producer name"},
		"epoch":         {producer(func(r *request) { r.ProducerEpoch = proto.Uint32(1 << 15) }), codes.InvalidArgument, "producer_epoch"},
		"sequence":      {producer(func(r *request) { r.BaseSequence = proto.Int64(1 << 31) }), codes.InvalidArgument, "base_sequence"},
		"negative":      {producer(func(r *request) { r.BaseSequence = proto.Int64(-1) }), codes.InvalidArgument, "base_sequence"},
		"transactional": {producer(func(r *request) { r.TransactionId = proto.String("tx") }), codes.Unimplemented, "transaction_id"},
		"too large":     {producer(func(r *request) { r.Records[0].Value = make([]byte, 2<<20) }), codes.ResourceExhausted, "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.ProduceBatch(t.Context(), c.req)
			refused(t, err, c.code, c.text)
		})
	}
	require.Zero(t, d.consume(t, "orders", 0, 0, 0).GetHighWatermark())
	_, err := d.ProduceBatch(t.Context(), producer(func(r *request) { r.TransactionId = proto.String("") }))
	require.NoError(t, err, "an empty transaction_id is none")
}

// TestIdempotentProducer: a retried batch gets its original offsets, and the
// sequence and the epoch are checked.
func TestIdempotentProducer(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 2, nil)
	send := func(name string, epoch uint32, sequence int64) (*pb.ProduceBatchResponse, error) {
		return d.ProduceBatch(t.Context(), &pb.ProduceBatchRequest{
			Topic: "orders", Records: values(5), ProducerId: &name, ProducerEpoch: &epoch, BaseSequence: &sequence,
		})
	}
	for round := range 2 {
		for i := range uint64(3) {
			got, err := send("p", 0, int64(5*i))
			require.NoError(t, err)
			require.True(t, proto.Equal(&pb.ProduceBatchResponse{
				FirstOffset: 5 * i, LastOffset: 5*i + 4, Count: 5, DuplicatesFiltered: round == 1,
			}, got), "%v", got)
		}
	}
	_, err := send("p", 0, 20)
	refused(t, err, codes.FailedPrecondition, "out of order")
	got, err := send("q", 0, 0)
	require.NoError(t, err)
	require.False(t, got.GetDuplicatesFiltered(), "another producer has sequences of its own")
	_, err = send("p", 1, 0)
	require.NoError(t, err)
	_, err = send("p", 0, 15)
	refused(t, err, codes.FailedPrecondition, "fenced")
	require.Equal(t, uint64(25), d.consume(t, "orders", 0, 0, 0).GetHighWatermark())
}

// TestProduceTogether: many clients at once; every acknowledged record is at its offset, once.
func TestProduceTogether(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 3, nil)
	const clients, each = 20, 25
	var mu sync.Mutex
	stored := make(map[string]string) // partition/offset to value
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range each {
				value := fmt.Sprintf("%d-%d", c, i)
				p := uint32(c+i) % 3
				got, err := d.Produce(t.Context(), &pb.ProduceRequest{Topic: "orders", Partition: p, Value: []byte(value)})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				stored[fmt.Sprintf("%d/%d", p, got.GetOffset())] = value
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Len(t, stored, clients*each)
	for p := range uint32(3) {
		for _, r := range d.consume(t, "orders", p, 0, 0).GetRecords() {
			at := fmt.Sprintf("%d/%d", p, r.GetOffset())
			require.Equal(t, stored[at], string(r.GetValue()))
			delete(stored, at)
		}
	}
	require.Empty(t, stored)
}

// TestProduceCancelled: a client that hangs up ends its own wait, not the others' write, nor its own.
func TestProduceCancelled(t *testing.T) {
	d := open(t, Options{})
	d.topic(t, "orders", 1, nil)
	d.store.puts.close()
	produce := func(ctx context.Context, value string) <-chan error {
		done := make(chan error, 1)
		go func() {
			_, err := d.Produce(ctx, &pb.ProduceRequest{Topic: "orders", Value: []byte(value)})
			done <- err
		}()
		return done
	}
	ctx, cancel := context.WithCancel(t.Context())
	impatient := produce(ctx, "impatient")
	<-d.store.puts.arrived
	patient := produce(t.Context(), "patient")
	short, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	refused(t, <-produce(short, "short"), codes.DeadlineExceeded, "")
	cancel()
	refused(t, <-impatient, codes.Canceled, "")
	select {
	case err := <-patient:
		t.Fatalf("answered before the PUT: %v", err)
	default:
	}
	d.store.open()
	require.NoError(t, <-patient)
	require.Equal(t, "impatient", string(d.consume(t, "orders", 0, 0, 0).GetRecords()[0].GetValue()))
}

// TestProduceWhileTheStoreHangs: the broker's own time limit is an error that a client may retry.
func TestProduceWhileTheStoreHangs(t *testing.T) {
	d := open(t, Options{RequestTimeout: 50 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	defer cancel()
	for {
		_, err := d.CreateTopic(ctx, &pb.CreateTopicRequest{Name: "orders", PartitionCount: 1})
		if err == nil {
			break
		}
		refused(t, err, codes.Unavailable, "no answer after 50ms") // a slow machine
	}
	d.store.puts.close()
	_, err := d.Produce(ctx, &pb.ProduceRequest{Topic: "orders"})
	refused(t, err, codes.Unavailable, "no answer after 50ms")
}
