package kafka

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

func TestDescribeGroups(t *testing.T) {
	for version := int16(0); version <= 6; version++ {
		inOffsets(t, noDelay, func(o *offsetTest) {
			o.threeGroups()
			req := kmsg.NewPtrDescribeGroupsRequest()
			req.Version, req.IncludeAuthorizedOperations = version, true
			req.Groups = []string{"g", "h", "i", "none", strings.Repeat("g", log.MaxGroupName+1)}
			resp := overWire(t, o.s.describeGroups(o.ctx, &client{id: "c"}, overTheWire(t, req)))
			require.Len(t, resp.Groups, 5)

			stable := resp.Groups[0]
			require.Equal(t, []string{"g", "Stable", "consumer", "range"},
				[]string{stable.Group, stable.State, stable.ProtocolType, stable.Protocol})
			require.Len(t, stable.Members, 1)
			m := stable.Members[0]
			require.True(t, strings.HasPrefix(m.MemberID, "m-"))
			require.Equal(t, []string{"client-of-m", "/10.0.0.1"}, []string{m.ClientID, m.ClientHost})
			require.Equal(t, version >= 4, m.InstanceID != nil)
			require.Equal(t, reading("a")[0].Metadata, m.ProtocolMetadata)
			require.Equal(t, "0/1", string(m.MemberAssignment))
			if version >= 3 {
				require.Equal(t, int32(3400), stable.AuthorizedOperations)
			} else {
				require.Equal(t, int32(math.MinInt32), stable.AuthorizedOperations)
			}

			preparing := resp.Groups[1]
			require.Equal(t, "PreparingRebalance", preparing.State)
			require.Empty(t, preparing.Protocol)
			require.Len(t, preparing.Members, 2)
			require.Empty(t, preparing.Members[0].MemberAssignment)

			require.Equal(t, "Empty", resp.Groups[2].State)
			code(t, nil, resp.Groups[2].ErrorCode)
			require.Equal(t, "Dead", resp.Groups[3].State)
			if version >= 6 {
				code(t, kerr.GroupIDNotFound, resp.Groups[3].ErrorCode)
				require.Contains(t, *resp.Groups[3].ErrorMessage, `"none"`)
			} else {
				code(t, nil, resp.Groups[3].ErrorCode)
			}
			code(t, kerr.InvalidGroupID, resp.Groups[4].ErrorCode)
			require.Equal(t, int32(math.MinInt32), resp.Groups[4].AuthorizedOperations)
			require.Equal(t, version >= 3 && version < 6, resp.Groups[3].AuthorizedOperations == 3400)
		})
	}
}

func TestDescribeGroupsIsBounded(t *testing.T) {
	inOffsets(t, noDelay, func(o *offsetTest) {
		req := kmsg.NewPtrDescribeGroupsRequest()
		req.Groups = manyNames(maxGroupNames + 5)
		resp := o.s.describeGroups(o.ctx, &client{id: "c"}, req)
		require.Len(t, resp.Groups, maxGroupNames+1)
		code(t, kerr.InvalidRequest, resp.Groups[maxGroupNames].ErrorCode)
	})
}
