package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log/group"
)

// Types of key that a coordinator may be sought for.
const (
	coordinatorGroup       = 0
	coordinatorTransaction = 1
)

// findCoordinator answers FindCoordinator: this broker coordinates every group.
//
//   - From version 4 on a request has several keys, each with its own answer.
//   - Where all is well the text is "NONE", from version 4 on empty, as in Kafka: never null.
//   - A transaction's coordinator is this broker too: a client that is told so learns from
//     InitProducerId that transactions are rejected, and why; with an error here it would
//     look for a coordinator for ever.
//   - Share groups (type 2) do not exist here: INVALID_REQUEST, as from a Kafka where they are off.
func (s *Server) findCoordinator(_ context.Context, c *client, req *kmsg.FindCoordinatorRequest) *kmsg.FindCoordinatorResponse {
	resp := req.ResponseKind().(*kmsg.FindCoordinatorResponse)
	if req.Version < 4 {
		one := s.coordinator(c, req.CoordinatorType, req.CoordinatorKey)
		if one.ErrorCode == 0 {
			one.ErrorMessage = kmsg.StringPtr("NONE")
		}
		resp.ErrorCode, resp.ErrorMessage = one.ErrorCode, one.ErrorMessage
		resp.NodeID, resp.Host, resp.Port = one.NodeID, one.Host, one.Port
		return resp
	}
	keys, _ := distinct(req.CoordinatorKeys, itself)
	for i, key := range keys {
		one := noCoordinator(kerr.InvalidRequest, "too many keys in one request")
		if i < maxGroupNames {
			one = s.coordinator(c, req.CoordinatorType, key)
		}
		one.Key = key
		resp.Coordinators = append(resp.Coordinators, one)
		if i >= maxGroupNames {
			break // the client sees that keys are missing, and why
		}
	}
	return resp
}

func (s *Server) coordinator(c *client, keyType int8, key string) kmsg.FindCoordinatorResponseCoordinator {
	switch keyType {
	case coordinatorGroup:
		if group.CheckName(key) != nil {
			return noCoordinator(kerr.InvalidGroupID, "the group's name is too long")
		}
	case coordinatorTransaction:
	default:
		return noCoordinator(kerr.InvalidRequest, "this broker coordinates consumer groups only")
	}
	one := kmsg.NewFindCoordinatorResponseCoordinator()
	one.NodeID, one.Host, one.Port = s.broker(c)
	one.ErrorMessage = new(string)
	return one
}

func noCoordinator(err *kerr.Error, why string) kmsg.FindCoordinatorResponseCoordinator {
	one := kmsg.NewFindCoordinatorResponseCoordinator()
	one.ErrorCode, one.ErrorMessage = err.Code, &why
	one.NodeID, one.Port = -1, -1
	return one
}
