package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// produce answers Produce. The batches of a request are started together, in the order of the requests, and
// the answer comes when they are in the object store and applied, whatever acks says.
//
//   - acks=0 gets no answer. When something is wrong the connection is closed, as by Kafka.
//   - Transactional producers are refused.
//   - From version 13 on topics go by id.
//
// The engine keeps the record bytes, and with them the frame that they came in.
func (s *Server) produce(ctx context.Context, c *client, req *kmsg.ProduceRequest) func() *kmsg.ProduceResponse {
	p := s.startProduce(req)
	var pending *log.Pending[[]log.AppendResult]
	var err error
	if len(p.batches) > 0 {
		// Back pressure: while too much waits to be flushed this blocks, and the connection is read no further.
		// It gives up with the server only: a request that was skipped would let those behind it overtake.
		pending, err = s.log.Append(s.ctx, p.batches)
	}
	return func() *kmsg.ProduceResponse {
		if err == nil && pending != nil {
			err = p.finish(pending, produceWait(req))
		}
		if err != nil {
			p.fail(err)
		}
		if req.Acks == 0 {
			if p.failed() {
				c.hangUp()
			}
			return nil
		}
		return p.resp
	}
}

func produceWait(req *kmsg.ProduceRequest) time.Duration {
	ms := req.TimeoutMillis
	if ms <= 0 || ms > maxProduceWaitMillis {
		ms = maxProduceWaitMillis
	}
	return time.Duration(ms) * time.Millisecond
}

// producing is a Produce under way.
type producing struct {
	resp    *kmsg.ProduceResponse
	batches []log.AppendRequest
	answers []*kmsg.ProduceResponseTopicPartition // of each of the batches, in resp
}

// startProduce lays out the answer, and picks what can be appended.
func (s *Server) startProduce(req *kmsg.ProduceRequest) *producing {
	p := &producing{resp: req.ResponseKind().(*kmsg.ProduceResponse)}
	refusal := refuseProduce(req)
	p.resp.Topics = make([]kmsg.ProduceResponseTopic, len(req.Topics))
	for i := range req.Topics {
		rt, t := &req.Topics[i], &p.resp.Topics[i]
		t.Topic, t.TopicID = rt.Topic, rt.TopicID
		id, code := s.topicID(req.Version >= 13, rt.Topic, rt.TopicID)
		if refusal != 0 {
			code = refusal
		}
		t.Partitions = make([]kmsg.ProduceResponseTopicPartition, len(rt.Partitions))
		for j := range rt.Partitions {
			p.addPartition(&rt.Partitions[j], &t.Partitions[j], id, code)
		}
	}
	return p
}

// refuseProduce returns why a whole request is refused, or 0.
func refuseProduce(req *kmsg.ProduceRequest) int16 {
	switch {
	case req.Acks < -1 || req.Acks > 1:
		return kerr.InvalidRequiredAcks.Code
	case req.TransactionID != nil:
		return kerr.TransactionalIDAuthorizationFailed.Code // fatal: the client reports it and does not try again
	}
	return 0
}

func (p *producing) addPartition(in *kmsg.ProduceRequestTopicPartition, out *kmsg.ProduceResponseTopicPartition, topic log.TopicID, code int16) {
	out.Default()
	out.Partition, out.ErrorCode, out.BaseOffset = in.Partition, code, -1
	if code != 0 {
		return
	}
	p.batches = append(p.batches, log.AppendRequest{Partition: log.PartitionID{Topic: topic, Index: in.Partition}, Records: in.Records})
	p.answers = append(p.answers, out)
}

// finish waits for the flush and fills the answer.
func (p *producing) finish(pending *log.Pending[[]log.AppendResult], wait time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	results, err := pending.Wait(ctx)
	if err != nil {
		return err
	}
	for i, r := range results {
		a := p.answers[i]
		if r.Err != nil {
			a.ErrorCode, a.ErrorMessage = codeOf(r.Err), textOf(r.Err)
			continue
		}
		a.BaseOffset, a.LogStartOffset, a.LogAppendTime = r.Base, r.LogStart, r.AppendTime
	}
	return nil
}

// fail answers all that could have been appended with one error.
func (p *producing) fail(err error) {
	for _, a := range p.answers {
		a.ErrorCode, a.ErrorMessage = codeOf(err), textOf(err)
	}
}

func (p *producing) failed() bool {
	for i := range p.resp.Topics {
		for j := range p.resp.Topics[i].Partitions {
			if p.resp.Topics[i].Partitions[j].ErrorCode != 0 {
				return true
			}
		}
	}
	return false
}
