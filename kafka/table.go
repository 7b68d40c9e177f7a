package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// table is the only place where a request's versions are written: dispatch, the
// version check and the answer to ApiVersions all read it. The key of a row
// comes from the handler's request type.
//
// The newest versions are those of Apache Kafka 4.x. The oldest is 0 wherever the
// meaning allows it: clients in use still ask for old ones. Versions that carry the message
// formats from before Kafka 0.11 are not taken.
func (s *Server) table() []api {
	return []api{
		wait(3, 13, s.produce).advertise(0), // librdkafka takes a broker without Produce 0 for one without newer codecs
		wait(4, 18, s.fetch),
		on(1, 11, s.listOffsets),
		on(0, 13, s.metadata),
		wait(0, 10, s.offsetCommit),
		on(0, 10, s.offsetFetch),
		on(0, 6, s.findCoordinator),
		wait(0, 9, s.joinGroup),
		on(0, 4, s.heartbeat),
		on(0, 5, s.leaveGroup),
		wait(0, 5, s.syncGroup),
		on(0, 6, s.describeGroups),
		on(0, 5, s.listGroups),
		on(0, 4, s.apiVersions),
		wait(0, 7, s.createTopics),
		wait(0, 6, s.deleteTopics),
		wait(0, 2, s.deleteRecords),
		on(0, 5, s.initProducerID),
		on(0, 4, s.offsetForLeaderEpoch),
		on(0, 4, s.describeConfigs),
		wait(0, 2, s.alterConfigs),
		wait(0, 3, s.createPartitions),
		wait(0, 3, s.deleteGroups),
		wait(0, 1, s.incrementalAlterConfigs),
		wait(0, 0, s.offsetDelete),
		on(0, 2, s.describeCluster),
	}
}

// api is one row of the table.
type api struct {
	key        int16
	min, max   int16 // versions that are taken
	advertised int16 // the lowest version that ApiVersions names
	request    func() kmsg.Request
	start      func(context.Context, *client, kmsg.Request) reply
}

// reply waits for the answer to a request, and returns it; nil is no answer.
type reply func() kmsg.Response

// on declares a request that is answered at once.
func on[Q kmsg.Request, R kmsg.Response](low, high int16, handle func(context.Context, *client, Q) R) api {
	return row(low, high, func(ctx context.Context, c *client, req Q) reply {
		resp := handle(ctx, c, req)
		return func() kmsg.Response { return resp }
	})
}

// wait declares a request whose handler starts the work, in the order of the
// requests, and returns what the connection's writer waits for.
func wait[Q kmsg.Request, R interface {
	kmsg.Response
	comparable
}](low, high int16, start func(context.Context, *client, Q) func() R) api {
	return row(low, high, func(ctx context.Context, c *client, req Q) reply {
		finish := start(ctx, c, req)
		return func() kmsg.Response {
			var none R
			if resp := finish(); resp != none {
				return resp
			}
			return nil
		}
	})
}

func row[Q kmsg.Request](low, high int16, start func(context.Context, *client, Q) reply) api {
	var q Q // a nil pointer: Key does not look at it
	key := q.Key()
	return api{
		key: key, min: low, max: high, advertised: low,
		request: func() kmsg.Request { return kmsg.RequestForKey(key) },
		start: func(ctx context.Context, c *client, req kmsg.Request) reply {
			return start(ctx, c, req.(Q))
		},
	}
}

// advertise names a lower version in ApiVersions than is taken.
func (a api) advertise(low int16) api {
	a.advertised = low
	return a
}
