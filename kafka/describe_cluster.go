package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// endpointBrokers is the endpoint type of brokers in DescribeCluster; 2 would be controllers (KIP-919).
const endpointBrokers = 1

// describeCluster answers DescribeCluster (KIP-700): one broker, which is the controller, too.
func (s *Server) describeCluster(_ context.Context, c *client, req *kmsg.DescribeClusterRequest) *kmsg.DescribeClusterResponse {
	resp := req.ResponseKind().(*kmsg.DescribeClusterResponse)
	resp.EndpointType = req.EndpointType
	if req.Version >= 1 && req.EndpointType != endpointBrokers {
		why := "this listener is a broker's: there are no controllers apart"
		resp.ErrorCode, resp.ErrorMessage = kerr.MismatchedEndpointType.Code, &why
		return resp
	}
	resp.ClusterID, resp.ControllerID = s.log.ClusterID(), nodeID
	b := kmsg.NewDescribeClusterResponseBroker()
	b.NodeID, b.Host, b.Port = s.broker(c)
	resp.Brokers = append(resp.Brokers, b)
	return resp
}
