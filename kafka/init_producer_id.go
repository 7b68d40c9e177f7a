package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// initProducerID answers InitProducerId with an id that nobody else has, at epoch 0, for an idempotent producer (KIP-98).
// The id and epoch that a client may name from version 3 on (KIP-360) are for transactions: it gets a new id.
//
// One of the two without the other, or an empty transactional id, is INVALID_REQUEST.
// A transactional id is rejected with TRANSACTIONAL_ID_AUTHORIZATION_FAILED: all clients take that for final and
// report it, where librdkafka would retry most other codes for ever.
func (s *Server) initProducerID(ctx context.Context, c *client, req *kmsg.InitProducerIDRequest) *kmsg.InitProducerIDResponse {
	resp := req.ResponseKind().(*kmsg.InitProducerIDResponse)
	resp.ProducerID, resp.ProducerEpoch = -1, -1
	if err := checkProducer(req); err != nil {
		resp.ErrorCode = codeOf(err)
		return resp
	}
	if req.TransactionalID != nil {
		s.logger.Warn("kafka: transactions are not supported", "client", c.id, "from", c.host, "transactional_id", *req.TransactionalID)
		resp.ErrorCode = codeOf(log.ErrTransactional)
		return resp
	}
	ctx, cancel := context.WithTimeout(ctx, maxAdminWait)
	defer cancel()
	id, err := s.log.ReserveProducerID(ctx)
	if resp.ErrorCode = codeOf(err); err == nil {
		resp.ProducerID, resp.ProducerEpoch = id, 0
	}
	return resp
}

// checkProducer refuses what no producer asks for.
func checkProducer(req *kmsg.InitProducerIDRequest) error {
	switch {
	case (req.ProducerID == -1) != (req.ProducerEpoch == -1):
		return fmt.Errorf("%w: producer id %d with epoch %d: both are -1 or neither", kerr.InvalidRequest, req.ProducerID, req.ProducerEpoch)
	case req.TransactionalID != nil && *req.TransactionalID == "":
		return fmt.Errorf("%w: the transactional id is empty", kerr.InvalidRequest)
	}
	return nil
}
