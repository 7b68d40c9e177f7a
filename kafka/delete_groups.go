package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

// deleteGroups answers DeleteGroups once the groups' offsets are gone for good. A
// group that has members is NON_EMPTY_GROUP, one that does not exist GROUP_ID_NOT_FOUND.
//
//   - From version 3 on an error has a message.
func (s *Server) deleteGroups(ctx context.Context, _ *client, req *kmsg.DeleteGroupsRequest) func() *kmsg.DeleteGroupsResponse {
	resp := req.ResponseKind().(*kmsg.DeleteGroupsResponse)
	groups, _ := distinct(req.Groups, itself)
	started := make([]*log.Pending[[]error], len(groups))
	for i, name := range groups {
		one := kmsg.NewDeleteGroupsResponseGroup()
		one.Group, one.ErrorCode = name, kerr.InvalidRequest.Code
		if i < maxGroupNames {
			started[i], one.ErrorCode = s.startDelete(name)
		}
		resp.Groups = append(resp.Groups, one)
		if i >= maxGroupNames {
			break // the client sees that groups are missing, and why
		}
	}
	return func() *kmsg.DeleteGroupsResponse {
		ctx, cancel := s.untilDurable(ctx)
		defer cancel()
		for i := range resp.Groups {
			one := &resp.Groups[i]
			if started[i] != nil {
				one.ErrorCode = groupCode(only(started[i].Wait(ctx)))
			}
			if err := kerr.ErrorForCode(one.ErrorCode); err != nil {
				why := err.Error()
				one.ErrorMessage = &why
			}
		}
		return resp
	}
}

// startDelete begins to delete a group that has no members. Whoever joins
// afterwards commits afterwards.
func (s *Server) startDelete(name string) (deletion *log.Pending[[]error], code int16) {
	err := s.groups.WhileEmpty(name, func() { deletion = s.log.DeleteGroups([]string{name}) })
	return deletion, groupCode(err)
}

// only is the outcome of a change of one thing.
func only(errs []error, err error) error {
	if err == nil && len(errs) > 0 {
		return errs[0]
	}
	return err
}
