package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// metadataTopic is what Kafka calls the log of its controllers. Ours is the journal: it has one writer, and a commit in it is an offset.
const metadataTopic = "__cluster_metadata"

// describeQuorum answers DescribeQuorum (KIP-595): this broker leads the quorum, is its only voter, and nobody observes.
//
//   - The log's end and the high watermark are one: a commit counts when it is in the object store.
//   - A request for anything but the only partition, or for more than it, is UNKNOWN_TOPIC_OR_PARTITION.
func (s *Server) describeQuorum(_ context.Context, c *client, req *kmsg.DescribeQuorumRequest) *kmsg.DescribeQuorumResponse {
	resp := req.ResponseKind().(*kmsg.DescribeQuorumResponse)
	resp.ErrorMessage = new(string) // as in Kafka: not null
	type partition = kmsg.DescribeQuorumRequestTopicPartition
	req.Topics, _ = distinctPartitions(req.Topics, func(t *kmsg.DescribeQuorumRequestTopic) (topicKey, *[]partition) {
		return topicKey{name: t.Topic}, &t.Partitions
	}, func(p *partition) int32 { return p.Partition })
	if len(req.Topics) == 1 && req.Topics[0].Topic == metadataTopic && len(req.Topics[0].Partitions) == 1 && req.Topics[0].Partitions[0].Partition == 0 {
		resp.Topics = []kmsg.DescribeQuorumResponseTopic{{Topic: metadataTopic, Partitions: []kmsg.DescribeQuorumResponseTopicPartition{s.quorum()}}}
		resp.Nodes = []kmsg.DescribeQuorumResponseNode{s.quorumNode(c)}
		return resp
	}
	for _, rt := range req.Topics {
		out := kmsg.DescribeQuorumResponseTopic{Topic: rt.Topic}
		for i, in := range rt.Partitions {
			p := kmsg.NewDescribeQuorumResponseTopicPartition()
			p.Partition = in.Partition
			tellOnce(errorSlot{&p.ErrorCode, &p.ErrorMessage}, errNoQuorum, i)
			out.Partitions = append(out.Partitions, p)
		}
		resp.Topics = append(resp.Topics, out)
	}
	return resp
}

var errNoQuorum = fmt.Errorf("%w: the quorum has partition 0 of %s, and no other", kerr.UnknownTopicOrPartition, metadataTopic)

func (s *Server) quorum() kmsg.DescribeQuorumResponseTopicPartition {
	seq, now := s.log.JournalEnd()
	p := kmsg.NewDescribeQuorumResponseTopicPartition()
	p.ErrorMessage = new(string)
	p.LeaderID, p.LeaderEpoch, p.HighWatermark = nodeID, s.log.LeaderEpoch(), int64(seq)+1
	voter := kmsg.NewDescribeQuorumResponseTopicPartitionReplicaState()
	voter.ReplicaID, voter.LogEndOffset = nodeID, p.HighWatermark
	voter.LastFetchTimestamp, voter.LastCaughtUpTimestamp = now, now
	p.CurrentVoters = append(p.CurrentVoters, voter)
	return p
}

// quorumNode tells where the only voter is: it has no listener that is for controllers alone.
func (s *Server) quorumNode(c *client) kmsg.DescribeQuorumResponseNode {
	n, l := kmsg.NewDescribeQuorumResponseNode(), kmsg.NewDescribeQuorumResponseNodeListener()
	id, host, port := s.broker(c)
	n.NodeID, l.Name, l.Host, l.Port = id, "PLAINTEXT", host, uint16(port)
	n.Listeners = append(n.Listeners, l)
	return n
}
