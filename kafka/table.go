package kafka

import (
	"context"
	"reflect"

	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/kafka/wire"
)

// table is the one list of requests with their versions: dispatch, the version check and the
// answer to ApiVersions all read it. The key of a row comes from the handler's request type.
//
// The newest versions are those of Apache Kafka 4.x. The oldest is 0 wherever the
// meaning allows it: clients in use still ask for old ones. Fetch below 4 carries the
// message formats from before Kafka 0.11; Produce below 3 does, too, and is answered with an error.
func (s *Server) table() []api {
	return []api{
		wait(0, 13, s.produce),
		poll(4, 18, s.fetch),
		on(0, 11, s.listOffsets),
		on(0, 13, s.metadata),
		wait(0, 10, s.offsetCommit),
		on(0, 10, s.offsetFetch),
		on(0, 6, s.findCoordinator),
		poll(0, 9, s.joinGroup),
		on(0, 4, s.heartbeat),
		on(0, 5, s.leaveGroup),
		poll(0, 5, s.syncGroup),
		on(0, 6, s.describeGroups),
		on(0, 5, s.listGroups),
		on(0, 5, s.apiVersions),
		on(0, 7, s.createTopics),
		on(0, 6, s.deleteTopics),
		on(0, 2, s.deleteRecords),
		on(0, 5, s.initProducerID),
		on(0, 4, s.offsetForLeaderEpoch),
		on(0, 4, s.describeConfigs),
		on(0, 2, s.alterConfigs),
		on(0, 3, s.createPartitions),
		wait(0, 3, s.deleteGroups),
		on(0, 1, s.incrementalAlterConfigs),
		wait(0, 0, s.offsetDelete),
		on(0, 2, s.describeCluster),

		on(0, 3, s.describeACLs),
		on(0, 2, s.alterReplicaLogDirs),
		on(0, 5, s.describeLogDirs),
		on(0, 2, s.electLeaders),
		on(0, 1, s.alterPartitionReassignments),
		on(0, 0, s.listPartitionReassignments),
		on(0, 1, s.describeClientQuotas),
		on(0, 2, s.describeQuorum),
		on(0, 0, s.describeProducers),
		on(0, 0, s.unregisterBroker),
		on(0, 1, s.listConfigResources),
		on(0, 0, s.describeTopicPartitions),
	}
}

// api is one row of the table.
type api struct {
	key      int16
	name     string
	min, max int16 // versions
	mode     mode
	request  func() kmsg.Request
	// start begins a request, in the context that its mode gives it, and returns what the writer calls.
	start  func(context.Context, *client, kmsg.Request) reply
	shapes []*wire.Shape // by version
	errors *errorFields
}

// mode is how a request goes together with its neighbours on a connection. In modeOn it runs when its turn to be
// answered has come, and the next one starts when it has run. In the other two it starts at once, behind those before it, and
// does its waiting in the writer; modePoll may be cut short.
type mode int8

const (
	modeOn mode = iota
	modeWait
	modePoll
)

// reply does or awaits what is left of a request and returns its answer; nil is no answer. It is called once, by the
// connection's writer, and may block.
type reply func() wire.Response

// requestPtr and responsePtr say that a handler takes and returns pointers to structs.
type (
	requestPtr[T any] interface {
		*T
		kmsg.Request
	}
	responsePtr[T any] interface {
		*T
		wire.Response
	}
)

// on declares a request that runs by itself: it sees the effect of what came
// before it on the connection, and may block. Its context ends when nobody can be answered any more.
func on[Q any, P requestPtr[Q], A any, R responsePtr[A]](low, high int16, handle func(context.Context, *client, P) R) api {
	return row[Q, P, A](low, high, modeOn, func(ctx context.Context, c *client, req P) reply {
		return func() wire.Response { return handle(ctx, c, req) }
	})
}

// wait declares a request whose handler starts the work, in the order of the
// requests, and returns what the connection's writer waits for. The handler itself does not wait, but for back pressure.
func wait[Q any, P requestPtr[Q], A any, R responsePtr[A]](low, high int16, start func(context.Context, *client, P) func() R) api {
	return row[Q, P, A](low, high, modeWait, func(ctx context.Context, c *client, req P) reply {
		finish := start(ctx, c, req)
		return func() wire.Response {
			// A nil pointer in an interface would not be nil.
			if resp := finish(); resp != nil {
				return resp
			}
			return nil
		}
	})
}

// poll declares a wait whose context ends when the connection takes no more requests, because its answer can be cut short.
func poll[Q any, P requestPtr[Q], A any, R responsePtr[A]](low, high int16, start func(context.Context, *client, P) func() R) api {
	a := wait(low, high, start)
	a.mode = modePoll
	return a
}

// row makes a row. It panics where kmsg does not have the request in all versions up to high.
func row[Q any, P requestPtr[Q], A any](low, high int16, m mode, start func(context.Context, *client, P) reply) api {
	key := P(new(Q)).Key()
	a := api{
		key: key, name: kmsg.NameForKey(key), min: low, max: high, mode: m,
		request: func() kmsg.Request { return P(new(Q)) },
		start: func(ctx context.Context, c *client, req kmsg.Request) reply {
			return start(ctx, c, req.(P))
		},
		errors: errorFieldsOf(reflect.TypeFor[A]()),
	}
	for version := range high + 1 {
		a.shapes = append(a.shapes, wire.ShapeOf(key, version))
	}
	return a
}
