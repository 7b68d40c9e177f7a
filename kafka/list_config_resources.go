package kafka

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// configResources are the kinds of things that Kafka lists the configs of. Of metrics (16) and groups (32) only those
// are listed that have configs of their own, and here none has.
var configResources = []int8{int8(kmsg.ConfigResourceTypeTopic), int8(kmsg.ConfigResourceTypeBrokerLogger), int8(kmsg.ConfigResourceTypeBroker), 16, 32}

// listConfigResources answers ListConfigResources (KIP-1142): what has configs.
//
//   - Version 0 asks for the metrics that clients are to push (KIP-714): there are none.
//   - No types means all; one that Kafka does not know is UNSUPPORTED_VERSION.
func (s *Server) listConfigResources(_ context.Context, _ *client, req *kmsg.ListConfigResourcesRequest) *kmsg.ListConfigResourcesResponse {
	resp := req.ResponseKind().(*kmsg.ListConfigResourcesResponse)
	if req.Version == 0 {
		return resp
	}
	kinds, _ := distinct(req.ResourceTypes, func(kind *int8) int8 { return *kind })
	if len(kinds) == 0 {
		kinds = configResources
	}
	for _, kind := range kinds {
		if !slices.Contains(configResources, kind) {
			resp.ErrorCode = codeOf(fmt.Errorf("%w: resource type %d", kerr.UnsupportedVersion, kind))
			return resp
		}
	}
	for _, kind := range kinds {
		for _, name := range s.configResourcesOf(kmsg.ConfigResourceType(kind)) {
			resp.ConfigResources = append(resp.ConfigResources, kmsg.ListConfigResourcesResponseConfigResource{Name: name, Type: kind})
		}
	}
	return resp
}

func (s *Server) configResourcesOf(kind kmsg.ConfigResourceType) (names []string) {
	switch kind {
	case kmsg.ConfigResourceTypeTopic:
		for _, t := range s.log.Topics() {
			names = append(names, t.Name)
		}
	case kmsg.ConfigResourceTypeBroker, kmsg.ConfigResourceTypeBrokerLogger:
		names = []string{strconv.Itoa(nodeID)}
	}
	return names
}
