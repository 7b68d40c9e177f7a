package kafka

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

func TestFindCoordinator(t *testing.T) {
	long := strings.Repeat("g", log.MaxGroupName+1)
	for version := int16(0); version <= 6; version++ {
		inOffsets(t, noDelay, func(o *offsetTest) {
			c := newTestClient(t)
			id, host, port := o.s.broker(c)
			find := func(keyType int8, key string) kmsg.FindCoordinatorResponseCoordinator {
				req := kmsg.NewPtrFindCoordinatorRequest()
				req.Version, req.CoordinatorType = version, keyType
				req.CoordinatorKey, req.CoordinatorKeys = key, []string{"other", key}
				resp := overWire(t, o.s.findCoordinator(o.ctx, c, overTheWire(t, req)))
				if version >= 4 {
					require.Len(t, resp.Coordinators, 2)
					require.Equal(t, "other", resp.Coordinators[0].Key)
					require.Equal(t, key, resp.Coordinators[1].Key)
					return resp.Coordinators[1]
				}
				return kmsg.FindCoordinatorResponseCoordinator{NodeID: resp.NodeID, Host: resp.Host, Port: resp.Port,
					ErrorCode: resp.ErrorCode, ErrorMessage: resp.ErrorMessage}
			}
			types := []int8{coordinatorGroup, coordinatorTransaction}
			if version == 0 {
				types = types[:1]
			}
			for _, keyType := range types {
				one := find(keyType, "key")
				code(t, nil, one.ErrorCode)
				requireFineText(t, version, one.ErrorMessage)
				require.Equal(t, id, one.NodeID)
				require.Equal(t, host, one.Host)
				require.Equal(t, port, one.Port)
			}
			code(t, kerr.InvalidGroupID, find(coordinatorGroup, long).ErrorCode)
			if version > 0 {
				one := find(2, "share")
				code(t, kerr.InvalidRequest, one.ErrorCode)
				require.Equal(t, int32(-1), one.NodeID)
				require.NotEmpty(t, *one.ErrorMessage)
			}
		})
	}
}

// requireFineText is what Kafka says where all is well.
func requireFineText(t *testing.T, version int16, text *string) {
	t.Helper()
	switch {
	case version == 0:
		require.Nil(t, text)
	case version < 4:
		require.Equal(t, "NONE", *text)
	default:
		require.Empty(t, *text)
	}
}

func TestFindCoordinatorIsBounded(t *testing.T) {
	inOffsets(t, noDelay, func(o *offsetTest) {
		req := kmsg.NewPtrFindCoordinatorRequest()
		req.Version, req.CoordinatorKeys = 4, manyNames(maxGroupNames+5)
		resp := o.s.findCoordinator(o.ctx, newTestClient(t), req)
		require.Len(t, resp.Coordinators, maxGroupNames+1)
		code(t, kerr.InvalidRequest, resp.Coordinators[maxGroupNames].ErrorCode)
	})
}
