package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// incrementalAlterConfigs answers IncrementalAlterConfigs (KIP-339): what it names is set or goes back to its default, all
// else stays. No config that the engine honours is a list to add to or to take from, except
// cleanup.policy, which has one value only.
func (s *Server) incrementalAlterConfigs(_ context.Context, _ *client, req *kmsg.IncrementalAlterConfigsRequest) func() *kmsg.IncrementalAlterConfigsResponse {
	resp := req.ResponseKind().(*kmsg.IncrementalAlterConfigsResponse)
	resp.Resources = make([]kmsg.IncrementalAlterConfigsResponseResource, len(req.Resources))
	var changes []log.ConfigChange
	var answers []*kmsg.IncrementalAlterConfigsResponseResource
	for i := range req.Resources {
		r, out := &req.Resources[i], &resp.Resources[i]
		out.ResourceType, out.ResourceName = r.ResourceType, r.ResourceName
		if out.ErrorCode, out.ErrorMessage = alterable(r.ResourceType); out.ErrorCode != 0 {
			continue
		}
		change, why := incrementalChange(r)
		if why != "" {
			out.ErrorCode, out.ErrorMessage = kerr.InvalidRequest.Code, &why
			continue
		}
		changes, answers = append(changes, change), append(answers, out)
	}
	pending := s.log.AlterConfigs(changes, req.ValidateOnly)
	return func() *kmsg.IncrementalAlterConfigsResponse {
		errs, err := waitAdmin(pending, 0)
		for i, out := range answers {
			out.ErrorCode, out.ErrorMessage = changeOutcome(errs, i, err)
		}
		return resp
	}
}

func incrementalChange(r *kmsg.IncrementalAlterConfigsRequestResource) (change log.ConfigChange, why string) {
	change = log.ConfigChange{Topic: r.ResourceName, Set: make(map[string]string)}
	seen := make(map[string]bool)
	for _, c := range r.Configs {
		if seen[c.Name] {
			return change, fmt.Sprintf("config %q stands twice in the request", c.Name)
		}
		seen[c.Name] = true
		switch {
		case c.Op == kmsg.IncrementalAlterConfigOpDelete:
			change.Remove = append(change.Remove, c.Name)
		case c.Op == kmsg.IncrementalAlterConfigOpSet && c.Value != nil:
			change.Set[c.Name] = *c.Value
		case c.Op == kmsg.IncrementalAlterConfigOpSet:
			return change, fmt.Sprintf("config %q is set to null; delete it to go back to its default", c.Name)
		default:
			return change, fmt.Sprintf("config %q cannot be appended to or subtracted from", c.Name)
		}
	}
	return change, ""
}
