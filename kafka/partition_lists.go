package kafka

import (
	"fmt"

	"streamhouse/log"
)

// number is the key of what is a partition's number.
func number(partition *int32) int32 { return *partition }

// checkPartition returns why a topic has no such partition, or nil. The text is short: it may be told of very many.
func checkPartition(t log.Topic, partition int32) error {
	if partition < 0 || partition >= t.Partitions {
		return fmt.Errorf("%w: the topic has %d", log.ErrPartitionNotFound, t.Partitions)
	}
	return nil
}
