package kafka

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// groupType is what all groups here are called where types are told apart (KIP-848).
const groupType = "classic"

// listGroups answers ListGroups with the groups that have members or offsets,
// by name. One that only has offsets is Empty, and of no protocol type.
//
//   - States may be filtered from version 4 on, types from version 5 on; letter case does not matter.
func (s *Server) listGroups(_ context.Context, _ *client, req *kmsg.ListGroupsRequest) *kmsg.ListGroupsResponse {
	resp := req.ResponseKind().(*kmsg.ListGroupsResponse)
	if s.groups.stopped() {
		resp.ErrorCode = kerr.CoordinatorNotAvailable.Code
		return resp
	}
	for _, one := range s.listed() {
		if passes(req.StatesFilter, one.GroupState) && passes(req.TypesFilter, one.GroupType) {
			resp.Groups = append(resp.Groups, one)
		}
	}
	return resp
}

func (s *Server) listed() []kmsg.ListGroupsResponseGroup {
	var all []kmsg.ListGroupsResponseGroup
	add := func(name, protocolType string, state groupState) {
		one := kmsg.NewListGroupsResponseGroup()
		one.Group, one.ProtocolType, one.GroupState, one.GroupType = name, protocolType, state.String(), groupType
		all = append(all, one)
	}
	members := make(map[string]bool)
	s.groups.each(func(g *group) {
		members[g.name] = true
		add(g.name, g.protocolType, g.state)
	})
	for _, name := range s.log.Groups() {
		if !members[name] {
			add(name, "", groupEmpty)
		}
	}
	slices.SortFunc(all, func(a, b kmsg.ListGroupsResponseGroup) int { return cmp.Compare(a.Group, b.Group) })
	return all
}

// passes tells whether a filter lets a value through; an empty one lets all.
func passes(filter []string, value string) bool {
	return len(filter) == 0 || slices.ContainsFunc(filter, func(f string) bool { return strings.EqualFold(f, value) })
}
