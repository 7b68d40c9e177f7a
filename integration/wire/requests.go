package wire

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Versions that name topics by name: this package's callers know no ids. From Produce 13 and Fetch 13 on there are only
// ids (KIP-516).
const (
	produceVersion = 11
	fetchVersion   = 12
)

// ProduceRequest asks for records to be appended to one partition with acks=all.
func ProduceRequest(topic string, partition int32, timeoutMillis int32, records []byte) *kmsg.ProduceRequest {
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition, p.Records = partition, records
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.Partitions = topic, []kmsg.ProduceRequestTopicPartition{p}
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.Acks, req.TimeoutMillis, req.Topics = produceVersion, -1, timeoutMillis, []kmsg.ProduceRequestTopic{t}
	return req
}

// Produced is the broker's answer for one partition.
type Produced struct {
	Base     int64
	LogStart int64
	Err      error // nil, or one of kerr
}

// Produce appends records to one partition and returns the broker's answer. The error is that of the exchange; what the
// broker refuses is in the answer.
func (c *Conn) Produce(topic string, partition int32, records []byte) (Produced, error) {
	if err := c.Send(ProduceRequest(topic, partition, 60_000, records)); err != nil {
		return Produced{}, err
	}
	return c.Produced()
}

// Produced reads the answer to a [ProduceRequest] that was sent.
func (c *Conn) Produced() (Produced, error) {
	resp := kmsg.NewPtrProduceResponse()
	resp.Version = produceVersion
	if err := c.Receive(resp); err != nil {
		return Produced{}, err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return Produced{}, fmt.Errorf("an answer for %d topics", len(resp.Topics))
	}
	p := resp.Topics[0].Partitions[0]
	return Produced{Base: p.BaseOffset, LogStart: p.LogStartOffset, Err: kerr.ErrorForCode(p.ErrorCode)}, nil
}

// FetchOptions bounds a fetch.
type FetchOptions struct {
	MinBytes, MaxBytes, MaxWaitMillis int32
}

// Position is where to read one partition of a topic.
type Position struct {
	Partition int32
	Offset    int64
}

// Fetched is what one partition answers.
type Fetched struct {
	Records       []byte
	HighWatermark int64
	Err           error // nil, or one of kerr
}

// Fetch reads partitions of one topic, by partition. The error is that of the exchange or of the request as a whole. Records
// are the caller's. MaxBytes counts for each partition as well.
func (c *Conn) Fetch(topic string, o FetchOptions, positions ...Position) (map[int32]Fetched, error) {
	t := kmsg.NewFetchRequestTopic()
	t.Topic = topic
	for _, at := range positions {
		p := kmsg.NewFetchRequestTopicPartition()
		p.Partition, p.FetchOffset, p.PartitionMaxBytes = at.Partition, at.Offset, o.MaxBytes
		t.Partitions = append(t.Partitions, p)
	}
	req := kmsg.NewPtrFetchRequest()
	req.Version, req.Topics = fetchVersion, []kmsg.FetchRequestTopic{t}
	req.MinBytes, req.MaxBytes, req.MaxWaitMillis = o.MinBytes, o.MaxBytes, o.MaxWaitMillis
	resp, err := req.RequestWith(context.Background(), c)
	if err != nil {
		return nil, err
	}
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return nil, err
	}
	answers := make(map[int32]Fetched)
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			answers[p.Partition] = Fetched{Records: p.RecordBatches, HighWatermark: p.HighWatermark, Err: kerr.ErrorForCode(p.ErrorCode)}
		}
	}
	return answers, nil
}

// EndOffset returns the next offset of a partition: the high watermark (ListOffsets with time -1).
func (c *Conn) EndOffset(topic string, partition int32) (int64, error) {
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp = partition, -1
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic, t.Partitions = topic, []kmsg.ListOffsetsRequestTopicPartition{p}
	req := kmsg.NewPtrListOffsetsRequest()
	req.Version, req.Topics = 7, []kmsg.ListOffsetsRequestTopic{t}
	resp, err := req.RequestWith(context.Background(), c)
	if err != nil {
		return 0, err
	}
	got := resp.Topics[0].Partitions[0]
	return got.Offset, kerr.ErrorForCode(got.ErrorCode)
}

// ProducerID asks for the id and the epoch of a new idempotent producer without a transactional id.
func (c *Conn) ProducerID() (int64, int16, error) {
	req := kmsg.NewPtrInitProducerIDRequest()
	req.Version, req.ProducerID, req.ProducerEpoch = 4, -1, -1
	resp, err := req.RequestWith(context.Background(), c)
	if err != nil {
		return 0, 0, err
	}
	return resp.ProducerID, resp.ProducerEpoch, kerr.ErrorForCode(resp.ErrorCode)
}

// Commit stores a group's position without being a member of it.
func (c *Conn) Commit(group, topic string, partition int32, offset int64) error {
	resp, err := CommitRequest(group, topic, partition, offset).RequestWith(context.Background(), c)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
}

// CommitRequest is what [Conn.Commit] sends.
func CommitRequest(group, topic string, partition int32, offset int64) *kmsg.OffsetCommitRequest {
	p := kmsg.NewOffsetCommitRequestTopicPartition()
	p.Partition, p.Offset = partition, offset
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic, t.Partitions = topic, []kmsg.OffsetCommitRequestTopicPartition{p}
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Version, req.Group, req.Generation, req.Topics = 8, group, -1, []kmsg.OffsetCommitRequestTopic{t}
	return req
}

// Committed returns a group's position, or -1 where it has none.
func (c *Conn) Committed(group, topic string, partition int32) (int64, error) {
	t := kmsg.NewOffsetFetchRequestTopic()
	t.Topic, t.Partitions = topic, []int32{partition}
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Version, req.Group, req.Topics = 7, group, []kmsg.OffsetFetchRequestTopic{t}
	resp, err := req.RequestWith(context.Background(), c)
	if err != nil {
		return 0, err
	}
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return 0, err
	}
	got := resp.Topics[0].Partitions[0]
	return got.Offset, kerr.ErrorForCode(got.ErrorCode)
}
