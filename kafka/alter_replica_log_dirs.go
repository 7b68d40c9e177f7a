package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// alterReplicaLogDirs answers AlterReplicaLogDirs (KIP-113): what is to lie in the one place that there is lies there already,
// and any other one is LOG_DIR_NOT_FOUND, also for a partition that does not exist.
func (s *Server) alterReplicaLogDirs(_ context.Context, _ *client, req *kmsg.AlterReplicaLogDirsRequest) *kmsg.AlterReplicaLogDirsResponse {
	resp := req.ResponseKind().(*kmsg.AlterReplicaLogDirsResponse)
	type move struct {
		topic     string
		partition int32
		dir       string
	}
	var moves []move
	for _, d := range req.Dirs {
		for _, t := range d.Topics {
			for _, p := range t.Partitions {
				moves = append(moves, move{t.Topic, p, d.Dir})
			}
		}
	}
	type target struct {
		topic     string
		partition int32
	}
	moves, _ = distinct(moves, func(m *move) target { return target{m.topic, m.partition} })
	at := make(map[string]int)
	for _, m := range moves {
		i, known := at[m.topic]
		if !known {
			i = len(resp.Topics)
			at[m.topic] = i
			resp.Topics = append(resp.Topics, kmsg.AlterReplicaLogDirsResponseTopic{Topic: m.topic})
		}
		p := kmsg.NewAlterReplicaLogDirsResponseTopicPartition()
		p.Partition, p.ErrorCode = m.partition, s.replicaMoveCode(m.topic, m.partition, m.dir)
		resp.Topics[i].Partitions = append(resp.Topics[i].Partitions, p)
	}
	return resp
}

func (s *Server) replicaMoveCode(topic string, partition int32, dir string) int16 {
	if dir != logDir {
		return kerr.LogDirNotFound.Code
	}
	t, err := s.log.Topic(topic)
	if err == nil {
		err = checkPartition(t, partition)
	}
	return codeOf(err)
}
