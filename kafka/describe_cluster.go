package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Endpoint types of DescribeCluster (KIP-919).
const (
	endpointBrokers     = 1
	endpointControllers = 2
)

// describeCluster answers DescribeCluster (KIP-700): one broker, which is the controller, too.
//
//   - From version 1 on the client says whether it means to talk to brokers or to controllers. One that
//     is refused learns neither the cluster's id nor its controller.
//   - No broker is ever fenced and still listed (version 2).
func (s *Server) describeCluster(_ context.Context, c *client, req *kmsg.DescribeClusterRequest) *kmsg.DescribeClusterResponse {
	resp := req.ResponseKind().(*kmsg.DescribeClusterResponse)
	resp.EndpointType = endpointBrokers
	if err := checkEndpoint(req); err != nil {
		resp.ErrorCode, resp.ErrorMessage = codeOf(err), textOf(err)
		return resp
	}
	resp.ClusterID, resp.ControllerID = s.log.ClusterID(), nodeID
	b := kmsg.NewDescribeClusterResponseBroker()
	b.NodeID, b.Host, b.Port = s.broker(c)
	resp.Brokers = append(resp.Brokers, b)
	if req.IncludeClusterAuthorizedOperations {
		resp.ClusterAuthorizedOperations = clusterOperations
	}
	return resp
}

func checkEndpoint(req *kmsg.DescribeClusterRequest) error {
	switch {
	case req.Version == 0 || req.EndpointType == endpointBrokers:
		return nil
	case req.EndpointType == endpointControllers:
		return fmt.Errorf("%w: this listener is a broker's", kerr.MismatchedEndpointType)
	}
	return fmt.Errorf("%w: %d", kerr.UnsupportedEndpointType, req.EndpointType)
}
