package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// alterConfigs answers AlterConfigs once it is durable: what it names is set on a topic, all else goes back to its default.
//
//   - Only topics have configs that can be altered: the broker's are settings of the program.
//   - Configs that the engine does not honour are rejected by name; a null value means the default.
//   - A topic that stands twice in a request is INVALID_REQUEST.
func (s *Server) alterConfigs(ctx context.Context, _ *client, req *kmsg.AlterConfigsRequest) *kmsg.AlterConfigsResponse {
	resp := req.ResponseKind().(*kmsg.AlterConfigsResponse)
	resp.Resources = make([]kmsg.AlterConfigsResponseResource, len(req.Resources))
	named := make(map[string]int, len(req.Resources))
	for _, r := range req.Resources {
		named[r.ResourceName]++
	}
	var changes []log.ConfigChange
	var slots []errorSlot
	for i := range req.Resources {
		r, out := &req.Resources[i], &resp.Resources[i]
		out.Default()
		out.ResourceType, out.ResourceName = r.ResourceType, r.ResourceName
		slot := errorSlot{&out.ErrorCode, &out.ErrorMessage}
		if err := alterable(r.ResourceType, r.ResourceName, named[r.ResourceName]); err != nil {
			slot.set(err)
			continue
		}
		changes, slots = append(changes, replacement(r)), append(slots, slot)
	}
	errs, err := awaitChange(ctx, s.log.AlterConfigs(changes, req.ValidateOnly), 0)
	fillErrors(slots, errs, err)
	return resp
}

func replacement(r *kmsg.AlterConfigsRequestResource) log.ConfigChange {
	change := log.ConfigChange{Topic: r.ResourceName, Replace: true, Set: make(map[string]string, len(r.Configs))}
	for _, c := range r.Configs {
		if c.Value != nil {
			change.Set[c.Name] = *c.Value
		}
	}
	return change
}
