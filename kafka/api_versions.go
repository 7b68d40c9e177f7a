package kafka

import (
	"context"
	"regexp"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// softwareName is how a client may name its software and version (KIP-511).
var softwareName = regexp.MustCompile(`^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$`)

// apiVersions answers ApiVersions with what the request table says.
//
//   - A version above the table's is answered by tooNew.
//   - From version 3 on a client names its software; a name that Kafka would not take is INVALID_REQUEST.
//   - From version 5 on it may say which cluster and broker it means to reach: others are
//     REBOOTSTRAP_REQUIRED, one of the two without the other is INVALID_REQUEST (KIP-1242).
//   - From version 3 on it has the features, with the leader epoch as their epoch: they change with the program alone.
func (s *Server) apiVersions(_ context.Context, c *client, req *kmsg.ApiVersionsRequest) *kmsg.ApiVersionsResponse {
	resp := req.ResponseKind().(*kmsg.ApiVersionsResponse)
	if resp.ErrorCode = s.checkGreeting(req); resp.ErrorCode == 0 {
		resp.ApiKeys = s.versions()
		resp.SupportedFeatures, resp.FinalizedFeatures, resp.FinalizedFeaturesEpoch = supportedFeatures, finalizedFeatures, int64(s.log.LeaderEpoch())
	}
	return resp
}

func (s *Server) checkGreeting(req *kmsg.ApiVersionsRequest) int16 {
	switch {
	case req.Version >= 3 && !(softwareName.MatchString(req.ClientSoftwareName) && softwareName.MatchString(req.ClientSoftwareVersion)):
		return kerr.InvalidRequest.Code
	case req.Version < 5 || req.ClusterID == nil && req.NodeID == -1:
		return 0
	case req.ClusterID == nil || req.NodeID == -1:
		return kerr.InvalidRequest.Code
	case *req.ClusterID != s.log.ClusterID() || req.NodeID != nodeID:
		return kerr.RebootstrapRequired.Code
	}
	return 0
}

// versions lists the request table, by key.
func (s *Server) versions() []kmsg.ApiVersionsResponseApiKey {
	keys := make([]kmsg.ApiVersionsResponseApiKey, 0, len(s.apis))
	for _, a := range s.apis {
		keys = append(keys, versionsOf(a))
	}
	slices.SortFunc(keys, func(a, b kmsg.ApiVersionsResponseApiKey) int { return int(a.ApiKey) - int(b.ApiKey) })
	return keys
}

func versionsOf(a *api) kmsg.ApiVersionsResponseApiKey {
	k := kmsg.NewApiVersionsResponseApiKey()
	k.ApiKey, k.MinVersion, k.MaxVersion = a.key, a.min, a.max
	return k
}

// tooNew answers an ApiVersions of a version that this broker does not know: in
// version 0, which every client reads, with the error and the versions that
// it may ask with (KIP-511).
func (s *Server) tooNew(a *api) *kmsg.ApiVersionsResponse {
	resp := kmsg.NewPtrApiVersionsResponse()
	resp.ErrorCode = kerr.UnsupportedVersion.Code
	resp.ApiKeys = append(resp.ApiKeys, versionsOf(a))
	return resp
}
