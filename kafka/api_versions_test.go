package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

func apiVersionsRequest(version int16) *kmsg.ApiVersionsRequest {
	req := kmsg.NewPtrApiVersionsRequest()
	req.Version, req.ClientSoftwareName, req.ClientSoftwareVersion = version, "test-client", "1.0"
	return req
}

func TestApiVersionsListsTheTable(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		for version := range int16(6) {
			resp := ask[*kmsg.ApiVersionsResponse](c, apiVersionsRequest(version))
			require.Zero(t, resp.ErrorCode)
			require.Len(t, resp.ApiKeys, len(d.s.table()))
			for _, k := range resp.ApiKeys {
				a := d.s.apis[k.ApiKey]
				require.Equal(t, [2]int16{a.min, a.max}, [2]int16{k.MinVersion, k.MaxVersion}, a.name)
			}
		}
	})
}

// The broker says from version 3 on which Kafka it is like, where kadm and consoles look for it.
func TestFeatures(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		require.Empty(t, ask[*kmsg.ApiVersionsResponse](c, apiVersionsRequest(2)).FinalizedFeatures)
		for version := int16(3); version < 6; version++ {
			resp := ask[*kmsg.ApiVersionsResponse](c, apiVersionsRequest(version))
			require.Equal(t, int64(d.log.LeaderEpoch()), resp.FinalizedFeaturesEpoch)
			levels := make(map[string]int16)
			kversion.FromApiVersionsResponse(resp).EachFinalizedFeature(func(name string, level int16) { levels[name] = level })
			require.Equal(t, map[string]int16{"metadata.version": 33}, levels)
			require.Equal(t, "v4.4", kversion.FromApiVersionsResponse(resp).VersionGuess(kversion.SkipKeys(d.missingKeys()...)), "what is there is as new as there")
		}
		req := kmsg.NewPtrDescribeConfigsRequest()
		req.Version = 4
		req.Resources = []kmsg.DescribeConfigsRequestResource{{ResourceType: kmsg.ConfigResourceTypeBroker, ResourceName: "1", ConfigNames: []string{"inter.broker.protocol.version"}}}
		configs := ask[*kmsg.DescribeConfigsResponse](c, req).Resources[0].Configs
		require.Len(t, configs, 1)
		require.Equal(t, "4.4-IV2", *configs[0].Value)
	})
}

// missingKeys are the requests of Kafka 4.4 that the table does not have. kadm takes a broker that lacks some for the last version before
// them, if it is not told to look past them.
func (d *door) missingKeys() (missing []int16) {
	kversion.V4_4_0().EachMaxKeyVersion(func(key, _ int16) {
		if d.s.apis[key] == nil {
			missing = append(missing, key)
		}
	})
	return missing
}

// A client newer than the broker is answered in version 0, with what it may ask with (KIP-511), and the
// connection goes on.
func TestApiVersionsTooNew(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		req := kmsg.NewPtrApiVersionsRequest()
		wire := requestBytes(req, 7)
		wire[7] = 99 // the version
		_, err := c.Write(wire)
		require.NoError(t, err)
		c.awaited = append(c.awaited, awaited{7, req}) // which has version 0
		resp := c.receive().(*kmsg.ApiVersionsResponse)
		requireCode(t, kerr.UnsupportedVersion, resp.ErrorCode)
		require.Len(t, resp.ApiKeys, 1)
		require.Equal(t, int16(kmsg.ApiVersions), resp.ApiKeys[0].ApiKey)
		require.Equal(t, int16(5), resp.ApiKeys[0].MaxVersion)
		c.requireAlive()
	})
}

func TestApiVersionsChecksTheGreeting(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		cluster, other := d.log.ClusterID(), "another"
		greet := func(change func(*kmsg.ApiVersionsRequest)) int16 {
			req := apiVersionsRequest(5)
			change(req)
			return ask[*kmsg.ApiVersionsResponse](d.dial(), req).ErrorCode
		}
		requireCode(t, nil, greet(func(r *kmsg.ApiVersionsRequest) { r.ClusterID, r.NodeID = &cluster, nodeID }))
		requireCode(t, kerr.InvalidRequest, greet(func(r *kmsg.ApiVersionsRequest) { r.ClientSoftwareName = "" }))
		requireCode(t, kerr.InvalidRequest, greet(func(r *kmsg.ApiVersionsRequest) { r.ClientSoftwareVersion = "-1" }))
		requireCode(t, kerr.InvalidRequest, greet(func(r *kmsg.ApiVersionsRequest) { r.ClusterID = &cluster }))
		requireCode(t, kerr.InvalidRequest, greet(func(r *kmsg.ApiVersionsRequest) { r.NodeID = nodeID }))
		requireCode(t, kerr.RebootstrapRequired, greet(func(r *kmsg.ApiVersionsRequest) { r.ClusterID, r.NodeID = &other, nodeID }))
		requireCode(t, kerr.RebootstrapRequired, greet(func(r *kmsg.ApiVersionsRequest) { r.ClusterID, r.NodeID = &cluster, nodeID+1 }))
	})
}
