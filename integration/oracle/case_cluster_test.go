package oracle

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

func apiVersionsCase(s *script) {
	ask := func(name string, edit func(*kmsg.ApiVersionsRequest)) {
		req := kmsg.NewPtrApiVersionsRequest()
		req.ClientSoftwareName, req.ClientSoftwareVersion = "oracle", "1.0"
		edit(req)
		s.ask(name, req)
	}
	ask("ordinary", func(*kmsg.ApiVersionsRequest) {})
	s.fold["ApiKeys"], s.fold["SupportedFeatures"], s.fold["FinalizedFeatures"] = true, true, true
	for _, name := range []string{"", "-a", "a b", "a_b", "a.b-c", "ä"} {
		ask("software "+name, func(r *kmsg.ApiVersionsRequest) { r.ClientSoftwareName = name })
		ask("software's version "+name, func(r *kmsg.ApiVersionsRequest) { r.ClientSoftwareVersion = name })
	}
	if s.version < 5 {
		return
	}
	at := func(name string, cluster *string, node int32) {
		ask(name, func(r *kmsg.ApiVersionsRequest) { r.ClusterID, r.NodeID = cluster, node })
	}
	at("this cluster and broker", &s.target.cluster, 1)
	at("another cluster", kmsg.StringPtr("other"), 1)
	at("another broker", &s.target.cluster, 9)
	at("no cluster", nil, 1)
	at("no broker", &s.target.cluster, -1)
	at("broker -2", &s.target.cluster, -2)
	at("an empty cluster", kmsg.StringPtr(""), 1)
}

// framesCase asks in versions that there are not.
func framesCase(s *script) {
	if s.version != 0 {
		return
	}
	greeting := kmsg.NewPtrApiVersionsRequest()
	old := kmsg.NewPtrApiVersionsResponse()
	s.askIn("ApiVersions 6", 6, greeting, old)
	s.askIn("ApiVersions 99", 99, greeting, old)
	s.askIn("Metadata 14", 14, kmsg.NewPtrMetadataRequest(), kmsg.NewPtrMetadataResponse())
	s.askIn("Fetch 3", 3, kmsg.NewPtrFetchRequest(), kmsg.NewPtrFetchResponse())
	s.askIn("Fetch 99", 99, kmsg.NewPtrFetchRequest(), kmsg.NewPtrFetchResponse())
	s.askIn("ListOffsets 0", 0, kmsg.NewPtrListOffsetsRequest(), kmsg.NewPtrListOffsetsResponse())
	s.askIn("CreateTopics 1", 1, kmsg.NewPtrCreateTopicsRequest(), kmsg.NewPtrCreateTopicsResponse())
	s.askIn("OffsetForLeaderEpoch 1", 1, kmsg.NewPtrOffsetForLeaderEpochRequest(), kmsg.NewPtrOffsetForLeaderEpochResponse())
	s.askIn("ControlledShutdown", 3, kmsg.NewPtrControlledShutdownRequest(), kmsg.NewPtrControlledShutdownResponse())
}

func describeClusterCase(s *script) {
	ask := func(name string, edit func(*kmsg.DescribeClusterRequest)) {
		req := kmsg.NewPtrDescribeClusterRequest()
		req.EndpointType = 1
		edit(req)
		s.ask(name, req)
	}
	ask("ordinary", func(*kmsg.DescribeClusterRequest) {})
	ask("with operations", func(r *kmsg.DescribeClusterRequest) { r.IncludeClusterAuthorizedOperations = true })
	ask("with fenced brokers", func(r *kmsg.DescribeClusterRequest) { r.IncludeFencedBrokers = true })
	for _, kind := range []int8{0, 2, 3, -1} {
		ask("endpoint type "+itoa(int64(kind)), func(r *kmsg.DescribeClusterRequest) { r.EndpointType = kind })
	}
}
