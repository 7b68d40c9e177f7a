package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// alterConfigs answers AlterConfigs once it is durable: what it names is set on a topic, all else goes back to its default.
//
//   - Only topics have configs that can be altered: the broker's are settings of the program.
//   - Configs that the engine does not honour are rejected by name. A null value and a config that stands twice are
//     INVALID_REQUEST.
//   - A topic that stands twice in a request is INVALID_REQUEST.
func (s *Server) alterConfigs(ctx context.Context, _ *client, req *kmsg.AlterConfigsRequest) *kmsg.AlterConfigsResponse {
	resp := req.ResponseKind().(*kmsg.AlterConfigsResponse)
	var twice map[int]bool
	req.Resources, twice = distinct(req.Resources, func(r *kmsg.AlterConfigsRequestResource) resourceKey {
		return resourceKey{r.ResourceType, r.ResourceName}
	})
	resp.Resources = make([]kmsg.AlterConfigsResponseResource, len(req.Resources))
	var changes []log.ConfigChange
	var slots []errorSlot
	for i := range req.Resources {
		r, out := &req.Resources[i], &resp.Resources[i]
		out.Default()
		out.ResourceType, out.ResourceName = r.ResourceType, r.ResourceName
		slot := errorSlot{&out.ErrorCode, &out.ErrorMessage}
		err := alterable(r.ResourceType, r.ResourceName, twice[i])
		var change log.ConfigChange
		if err == nil {
			change, err = replacement(r)
		}
		if err != nil {
			slot.set(err)
			continue
		}
		changes, slots = append(changes, change), append(slots, slot)
	}
	errs, err := awaitChange(ctx, s.log.AlterConfigs(changes, req.ValidateOnly), 0)
	fillErrors(slots, errs, err)
	return resp
}

func replacement(r *kmsg.AlterConfigsRequestResource) (log.ConfigChange, error) {
	change := log.ConfigChange{Topic: r.ResourceName, Replace: true, Set: make(map[string]string, len(r.Configs))}
	for _, c := range r.Configs {
		if _, twice := change.Set[c.Name]; twice {
			return change, errConfigTwice(c.Name)
		}
		if c.Value == nil {
			return change, fmt.Errorf("%w: config %q without a value; leave it out for its default", kerr.InvalidRequest, c.Name)
		}
		change.Set[c.Name] = *c.Value
	}
	return change, nil
}
