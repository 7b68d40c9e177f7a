package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// groupOperations are the operations on a group as a bit field, those that
// everybody may do as long as there are no ACLs: read (3), delete (6), describe (8).
const groupOperations = 1<<3 | 1<<6 | 1<<8

// describeGroups answers DescribeGroups. Subscriptions and assignments are
// told of a stable group only; those of another are about to change.
//
//   - Authorized operations are told from version 3 on, instance ids from version 4 on.
//   - A group that does not exist is Dead; from version 6 on that is GROUP_ID_NOT_FOUND.
func (s *Server) describeGroups(_ context.Context, _ *client, req *kmsg.DescribeGroupsRequest) *kmsg.DescribeGroupsResponse {
	resp := req.ResponseKind().(*kmsg.DescribeGroupsResponse)
	for i, name := range req.Groups {
		one := kmsg.NewDescribeGroupsResponseGroup()
		one.Group = name
		switch {
		case i >= maxGroupNames:
			one.ErrorCode = kerr.InvalidRequest.Code
			resp.Groups = append(resp.Groups, one)
			return resp // the client sees that groups are missing, and why
		case checkGroupName(name, false) != 0:
			one.ErrorCode = kerr.InvalidGroupID.Code
		default:
			s.describeGroup(&one, req.Version)
		}
		if req.IncludeAuthorizedOperations {
			one.AuthorizedOperations = groupOperations
		}
		resp.Groups = append(resp.Groups, one)
	}
	return resp
}

func (s *Server) describeGroup(one *kmsg.DescribeGroupsResponseGroup, version int16) {
	g, code := s.groups.enter(one.Group)
	switch {
	case code != 0:
		one.ErrorCode = code
	case g != nil:
		defer g.exit()
		g.describe(one)
	case s.hasOffsets(one.Group):
		one.State = groupEmpty.String()
	default:
		one.State = groupDead
		if version >= 6 {
			why := fmt.Sprintf("group %q not found", one.Group)
			one.ErrorCode, one.ErrorMessage = kerr.GroupIDNotFound.Code, &why
		}
	}
}

// hasOffsets tells whether anything is committed for a group.
func (s *Server) hasOffsets(group string) bool { return len(s.log.CommittedOffsets(group)) > 0 }

// describe fills in a group's description. Metadata and assignments are shared with the members.
func (g *group) describe(one *kmsg.DescribeGroupsResponseGroup) {
	one.State, one.ProtocolType = g.state.String(), g.protocolType
	if g.state == groupStable {
		one.Protocol = g.protocol
	}
	for _, m := range g.ordered() {
		r := kmsg.NewDescribeGroupsResponseGroupMember()
		r.MemberID, r.InstanceID, r.ClientID, r.ClientHost = m.id, m.instance, m.clientID, "/"+m.clientHost
		if g.state == groupStable {
			r.ProtocolMetadata, r.MemberAssignment = m.metadata(g.protocol), m.assignment
		}
		one.Members = append(one.Members, r)
	}
}
