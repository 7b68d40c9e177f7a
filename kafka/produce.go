package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/log/record"
)

// produce answers Produce. The batches of a request are started together, in the order of the requests, and
// the answer comes when they are in the object store and applied, whatever acks says.
//
//   - Versions 0 to 2 carry the message formats from before Kafka 0.11: UNSUPPORTED_FOR_MESSAGE_FORMAT.
//   - acks=0 gets no answer. When something is wrong the connection is closed, as by Kafka.
//   - A timeout of 0 or less means the longest.
//   - Transactional producers are rejected with TRANSACTIONAL_ID_AUTHORIZATION_FAILED; see [Server.initProducerID].
//   - From version 13 on topics go by id; an unknown one is UNKNOWN_TOPIC_ID. Topics without partitions are left out.
//   - One batch for a partition in a request, as log/record/check.go lists what is checked. zstd begins with
//     version 7: UNSUPPORTED_COMPRESSION_TYPE.
//   - From version 8 on a refusal for what some records say names these records.
//   - As in Kafka, a batch that was there already is answered with the largest timestamp of its records, and a
//     refusal by the log with where it starts.
//   - A partition that stands twice in a request is INVALID_REQUEST: Kafka would drop the batches of the first mention.
//
// The engine keeps the record bytes, and with them the frame that they came in.
func (s *Server) produce(ctx context.Context, c *client, req *kmsg.ProduceRequest) func() *kmsg.ProduceResponse {
	req.Topics = slices.DeleteFunc(req.Topics, func(t kmsg.ProduceRequestTopic) bool { return len(t.Partitions) == 0 })
	p := s.layOutProduce(req)
	ctx, cancel := context.WithTimeout(ctx, clientTimeout(req.TimeoutMillis, maxProduceWait))
	pending := p.append(ctx, s.log, c)
	return func() *kmsg.ProduceResponse {
		defer cancel()
		if pending != nil {
			p.finish(pending.Wait(ctx))
		}
		if req.Acks != 0 {
			return p.resp
		}
		if p.failed != nil {
			c.hangUp(refuse(refusedProduce, "acks=0, so there is no other way to say it: %w", p.failed))
		}
		return nil
	}
}

// producing is a Produce under way.
type producing struct {
	resp    *kmsg.ProduceResponse
	batches []log.AppendRequest
	slots   []*kmsg.ProduceResponseTopicPartition // of each of the batches, in resp
	failed  error                                 // of any partition
}

// layOutProduce prepares the answer, and picks what can be appended.
func (s *Server) layOutProduce(req *kmsg.ProduceRequest) *producing {
	p := &producing{resp: req.ResponseKind().(*kmsg.ProduceResponse)}
	invalid := checkProduce(req)
	var twice map[[2]int]bool
	req.Topics, twice = distinctPartitions(req.Topics, func(t *kmsg.ProduceRequestTopic) (topicKey, *[]kmsg.ProduceRequestTopicPartition) {
		return topicKey{t.Topic, t.TopicID}, &t.Partitions
	}, func(p *kmsg.ProduceRequestTopicPartition) int32 { return p.Partition })
	p.resp.Topics = make([]kmsg.ProduceResponseTopic, len(req.Topics))
	for i := range req.Topics {
		rt, t := &req.Topics[i], &p.resp.Topics[i]
		t.Topic, t.TopicID = rt.Topic, rt.TopicID
		id, err := s.topicID(req.Version >= 13, rt.Topic, rt.TopicID)
		if invalid != nil {
			err = invalid
		}
		t.Partitions = make([]kmsg.ProduceResponseTopicPartition, len(rt.Partitions))
		for j := range rt.Partitions {
			in, out := &rt.Partitions[j], &t.Partitions[j]
			switch {
			case err == nil && twice[[2]int{i, j}]:
				p.add(req.Version, id, fmt.Errorf("%w: partition %d stands twice in the request", kerr.InvalidRequest, in.Partition), in, out)
			default:
				p.add(req.Version, id, err, in, out)
			}
			if err != nil && j > 0 {
				out.ErrorMessage = nil // it is the topic's, and told
			}
		}
	}
	return p
}

