package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"streamhouse/grpcapi/pb"
	"streamhouse/integration/broker"
	"streamhouse/integration/program"
	"streamhouse/integration/wire"
)

// throughDoors founds the bucket with the program itself, in three lives: one that stops in order, one that is
// killed, and one without its metadata file.
func (m *maker) throughDoors() error {
	binary, err := program.Streamhouse(m.folder)
	if err != nil {
		return err
	}
	dir := m.path("program")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	b, err := broker.New(binary, dir, "USE_LOCAL_STORAGE=true", "LOCAL_STORAGE_PATH="+m.bucket())
	if err != nil {
		return err
	}
	defer b.Shut()
	if err := m.live(b, m.kafkaDoor, m.grpcDoor); err != nil {
		return err
	}
	if code, err := b.Terminate(); err != nil || code != 0 {
		return errors.Join(err, fmt.Errorf("exit code %d", code))
	}
	if err := m.live(b, m.kafkaDoorAgain); err != nil {
		return err
	}
	b.Kill()
	if err := b.ForgetMetadata(); err != nil {
		return err
	}
	if err := m.live(b, m.grpcDoorAgain); err != nil {
		return err
	}
	_, err = b.Terminate()
	if err != nil {
		return err
	}
	return os.Rename(b.MetadataPath(), m.path(earlyName))
}

// live starts the broker and does things, one after the other. It leaves it running, also after an error.
func (m *maker) live(b *broker.Broker, doings ...func(*broker.Broker) error) error {
	if err := b.Start(); err != nil {
		return err
	}
	for _, do := range doings {
		if err := do(b); err != nil {
			return err
		}
	}
	return nil
}

// administer runs a step with an administrator's client.
func (m *maker) administer(b *broker.Broker, step func(context.Context, *kadm.Client) error) error {
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Kafka))
	if err != nil {
		return err
	}
	defer cl.Close()
	return step(m.ctx, kadm.NewClient(cl))
}

// speak runs a step on a connection to the Kafka door.
func speak(b *broker.Broker, step func(*wire.Conn) error) error {
	c, err := wire.Dial(b.Kafka)
	if err != nil {
		return err
	}
	return errors.Join(step(c), c.Close())
}

// put appends batches through the Kafka door, each by a request of its own.
func put(c *wire.Conn, topic string, partition int32, batches ...[]byte) error {
	for i, batch := range batches {
		got, err := c.Produce(topic, partition, batch)
		if err := errors.Join(err, got.Err); err != nil {
			return fmt.Errorf("batch %d for %s: %w", i, topic, err)
		}
	}
	return nil
}

func (m *maker) kafkaDoor(b *broker.Broker) error {
	err := m.administer(b, func(ctx context.Context, admin *kadm.Client) error {
		created, err := admin.CreateTopics(ctx, 2, 1, map[string]*string{"retention.ms": kadm.StringPtr("86400000")}, "kafka", "gone")
		return errors.Join(err, created.Error())
	})
	if err != nil {
		return err
	}
	return speak(b, func(c *wire.Conn) error {
		id, epoch, err := c.ProducerID()
		if err != nil {
			return err
		}
		first := wire.Sequenced(id, epoch, 0, "first", "second").Bytes()
		return errors.Join(
			put(c, "kafka", 0, one("a", "b", "c"), first, first, wire.Sequenced(id, epoch, 2, "third").Bytes()),
			put(c, "gone", 1, one("gone"), one("as well")),
			c.Commit("kafka group", "kafka", 0, 3),
			c.Commit("kafka group", "gone", 1, 1),
			c.Commit("doomed group", "kafka", 1, 0),
		)
	})
}

func (m *maker) kafkaDoorAgain(b *broker.Broker) error {
	err := speak(b, func(c *wire.Conn) error {
		return errors.Join(
			put(c, "kafka", 0, one("after a restart")),
			c.Commit("kafka group", "kafka", 1, 7), // beyond the end
		)
	})
	return errors.Join(err, m.administer(b, func(ctx context.Context, admin *kadm.Client) error {
		var errs []error
		grown, err := admin.CreatePartitions(ctx, 1, "kafka")
		errs = append(errs, err, grown.Error())
		altered, err := admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{
			{Op: kadm.SetConfig, Name: "max.message.bytes", Value: kadm.StringPtr("200000")},
			{Op: kadm.DeleteConfig, Name: "retention.ms"},
		}, "kafka")
		errs = append(errs, err)
		for _, a := range altered {
			errs = append(errs, a.Err)
		}
		deleted, err := admin.DeleteTopics(ctx, "gone")
		errs = append(errs, err, deleted.Error())
		made, err := admin.CreateTopic(ctx, 1, 1, nil, "gone") // again, under the same name
		errs = append(errs, err, made.Err)
		_, err = admin.DeleteGroup(ctx, "doomed group")
		return errors.Join(append(errs, err)...)
	}))
}

// dialGRPC runs a step with a client of the gRPC door.
func (m *maker) dialGRPC(b *broker.Broker, step func(pb.StreamHouseClient) error) error {
	conn, err := grpc.NewClient(b.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	return errors.Join(step(pb.NewStreamHouseClient(conn)), conn.Close())
}

func (m *maker) grpcDoor(b *broker.Broker) error {
	return m.dialGRPC(b, func(door pb.StreamHouseClient) error {
		retention := uint64(3_600_000)
		_, err := door.CreateTopic(m.ctx, &pb.CreateTopicRequest{Name: "grpc", PartitionCount: 2, RetentionMs: &retention})
		if err != nil {
			return err
		}
		_, err = door.Produce(m.ctx, &pb.ProduceRequest{Topic: "grpc", Key: []byte("k"), Value: []byte{}, Headers: map[string]string{"b": "2", "a": "1"}})
		if err != nil {
			return err
		}
		_, err = door.CommitOffset(m.ctx, &pb.CommitOffsetRequest{ConsumerGroup: "grpc group", Topic: "grpc", Offset: 1, Metadata: kadm.StringPtr("ümlaut")})
		if err != nil {
			return err
		}
		return m.grpcBatch(door, 0)
	})
}

// grpcBatch sends a batch of the named producer twice, so that a duplicate is answered. It has every form of null, empty and
// not UTF-8 that the interface can carry.
func (m *maker) grpcBatch(door pb.StreamHouseClient, sequence int64) error {
	epoch := uint32(3)
	batch := &pb.ProduceBatchRequest{
		Topic: "grpc", Partition: 1, ProducerId: kadm.StringPtr("door"), ProducerEpoch: &epoch, BaseSequence: &sequence,
		Records: []*pb.Record{
			{},
			{Key: []byte{}, Value: []byte{}},
			{Key: []byte{0, 0xff}, Value: []byte("v"), OrderedHeaders: []*pb.Header{{Key: "b", Value: []byte("2")}, {Key: "b"}, {Key: "a", Value: []byte{0x80}}}},
		},
	}
	for range 2 {
		if _, err := door.ProduceBatch(m.ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// grpcDoorAgain goes on with the named producer's sequence: its name and its state have to come from the bucket.
func (m *maker) grpcDoorAgain(b *broker.Broker) error {
	return m.dialGRPC(b, func(door pb.StreamHouseClient) error {
		return m.grpcBatch(door, 3)
	})
}
