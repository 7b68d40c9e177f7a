package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// listPartitionReassignments answers ListPartitionReassignments (KIP-455): none is ever under way, there is nowhere to go. What does not
// exist is left out as well, as in Kafka.
func (s *Server) listPartitionReassignments(_ context.Context, _ *client, req *kmsg.ListPartitionReassignmentsRequest) *kmsg.ListPartitionReassignmentsResponse {
	return req.ResponseKind().(*kmsg.ListPartitionReassignmentsResponse)
}
