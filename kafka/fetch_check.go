package kafka

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// checkFetch returns why a whole Fetch is refused, or nil. The error wraps one of kerr.
func checkFetch(req *kmsg.FetchRequest) error {
	switch {
	case req.SessionEpoch != 0 && req.SessionEpoch != -1:
		return fmt.Errorf("%w: session %d", kerr.FetchSessionIDNotFound, req.SessionID)
	case req.IsolationLevel != 0 && req.IsolationLevel != 1:
		return fmt.Errorf("%w: isolation level %d", kerr.InvalidRequest, req.IsolationLevel)
	}
	return nil
}

// refuse makes an answer one error. Before version 13 it stands in each partition as well, as
// version 7 is the first to have a field for the whole.
func (r *fetchResponse) refuse(req *kmsg.FetchRequest, err error) {
	r.ErrorCode = codeOf(err)
	if err == nil || r.version >= 13 || r.ErrorCode == kerr.FetchSessionIDNotFound.Code {
		return
	}
	for _, rt := range req.Topics {
		t := fetchedTopic{name: rt.Topic}
		for _, rp := range rt.Partitions {
			p := fetchedPartition{index: rp.Partition}
			p.fill(log.ReadResult{Err: err})
			p.unread = true
			t.Partitions = append(t.Partitions, p)
		}
		r.Topics = append(r.Topics, t)
	}
}

// checkReader returns why no partition can be read, or nil. It is told for each partition.
func checkReader(req *kmsg.FetchRequest) error {
	switch {
	case req.ReplicaID >= 0 || req.ReplicaState.ID >= 0:
		return fmt.Errorf("%w: nobody follows this broker", kerr.NotLeaderForPartition)
	case req.MaxBytes < 0:
		return fmt.Errorf("%w: %d bytes at most", kerr.InvalidRequest, req.MaxBytes)
	}
	return nil
}

func checkPartitionBytes(p *kmsg.FetchRequestTopicPartition) error {
	if p.PartitionMaxBytes < 0 {
		return fmt.Errorf("%w: %d bytes of partition %d at most", kerr.InvalidRequest, p.PartitionMaxBytes, p.Partition)
	}
	return nil
}
