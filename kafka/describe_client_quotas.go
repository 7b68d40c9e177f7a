package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// describeClientQuotas answers DescribeClientQuotas (KIP-546): there are none. What Kafka refuses to look for is refused.
func (s *Server) describeClientQuotas(_ context.Context, _ *client, req *kmsg.DescribeClientQuotasRequest) *kmsg.DescribeClientQuotasResponse {
	resp := req.ResponseKind().(*kmsg.DescribeClientQuotasResponse)
	if err := checkQuotaFilter(req.Components); err != nil {
		resp.ErrorCode, resp.ErrorMessage = codeOf(err), textOf(err)
		return resp
	}
	resp.ErrorMessage, resp.Entries = new(string), []kmsg.DescribeClientQuotasResponseEntry{} // as in Kafka: not null
	return resp
}

// checkQuotaFilter has the rules of Kafka's ClientQuotasImage.describe.
func checkQuotaFilter(components []kmsg.DescribeClientQuotasRequestComponent) error {
	seen := make(map[string]bool)
	for _, c := range components {
		named := c.Match != nil
		switch {
		case c.EntityType == "":
			return fmt.Errorf("%w: a type of entities without a name", kerr.InvalidRequest)
		case seen[c.EntityType]:
			return fmt.Errorf("%w: %q stands twice in the request", kerr.InvalidRequest, c.EntityType)
		case c.EntityType != "user" && c.EntityType != "client-id" && c.EntityType != "ip":
			return fmt.Errorf("%w: entities are of type user, client-id or ip, not %q", kerr.UnsupportedVersion, c.EntityType)
		case c.MatchType < kmsg.QuotasMatchTypeExact || c.MatchType > kmsg.QuotasMatchTypeAny:
			return fmt.Errorf("%w: match type %d", kerr.InvalidRequest, c.MatchType)
		case named != (c.MatchType == kmsg.QuotasMatchTypeExact):
			return fmt.Errorf("%w: %s has a name to match, or a match type that needs none", kerr.InvalidRequest, c.EntityType)
		}
		seen[c.EntityType] = true
	}
	if seen["ip"] && len(seen) > 1 {
		return fmt.Errorf("%w: quotas of addresses are not those of users or clients, too", kerr.InvalidRequest)
	}
	return nil
}
