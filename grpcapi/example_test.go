package grpcapi_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"streamhouse/grpcapi"
	"streamhouse/grpcapi/pb"
	"streamhouse/log"
	"streamhouse/objstore/mem"
)

// must ends an example that has met an error.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// startBroker runs a broker in this process, with its log in memory, and returns its address.
func startBroker() (addr string, stop func()) {
	ctx := context.Background()
	quiet := slog.New(slog.DiscardHandler)
	dir, err := os.MkdirTemp("", "streamhouse-example-")
	must(err)
	engine, err := log.Open(ctx, mem.New(), log.Options{MetadataPath: filepath.Join(dir, "metadata.db"), Logger: quiet})
	must(err)
	server, err := grpcapi.NewServer(engine, grpcapi.Options{Logger: quiet})
	must(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	return listener.Addr().String(), func() {
		must(server.Shutdown(ctx))
		must(<-served)
		must(engine.Close(ctx))
		must(os.RemoveAll(dir))
	}
}

// connect returns a client with a topic of one partition.
func connect(addr, topic string) (client pb.StreamHouseClient, hangUp func() error) {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(err)
	client = pb.NewStreamHouseClient(conn)
	_, err = client.CreateTopic(context.Background(), &pb.CreateTopicRequest{Name: topic, PartitionCount: 1})
	must(err)
	return client, conn.Close
}

// A record is in the object store when Produce returns.
func Example() {
	addr, stop := startBroker()
	defer stop()
	ctx := context.Background()

	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(err)
	defer conn.Close()
	client := pb.NewStreamHouseClient(conn)

	_, err = client.CreateTopic(ctx, &pb.CreateTopicRequest{Name: "orders", PartitionCount: 3, RetentionMs: proto.Uint64(86_400_000)})
	must(err)
	produced, err := client.Produce(ctx, &pb.ProduceRequest{Topic: "orders", Partition: 2, Key: []byte("user-1"), Value: []byte("hello")})
	must(err)
	fmt.Println("stored at offset", produced.GetOffset())

	consumed, err := client.Consume(ctx, &pb.ConsumeRequest{Topic: "orders", Partition: 2, Offset: 0, MaxRecords: 10})
	must(err)
	for _, r := range consumed.GetRecords() {
		fmt.Printf("%d %s=%s\n", r.GetOffset(), r.GetKey(), r.GetValue())
	}
	fmt.Println("the next record gets offset", consumed.GetHighWatermark())

	// Output:
	// stored at offset 0
	// 0 user-1=hello
	// the next record gets offset 1
}

// A producer with a name may send a batch again when it has not heard of it: it is stored once.
func Example_idempotentProducer() {
	addr, stop := startBroker()
	defer stop()
	client, hangUp := connect(addr, "orders")
	defer hangUp()
	ctx := context.Background()

	batch := &pb.ProduceBatchRequest{
		Topic:         "orders",
		Records:       []*pb.Record{{Value: []byte("a")}, {Value: []byte("b")}},
		ProducerId:    proto.String("checkout-7"),
		ProducerEpoch: proto.Uint32(0), // one more than before when another process takes over the name
		BaseSequence:  proto.Int64(0),  // counts the records of this producer in this partition
	}
	for range 2 {
		answer, err := client.ProduceBatch(ctx, batch)
		must(err)
		fmt.Println(answer.GetFirstOffset(), answer.GetLastOffset(), answer.GetDuplicatesFiltered())
	}

	// Output:
	// 0 1 false
	// 0 1 true
}

// Positions are committed by name of a group, and shared with Kafka clients of that group.
func Example_position() {
	addr, stop := startBroker()
	defer stop()
	client, hangUp := connect(addr, "orders")
	defer hangUp()
	ctx := context.Background()

	position := &pb.GetOffsetRequest{ConsumerGroup: "billing", Topic: "orders", Partition: 0}
	_, err := client.GetOffset(ctx, position)
	fmt.Println(status.Code(err) == codes.NotFound)

	_, err = client.CommitOffset(ctx, &pb.CommitOffsetRequest{ConsumerGroup: "billing", Topic: "orders", Partition: 0, Offset: 42})
	must(err)
	committed, err := client.GetOffset(ctx, position)
	must(err)
	fmt.Println(committed.GetOffset())

	// Output:
	// true
	// 42
}
