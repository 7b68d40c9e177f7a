package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/integration/wire"
)

// oldest are versions that clients in use still ask for.
var oldest = map[kmsg.Key]int16{
	kmsg.Produce:         3, // 0 is advertised, but carries a format that is refused
	kmsg.Fetch:           4,
	kmsg.Metadata:        0, // kafka-python 2.0
	kmsg.ListOffsets:     1,
	kmsg.OffsetFetch:     1,
	kmsg.OffsetCommit:    2,
	kmsg.JoinGroup:       2,
	kmsg.SyncGroup:       0, // kafka-go
	kmsg.Heartbeat:       0,
	kmsg.LeaveGroup:      0,
	kmsg.FindCoordinator: 0,
	kmsg.ApiVersions:     0,
	kmsg.InitProducerID:  0,
	kmsg.CreateTopics:    0,
	kmsg.DeleteTopics:    0,
	kmsg.ListGroups:      0,
	kmsg.DescribeGroups:  0,
	kmsg.DeleteGroups:    0,
}

// Every version of every request that the broker advertises is answered in that
// version's own form, to the last byte, and the connection goes on.
func TestScenario17_EveryAdvertisedVersionIsAnswered(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t), "STREAMHOUSE_AUTO_CREATE_TOPICS=false")
	c := dial(t, b)
	ask := kmsg.NewPtrApiVersionsRequest()
	ask.Version, ask.ClientSoftwareName, ask.ClientSoftwareVersion = 3, "test", "1"
	versions, err := ask.RequestWith(guarded(t), c)
	require.NoError(t, err)
	advertised := make(map[kmsg.Key]kmsg.ApiVersionsResponseApiKey)
	for _, k := range versions.ApiKeys {
		advertised[kmsg.Key(k.ApiKey)] = k
		for version := k.MinVersion; version <= k.MaxVersion; version++ {
			if k.ApiKey == int16(kmsg.Produce) && version < 3 {
				continue
			}
			requireWellFormed(t, c, k.ApiKey, version)
		}
	}
	for key, version := range oldest {
		require.Contains(t, advertised, key, key.Name())
		require.LessOrEqual(t, advertised[key].MinVersion, version, key.Name())
		require.GreaterOrEqual(t, advertised[key].MaxVersion, version, key.Name())
	}
}

// requireWellFormed sends an empty request of a kind and takes its answer apart.
func requireWellFormed(t *testing.T, c *wire.Conn, key, version int16) {
	t.Helper()
	req := kmsg.RequestForKey(key)
	req.SetVersion(version)
	name := kmsg.NameForKey(key)
	if versions, ok := req.(*kmsg.ApiVersionsRequest); ok {
		versions.ClientSoftwareName, versions.ClientSoftwareVersion = "test", "1" // which it insists on
	}
	if produce, ok := req.(*kmsg.ProduceRequest); ok {
		produce.Acks = -1 // else it is not answered at all
	}
	require.NoError(t, c.Send(req))
	frame, err := c.ReadFrame()
	require.NoError(t, err, "%s v%d", name, version)
	header := kbin.Reader{Src: frame}
	header.Int32()
	resp := req.ResponseKind()
	if resp.IsFlexible() && key != int16(kmsg.ApiVersions) {
		kmsg.SkipTags(&header)
	}
	require.NoError(t, header.Complete())
	require.NoError(t, resp.ReadFrom(header.Src), "%s v%d", name, version)
	require.Equal(t, header.Src, resp.AppendTo(nil), "%s v%d: the answer is what was read from it, no byte more", name, version)
}

// A client that is newer than the broker learns which versions there are
// (KIP-511).
func TestScenario17_ApiVersionsTooNew(t *testing.T) {
	t.Parallel()
	c := dial(t, startBroker(t, localStore(t)))
	_, err := c.Write([]byte{0, 0, 0, 19, 0, byte(kmsg.ApiVersions), 0, 99, 0, 0, 0, 1, 0xff, 0xff, 0, 5, 't', 'e', 's', 't', 2, '1', 0})
	require.NoError(t, err)
	resp := kmsg.NewPtrApiVersionsResponse() // version 0, whatever was asked for
	require.NoError(t, c.Receive(resp))
	require.Equal(t, kerr.UnsupportedVersion, kerr.ErrorForCode(resp.ErrorCode))
	require.NotEmpty(t, resp.ApiKeys)
	requireWellFormed(t, c, int16(kmsg.ApiVersions), 3)
}
