package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log/group"
)

// groupDead is the state of a group that does not exist.
const groupDead = "Dead"

// describeGroups answers DescribeGroups. Subscriptions and assignments are
// told of a stable group only; those of another are about to change.
//
//   - Authorized operations are told from version 3 on, instance ids from version 4 on.
//   - Of groups beyond [Options].MaxAnswerBytes there is an error alone.
//   - A group that does not exist is Dead; from version 6 on that is GROUP_ID_NOT_FOUND.
func (s *Server) describeGroups(_ context.Context, _ *client, req *kmsg.DescribeGroupsRequest) *kmsg.DescribeGroupsResponse {
	resp := req.ResponseKind().(*kmsg.DescribeGroupsResponse)
	room := s.answerRoom()
	groups, _ := distinct(req.Groups, itself)
	for i, name := range groups {
		one := kmsg.NewDescribeGroupsResponseGroup()
		one.Group = name
		switch {
		case i >= maxGroupNames:
			one.ErrorCode = kerr.InvalidRequest.Code
			resp.Groups = append(resp.Groups, one)
			return resp // the client sees that groups are missing, and why
		case room.check() != nil:
			one.ErrorCode, one.ErrorMessage = kerr.InvalidRequest.Code, textOf(room.check())
		default:
			s.describeGroup(&one, req.Version)
			room.take(describedGroupBytes(&one))
		}
		if req.IncludeAuthorizedOperations && one.ErrorCode == 0 {
			one.AuthorizedOperations = groupOperations
		}
		resp.Groups = append(resp.Groups, one)
	}
	return resp
}

func (s *Server) describeGroup(one *kmsg.DescribeGroupsResponseGroup, version int16) {
	d, err := s.groups.Describe(one.Group)
	switch {
	case err == nil:
		fillDescription(one, &d)
	case !errors.Is(err, group.ErrUnknownGroup):
		one.ErrorCode = groupCode(err)
	case s.hasOffsets(one.Group):
		one.State = group.Empty.String()
	default:
		one.State = groupDead
		if version >= 6 {
			one.ErrorCode, one.ErrorMessage = kerr.GroupIDNotFound.Code, textOf(fmt.Errorf("group %q not found", one.Group))
		}
	}
}

// describedGroupBytes is about how long a described group is.
func describedGroupBytes(one *kmsg.DescribeGroupsResponseGroup) int {
	n := 32 + len(one.Group)
	for i := range one.Members {
		m := &one.Members[i]
		n += 16 + len(m.MemberID) + len(m.ClientID) + len(m.ClientHost) + len(m.ProtocolMetadata) + len(m.MemberAssignment)
	}
	return n
}

// hasOffsets tells whether anything is committed for a group.
func (s *Server) hasOffsets(group string) bool { return len(s.log.CommittedOffsets(group)) > 0 }

func fillDescription(one *kmsg.DescribeGroupsResponseGroup, d *group.Description) {
	one.State, one.ProtocolType, one.Protocol = d.State.String(), d.ProtocolType, d.Protocol
	for _, m := range d.Members {
		r := kmsg.NewDescribeGroupsResponseGroupMember()
		r.MemberID, r.InstanceID, r.ClientID, r.ClientHost = m.MemberID, m.InstanceID, m.ClientID, "/"+m.ClientHost
		r.ProtocolMetadata, r.MemberAssignment = m.Metadata, m.Assignment
		one.Members = append(one.Members, r)
	}
}
