package kafka

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

func (o *offsetTest) deleteGroups(version int16, names ...string) *call[*kmsg.DeleteGroupsResponse] {
	req := kmsg.NewPtrDeleteGroupsRequest()
	req.Version, req.Groups = version, names
	return started(o.T, o.s.deleteGroups(o.ctx, &client{id: "c"}, overTheWire(o.T, req)))
}

func TestDeleteGroups(t *testing.T) {
	for version := int16(0); version <= 3; version++ {
		inOffsets(t, noDelay, func(o *offsetTest) {
			o.threeGroups()
			resp := o.deleteGroups(version, "g", "i", "none", strings.Repeat("g", log.MaxGroupName+1)).answer()
			for i, want := range []*kerr.Error{kerr.NonEmptyGroup, nil, kerr.GroupIDNotFound, kerr.InvalidGroupID} {
				code(t, want, resp.Groups[i].ErrorCode)
				require.Equal(t, version >= 3 && want != nil, resp.Groups[i].ErrorMessage != nil)
			}
			require.Equal(t, int64(1), o.committed("g", 0))
			require.Equal(t, int64(-1), o.committed("i", 0))
			require.NotContains(t, o.s.log.Groups(), "i")
		})
	}
}

func TestDeleteGroupsAreGoneForGood(t *testing.T) {
	inOffsets(t, noDelay, func(o *offsetTest) {
		code(t, nil, o.commitCode(commitRequest(at(0, 1, ""))))
		o.store.shut()
		deletion := o.deleteGroups(2, "g")
		deletion.waits()
		again := o.commit(commitRequest(at(1, 2, ""))) // comes after the deletion
		o.store.open()
		code(t, nil, deletion.answer().Groups[0].ErrorCode)
		code(t, nil, again.answer().Topics[0].Partitions[0].ErrorCode)
		require.Equal(t, []int64{-1, 2}, []int64{o.committed("g", 0), o.committed("g", 1)})

		o.store.shut()
		code(t, kerr.CoordinatorNotAvailable, o.deleteGroups(2, "g").answer().Groups[0].ErrorCode)
	})
}
