package grpcapi

import (
	"errors"
	"fmt"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
)

// service is the StreamHouse service: one method per RPC, each in the file of its kind. Methods return
// statuses, may be called concurrently, and keep nothing between calls.
type service struct {
	pb.UnsafeStreamHouseServer // a missing method does not compile
	log                        *log.Log
}

// partition finds the partition that a request is about. The error is a status: NOT_FOUND for the topic,
// INVALID_ARGUMENT for the partition. The topic may be deleted before the id is used; it stays that topic's,
// also when another one gets the name.
func (s *service) partition(req addressed) (log.PartitionID, error) {
	topic, index := req.GetTopic(), req.GetPartition()
	t, err := s.log.Topic(topic)
	if err != nil {
		return log.PartitionID{}, failure(err, topic)
	}
	if int64(index) >= int64(t.Partitions) {
		return log.PartitionID{}, failure(log.ErrPartitionNotFound, fmt.Sprintf("%d (topic %s has partitions 0 to %d)", index, topic, t.Partitions-1))
	}
	return log.PartitionID{Topic: t.ID, Index: int32(index)}, nil
}

// addressed is a request about one partition, as the generated requests are by their fields.
type addressed interface {
	GetTopic() string
	GetPartition() uint32
}

// failed is the answer to a request about a partition that err ended: [failure] with the right subject.
func failed(err error, req addressed) error {
	if errors.Is(err, log.ErrTopicNotFound) {
		return failure(err, req.GetTopic()) // deleted meanwhile
	}
	return failure(err, place(req))
}

// place names a partition in an answer.
func place(req addressed) string {
	return fmt.Sprintf("%d of topic %s", req.GetPartition(), req.GetTopic())
}
