package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// initProducerID answers InitProducerId with an id that nobody else has, for an idempotent producer (KIP-98).
//
// A transactional id is refused with TRANSACTIONAL_ID_AUTHORIZATION_FAILED: clients take that for final and
// report it, where they would retry most other codes for ever.
func (s *Server) initProducerID(ctx context.Context, _ *client, req *kmsg.InitProducerIDRequest) *kmsg.InitProducerIDResponse {
	resp := req.ResponseKind().(*kmsg.InitProducerIDResponse)
	resp.ProducerID, resp.ProducerEpoch = -1, -1
	if req.TransactionalID != nil {
		s.logger.Info("kafka: transactions are not supported", "transactional_id", *req.TransactionalID)
		resp.ErrorCode = kerr.TransactionalIDAuthorizationFailed.Code
		return resp
	}
	ctx, cancel := context.WithTimeout(ctx, maxAdminWaitMillis*time.Millisecond)
	defer cancel()
	id, err := s.log.ReserveProducerID(ctx)
	if resp.ErrorCode = codeOf(err); err == nil {
		resp.ProducerID, resp.ProducerEpoch = id, 0
	}
	return resp
}
