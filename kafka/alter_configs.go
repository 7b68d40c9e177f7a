package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// alterConfigs answers AlterConfigs: what it names is set on a topic, all else goes back to its default.
func (s *Server) alterConfigs(_ context.Context, _ *client, req *kmsg.AlterConfigsRequest) func() *kmsg.AlterConfigsResponse {
	resp := req.ResponseKind().(*kmsg.AlterConfigsResponse)
	resp.Resources = make([]kmsg.AlterConfigsResponseResource, len(req.Resources))
	var changes []log.ConfigChange
	var answers []*kmsg.AlterConfigsResponseResource
	for i, r := range req.Resources {
		out := &resp.Resources[i]
		out.ResourceType, out.ResourceName = r.ResourceType, r.ResourceName
		if out.ErrorCode, out.ErrorMessage = alterable(r.ResourceType); out.ErrorCode != 0 {
			continue
		}
		change := log.ConfigChange{Topic: r.ResourceName, Replace: true, Set: make(map[string]string)}
		for _, c := range r.Configs {
			if c.Value != nil { // null: the default
				change.Set[c.Name] = *c.Value
			}
		}
		changes, answers = append(changes, change), append(answers, out)
	}
	pending := s.log.AlterConfigs(changes, req.ValidateOnly)
	return func() *kmsg.AlterConfigsResponse {
		errs, err := waitAdmin(pending, 0)
		for i, out := range answers {
			out.ErrorCode, out.ErrorMessage = changeOutcome(errs, i, err)
		}
		return resp
	}
}

// alterable refuses what has no configs that a client can alter.
func alterable(kind kmsg.ConfigResourceType) (int16, *string) {
	if kind == kmsg.ConfigResourceTypeTopic {
		return 0, nil
	}
	why := "only the configs of topics can be altered; the broker's are settings of the program"
	return kerr.InvalidRequest.Code, &why
}
