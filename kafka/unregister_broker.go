package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// unregisterBroker answers UnregisterBroker (KIP-500): no other broker is registered than this one, which stays for as long as it runs.
func (s *Server) unregisterBroker(_ context.Context, _ *client, req *kmsg.UnregisterBrokerRequest) *kmsg.UnregisterBrokerResponse {
	resp := req.ResponseKind().(*kmsg.UnregisterBrokerResponse)
	err := fmt.Errorf("%w: %d", kerr.BrokerIDNotRegistered, req.BrokerID)
	if req.BrokerID == nodeID {
		err = fmt.Errorf("%w: broker %d is the one that answers", kerr.InvalidRequest, nodeID)
	}
	resp.ErrorCode, resp.ErrorMessage = codeOf(err), textOf(err)
	return resp
}
