package kafka

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// incrementalAlterConfigs answers IncrementalAlterConfigs (KIP-339) once it is durable: what it names is set, goes
// back to its default, or is added to or taken from a list; all else stays.
//
//   - As in AlterConfigs only topics can be altered, and each stands once in a request; so does each config.
//   - A list that is appended to or subtracted from is read and written back: such requests run one at a time.
func (s *Server) incrementalAlterConfigs(ctx context.Context, _ *client, req *kmsg.IncrementalAlterConfigsRequest) *kmsg.IncrementalAlterConfigsResponse {
	resp := req.ResponseKind().(*kmsg.IncrementalAlterConfigsResponse)
	var twice map[int]bool
	req.Resources, twice = distinct(req.Resources, func(r *kmsg.IncrementalAlterConfigsRequestResource) resourceKey {
		return resourceKey{r.ResourceType, r.ResourceName}
	})
	resp.Resources = make([]kmsg.IncrementalAlterConfigsResponseResource, len(req.Resources))
	if editsLists(req) {
		s.configs.Lock()
		defer s.configs.Unlock()
	}
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
			change, err = s.incrementalChange(r)
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

func editsLists(req *kmsg.IncrementalAlterConfigsRequest) bool {
	for i := range req.Resources {
		for _, c := range req.Resources[i].Configs {
			if c.Op == kmsg.IncrementalAlterConfigOpAppend || c.Op == kmsg.IncrementalAlterConfigOpSubtract {
				return true
			}
		}
	}
	return false
}

func (s *Server) incrementalChange(r *kmsg.IncrementalAlterConfigsRequestResource) (log.ConfigChange, error) {
	change := log.ConfigChange{Topic: r.ResourceName, Set: make(map[string]string)}
	seen := make(map[string]bool)
	for _, c := range r.Configs {
		if seen[c.Name] {
			return change, errConfigTwice(c.Name)
		}
		seen[c.Name] = true
		if c.Op == kmsg.IncrementalAlterConfigOpDelete {
			change.Remove = append(change.Remove, c.Name)
			continue
		}
		if c.Value == nil {
			return change, fmt.Errorf("%w: config %q without a value; delete it to go back to its default", kerr.InvalidRequest, c.Name)
		}
		value, err := s.changedValue(r.ResourceName, c)
		if err != nil {
			return change, err
		}
		change.Set[c.Name] = value
	}
	return change, nil
}

// changedValue is what a config is set to.
func (s *Server) changedValue(topic string, c kmsg.IncrementalAlterConfigsRequestResourceConfig) (string, error) {
	switch c.Op {
	case kmsg.IncrementalAlterConfigOpSet:
		return *c.Value, nil
	case kmsg.IncrementalAlterConfigOpAppend, kmsg.IncrementalAlterConfigOpSubtract:
	default:
		return "", fmt.Errorf("%w: config %q: unknown operation %d", kerr.InvalidRequest, c.Name, c.Op)
	}
	configs, err := s.log.DescribeConfigs(topic)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(configs, func(have log.Config) bool { return have.Name == c.Name })
	if i < 0 || configs[i].Type != log.ConfigList {
		return "", fmt.Errorf("%w: config %q is no list", kerr.InvalidConfig, c.Name)
	}
	return editList(configs[i].Value, *c.Value, c.Op == kmsg.IncrementalAlterConfigOpAppend), nil
}

// editList adds the items of a list to another one, or takes them from it.
func editList(have, items string, add bool) string {
	list := strings.Split(have, ",")
	if have == "" {
		list = nil
	}
	for item := range strings.SplitSeq(items, ",") {
		switch i := slices.Index(list, item); {
		case add && i < 0:
			list = append(list, item)
		case !add && i >= 0:
			list = slices.Delete(list, i, i+1)
		}
	}
	return strings.Join(list, ",")
}
