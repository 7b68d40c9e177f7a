package log

import (
	"fmt"
	"strconv"

	"streamhouse/meta"
)

// The object store replicates, so a topic has no replicas of its own. But tools read back what they asked for: Terraform, Strimzi and
// whoever else keeps topics as they are declared compares the number of replicas, and would find a difference for ever, or try to
// change it for ever. So the number is kept, as a property of the topic and not of each partition, and shown as so many
// replicas, all of which are in sync, as they are.
//
// min.insync.replicas is always met: an acknowledged record is in the object store. Tools that compare it with the number of replicas in
// sync (kafka-topics --under-min-isr-partitions, and every console) would say for ever that it is not, where it is larger than the number of
// replicas; so as many are shown in sync as it wants. To refuse such a config is no way out: Kafka takes it, and the default that it is
// compared with may change later.

// MaxReplicas is the most that are kept, and the most that are shown in sync: every partition in an answer of metadata has a list of them.
// Kafka refuses more than it has brokers, and a replication factor is hardly ever larger than 5.
const MaxReplicas = 16

// checkReplicas checks what is asked for; 0 is nothing.
func checkReplicas(n int32) error {
	if n < 0 || n > MaxReplicas {
		return fmt.Errorf("%w: %d, it can be 1 to %d", ErrInvalidReplicas, n, MaxReplicas)
	}
	return nil
}

// setReplicas fills in what a topic shows of its replicas, where so many were asked for.
func (l *Log) setReplicas(t *Topic, asked int32) {
	t.Replicas = min(max(asked, 1), MaxReplicas)
	// What cannot be read is the config of a later version.
	least, _ := strconv.ParseInt(l.configs.value(t.Configs, "min.insync.replicas"), 10, 32)
	t.InSync = max(t.Replicas, int32(min(least, MaxReplicas)))
}

// ReplicasSpec asks for a topic to have a replication factor.
type ReplicasSpec struct {
	Topic    TopicID
	Replicas int32
}

// AlterReplicas changes what is kept as the replication factor of topics. Errors per topic: ErrTopicNotFound, ErrInvalidReplicas.
func (l *Log) AlterReplicas(specs []ReplicasSpec) *Pending[[]error] {
	entries, errs := make([]meta.Entry, len(specs)), make([]error, len(specs))
	for i, s := range specs {
		if errs[i] = checkReplicas(s.Replicas); errs[i] == nil {
			entries[i] = &meta.AlterReplicas{ID: s.Topic, Replicas: s.Replicas}
		}
	}
	return submitErrors(l, entries, errs)
}
