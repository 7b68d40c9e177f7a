package kafka

import (
	"context"
	"errors"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/log/group"
)

// newGroups makes the registry of consumer groups. It can read what consumers
// subscribe to; members of other types (Kafka Connect's) it takes as they are.
func newGroups(o group.Options, logger *slog.Logger) *group.Registry {
	return group.NewRegistry(o, map[string]group.ProtocolType{
		"consumer": {
			Topics:          subscribedTopics,
			EmptyAssignment: (&kmsg.ConsumerMemberAssignment{}).AppendTo(nil),
		},
	}, logger)
}

// subscribedTopics reads the metadata of a consumer.
func subscribedTopics(metadata []byte) ([]string, error) {
	var subscription kmsg.ConsumerMemberMetadata
	if err := subscription.ReadFrom(metadata); err != nil {
		return nil, err
	}
	return subscription.Topics, nil
}

// untilDurable bounds how long an answer waits for a change of offsets to become durable. What
// was taken is answered also while the server drains, when the connection's context has ended.
func (s *Server) untilDurable(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), s.o.CommitTimeout)
}

// groupCode is codeOf for the requests of groups: their clients take an engine in
// trouble for a coordinator in trouble, which they look for again and retry, and most other
// errors as final.
func groupCode(err error) int16 {
	switch {
	case errors.Is(err, log.ErrUnavailable), errors.Is(err, log.ErrTimeout):
		return kerr.CoordinatorNotAvailable.Code
	case errors.Is(err, log.ErrFenced), errors.Is(err, log.ErrClosed), errors.Is(err, log.ErrStoreShrank):
		return kerr.NotCoordinator.Code
	}
	return codeOf(err)
}
