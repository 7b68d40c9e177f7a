package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// describeACLs answers DescribeAcls as a Kafka without an authorizer does: SECURITY_DISABLED, whatever is asked for. Types that do not
// exist are INVALID_REQUEST, where Kafka closes the connection.
func (s *Server) describeACLs(_ context.Context, _ *client, req *kmsg.DescribeACLsRequest) *kmsg.DescribeACLsResponse {
	resp := req.ResponseKind().(*kmsg.DescribeACLsResponse)
	err := fmt.Errorf("%w: there are no ACLs, everybody may do everything", kerr.SecurityDisabled)
	if req.ResourceType == 0 || req.ResourcePatternType == 0 || req.Operation == 0 || req.PermissionType == 0 {
		err = fmt.Errorf("%w: a type of 0 is unknown; 1 is any", kerr.InvalidRequest)
	}
	resp.ErrorCode, resp.ErrorMessage = codeOf(err), textOf(err)
	return resp
}
