package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func (o *offsetTest) list(version int16, states, types []string) *kmsg.ListGroupsResponse {
	req := kmsg.NewPtrListGroupsRequest()
	req.Version, req.StatesFilter, req.TypesFilter = version, states, types
	return overWire(o.T, o.s.listGroups(o.ctx, &client{id: "c"}, overTheWire(o.T, req)))
}

// threeGroups makes a stable group "g", one "h" that prepares, and one "i" of offsets only; "g" has offsets too.
func (o *offsetTest) threeGroups() {
	m := o.staticMember("m")
	m.protocols = reading("a")
	code(o.T, nil, o.commitCode(commitRequest(at(0, 1, ""))))
	m.in(m.join())
	o.synced(m)
	first, second := o.member("first"), o.member("second")
	first.group, second.group = "h", "h"
	o.settled(first)
	second.enter().waits()
	req := commitRequest(at(0, 1, ""))
	req.Group = "i"
	code(o.T, nil, o.commitCode(req))
}

func TestListGroups(t *testing.T) {
	for version := int16(0); version <= 5; version++ {
		inOffsets(t, noDelay, func(o *offsetTest) {
			require.Empty(t, o.list(version, nil, nil).Groups)
			o.threeGroups()
			resp := o.list(version, nil, nil)
			code(t, nil, resp.ErrorCode)
			want := []kmsg.ListGroupsResponseGroup{
				{Group: "g", ProtocolType: "consumer", GroupState: "Stable", GroupType: "classic"},
				{Group: "h", ProtocolType: "consumer", GroupState: "PreparingRebalance", GroupType: "classic"},
				{Group: "i", GroupState: "Empty", GroupType: "classic"},
			}
			for i := range want {
				if version < 4 {
					want[i].GroupState = ""
				}
				if version < 5 {
					want[i].GroupType = ""
				}
			}
			require.Equal(t, want, resp.Groups)

			filtered := o.list(version, []string{"stable", "EMPTY"}, nil)
			if version >= 4 {
				require.Len(t, filtered.Groups, 2)
			} else {
				require.Len(t, filtered.Groups, 3)
			}
			if version >= 5 {
				require.Empty(t, o.list(version, nil, []string{"consumer"}).Groups)
				require.Len(t, o.list(version, []string{"empty"}, []string{"consumer", "Classic"}).Groups, 1)
			}
			o.s.groups.Close()
			code(t, kerr.CoordinatorNotAvailable, o.list(version, nil, nil).ErrorCode)
		})
	}
}