// checkProduce returns why a whole request is rejected, or nil.
func checkProduce(req *kmsg.ProduceRequest) error {
	switch {
	case req.Version < 3:
		return fmt.Errorf("%w: Produce version %d, record batches begin with version 3 (Kafka 0.11)", kerr.UnsupportedForMessageFormat, req.Version)
	case req.Acks < -1 || req.Acks > 1:
		return fmt.Errorf("%w: acks=%d", kerr.InvalidRequiredAcks, req.Acks)
	case req.TransactionID != nil:
		return log.ErrTransactional
	}
	return nil
}

// zstdSince is the version in which clients say that they know zstd (KIP-110).
const zstdSince = 7

// checkCodec refuses a codec that a request of this version does not know.
func checkCodec(version int16, records []byte) error {
	if version >= zstdSince {
		return nil
	}
	if b, err := record.Sent(records); err == nil && b.Codec() == record.CodecZstd {
		return fmt.Errorf("%w: zstd in Produce version %d, it begins with version %d", kerr.UnsupportedCompressionType, version, zstdSince)
	}
	return nil
}

func (p *producing) add(version int16, topic log.TopicID, err error, in *kmsg.ProduceRequestTopicPartition, out *kmsg.ProduceResponseTopicPartition) {
	out.Default()
	out.Partition, out.BaseOffset = in.Partition, -1
	if err != nil {
		p.fail(out, err)
		return
	}
	if err := checkCodec(version, in.Records); err != nil {
		p.fail(out, err)
		return
	}
	p.batches = append(p.batches, log.AppendRequest{Partition: log.PartitionID{Topic: topic, Index: in.Partition}, Records: in.Records})
	p.slots = append(p.slots, out)
}

// append hands the batches to the engine. While too much waits to be flushed this blocks, and the connection is
// read no further. One that was rejected then must not be overtaken by the next, so it is the connection's last.
func (p *producing) append(ctx context.Context, l *log.Log, c *client) *log.Pending[[]log.AppendResult] {
	if len(p.batches) == 0 {
		return nil
	}
	pending, err := l.Append(ctx, p.batches)
	if err != nil {
		p.finish(nil, err)
		if errors.Is(err, log.ErrTimeout) {
			c.hangUp(refuse(refusedProduce, "produce: %w", err))
		}
		return nil
	}
	return pending
}

// finish fills the answer with the outcomes, or with one error for all.
func (p *producing) finish(results []log.AppendResult, all error) {
	for i, out := range p.slots {
		if all != nil {
			p.fail(out, all)
			continue
		}
		r := &results[i]
		out.LogStartOffset = r.LogStart
		if r.Err != nil {
			p.fail(out, r.Err)
			continue
		}
		out.BaseOffset, out.LogAppendTime = r.Base, r.AppendTime
	}
}

func (p *producing) fail(out *kmsg.ProduceResponseTopicPartition, err error) {
	out.ErrorCode, out.ErrorMessage, out.ErrorRecords = codeOf(err), textOf(err), errorRecords(err)
	p.failed = err
}

// errorRecords lists the records that a batch was refused for, if it was for some of them (KIP-467).
func errorRecords(err error) []kmsg.ProduceResponseTopicPartitionErrorRecord {
	refused, ok := errors.AsType[*record.RecordsError](err)
	if !ok {
		return nil
	}
	list := make([]kmsg.ProduceResponseTopicPartitionErrorRecord, len(refused.Records))
	for i := range refused.Records {
		list[i].RelativeOffset, list[i].ErrorMessage = refused.Records[i].Index, &refused.Records[i].Text
	}
	return list
}
