package kafka

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log/group"
)

// groupType is what all groups here are called where types are told apart (KIP-848).
const groupType = "classic"

// listGroups answers ListGroups with the groups that have members or offsets,
// by name. One that only has offsets is Empty, and of no protocol type.
//
//   - States may be filtered from version 4 on, types from version 5 on; letter case does not matter.
func (s *Server) listGroups(_ context.Context, _ *client, req *kmsg.ListGroupsRequest) *kmsg.ListGroupsResponse {
	resp := req.ResponseKind().(*kmsg.ListGroupsResponse)
	all, err := s.listed()
	if err != nil {
		resp.ErrorCode = kerr.CoordinatorNotAvailable.Code
		return resp
	}
	states, types := newFilter(req.StatesFilter), newFilter(req.TypesFilter)
	for _, one := range all {
		if states.passes(one.GroupState) && types.passes(one.GroupType) {
			resp.Groups = append(resp.Groups, one)
		}
	}
	return resp
}

// listed returns all groups. The only error is that of a server that stops.
func (s *Server) listed() ([]kmsg.ListGroupsResponseGroup, error) {
	groups, err := s.groups.List()
	if err != nil {
		return nil, err
	}
	listed := make(map[string]bool)
	for _, g := range groups {
		listed[g.Name] = true
	}
	for _, name := range s.log.Groups() {
		if !listed[name] {
			groups = append(groups, group.Summary{Name: name, State: group.Empty})
		}
	}
	var all []kmsg.ListGroupsResponseGroup
	for _, g := range groups {
		one := kmsg.NewListGroupsResponseGroup()
		one.Group, one.ProtocolType, one.GroupState, one.GroupType = g.Name, g.ProtocolType, g.State.String(), groupType
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b kmsg.ListGroupsResponseGroup) int { return cmp.Compare(a.Group, b.Group) })
	return all, nil
}

// filter lets the values through that a request names, in any letter case; one that names none lets all.
type filter map[string]bool

func newFilter(values []string) filter {
	f := make(filter)
	for _, v := range values {
		f[strings.ToLower(v)] = true
	}
	return f
}

func (f filter) passes(value string) bool { return len(f) == 0 || f[strings.ToLower(value)] }
