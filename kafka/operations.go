package kafka

import "github.com/twmb/franz-go/pkg/kmsg"

// Operations that everybody may do, as bit fields. There are no ACLs, so they are all that Kafka has for a kind of thing.
var (
	topicOperations = operations(
		kmsg.ACLOperationRead, kmsg.ACLOperationWrite, kmsg.ACLOperationCreate, kmsg.ACLOperationDelete, kmsg.ACLOperationAlter,
		kmsg.ACLOperationDescribe, kmsg.ACLOperationDescribeConfigs, kmsg.ACLOperationAlterConfigs)
	clusterOperations = operations(
		kmsg.ACLOperationCreate, kmsg.ACLOperationAlter, kmsg.ACLOperationDescribe, kmsg.ACLOperationClusterAction,
		kmsg.ACLOperationDescribeConfigs, kmsg.ACLOperationAlterConfigs, kmsg.ACLOperationIdempotentWrite)
	groupOperations = operations(
		kmsg.ACLOperationRead, kmsg.ACLOperationDelete, kmsg.ACLOperationDescribe,
		kmsg.ACLOperationDescribeConfigs, kmsg.ACLOperationAlterConfigs)
)

func operations(all ...kmsg.ACLOperation) (bits int32) {
	for _, o := range all {
		bits |= 1 << o
	}
	return bits
}
