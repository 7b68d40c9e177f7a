package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/kafka"
	"streamhouse/log"
	"streamhouse/log/group"
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
	server, err := kafka.NewServer(engine, kafka.Options{
		AutoCreateTopics: true,
		Groups:           group.Options{InitialRebalanceDelay: -1}, // nobody else will join
		Logger:           quiet,
	})
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

// Any Kafka client works as it is. A record is in the object store when ProduceSync returns.
func Example() {
	addr, stop := startBroker()
	defer stop()
	ctx := context.Background()

	client, err := kgo.NewClient(
		kgo.SeedBrokers(addr),
		kgo.AllowAutoTopicCreation(),
		kgo.DefaultProduceTopic("orders"),
		kgo.ConsumeTopics("orders"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	)
	must(err)
	defer client.Close()

	must(client.ProduceSync(ctx, kgo.KeyStringRecord("user-1", "hello"), kgo.KeyStringRecord("user-2", "world")).FirstErr())

	for read := 0; read < 2; {
		fetches := client.PollFetches(ctx)
		must(fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			fmt.Printf("%d %s=%s\n", r.Offset, r.Key, r.Value)
			read++
		})
	}

	// Output:
	// 0 user-1=hello
	// 1 user-2=world
}

// A consumer group keeps its position in the log: who comes later goes on behind it.
func Example_consumerGroup() {
	addr, stop := startBroker()
	defer stop()
	ctx := context.Background()

	producer, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.AllowAutoTopicCreation(), kgo.DefaultProduceTopic("orders"))
	must(err)
	defer producer.Close()

	for _, value := range []string{"first", "second"} {
		must(producer.ProduceSync(ctx, kgo.StringRecord(value)).FirstErr())

		member, err := kgo.NewClient(
			kgo.SeedBrokers(addr),
			kgo.ConsumerGroup("billing"),
			kgo.ConsumeTopics("orders"),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), // where the group has no position yet
			kgo.DisableAutoCommit(),
		)
		must(err)
		fetches := member.PollFetches(ctx)
		must(fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) { fmt.Println(r.Offset, string(r.Value)) })
		must(member.CommitUncommittedOffsets(ctx))
		member.Close()
	}

	// Output:
	// 0 first
	// 1 second
}

// Topics and their configs are administered as in Kafka.
func Example_administration() {
	addr, stop := startBroker()
	defer stop()
	ctx := context.Background()

	client, err := kgo.NewClient(kgo.SeedBrokers(addr))
	must(err)
	defer client.Close()
	admin := kadm.NewClient(client)

	week := "604800000"
	_, err = admin.CreateTopic(ctx, 3, 1, map[string]*string{"retention.ms": &week}, "orders")
	must(err)
	_, err = admin.CreateTopic(ctx, 3, 1, nil, "orders")
	fmt.Println(errors.Is(err, kerr.TopicAlreadyExists))

	topics, err := admin.ListTopics(ctx)
	must(err)
	for _, topic := range topics.Sorted() {
		fmt.Println(topic.Topic, "has", len(topic.Partitions), "partitions")
	}
	configs, err := admin.DescribeTopicConfigs(ctx, "orders")
	must(err)
	for _, c := range configs[0].Configs {
		if c.Key == "retention.ms" {
			fmt.Println(c.Key, c.MaybeValue())
		}
	}

	// Output:
	// true
	// orders has 3 partitions
	// retention.ms 604800000
}
