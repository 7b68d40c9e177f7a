package integration

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"streamhouse/grpcapi/pb"
	"streamhouse/integration/broker"
	"streamhouse/integration/wire"
)

// lifeSteps are what happens to a topic, as requests. Each returns the code of its answer.
var lifeSteps = []struct {
	name    string
	request func(topic string) kmsg.Request
	code    func(kmsg.Response) int16
}{
	{"write", func(topic string) kmsg.Request {
		return wire.ProduceRequest(topic, 0, 60_000, wire.Plain(1, wire.Record{Value: []byte("old")}).Bytes())
	}, func(r kmsg.Response) int16 { return r.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode }},
	{"add partitions", func(topic string) kmsg.Request {
		t := kmsg.NewCreatePartitionsRequestTopic()
		t.Topic, t.Count = topic, 3
		req := kmsg.NewPtrCreatePartitionsRequest()
		req.Version, req.TimeoutMillis, req.Topics = 3, 60_000, []kmsg.CreatePartitionsRequestTopic{t}
		return req
	}, func(r kmsg.Response) int16 { return r.(*kmsg.CreatePartitionsResponse).Topics[0].ErrorCode }},
	{"alter", func(topic string) kmsg.Request {
		c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		c.Name, c.Value = "max.message.bytes", kmsg.StringPtr("2000")
		r := kmsg.NewIncrementalAlterConfigsRequestResource()
		r.ResourceType, r.ResourceName, r.Configs = kmsg.ConfigResourceTypeTopic, topic, []kmsg.IncrementalAlterConfigsRequestResourceConfig{c}
		req := kmsg.NewPtrIncrementalAlterConfigsRequest()
		req.Version, req.Resources = 1, []kmsg.IncrementalAlterConfigsRequestResource{r}
		return req
	}, func(r kmsg.Response) int16 { return r.(*kmsg.IncrementalAlterConfigsResponse).Resources[0].ErrorCode }},
	{"delete records", func(topic string) kmsg.Request {
		p := kmsg.NewDeleteRecordsRequestTopicPartition()
		p.Offset = -1
		t := kmsg.NewDeleteRecordsRequestTopic()
		t.Topic, t.Partitions = topic, []kmsg.DeleteRecordsRequestTopicPartition{p}
		req := kmsg.NewPtrDeleteRecordsRequest()
		req.Version, req.TimeoutMillis, req.Topics = 2, 60_000, []kmsg.DeleteRecordsRequestTopic{t}
		return req
	}, func(r kmsg.Response) int16 { return r.(*kmsg.DeleteRecordsResponse).Topics[0].Partitions[0].ErrorCode }},
	{"delete", deleteTopicRequest, func(r kmsg.Response) int16 { return r.(*kmsg.DeleteTopicsResponse).Topics[0].ErrorCode }},
	{"make again", createTopicRequest, func(r kmsg.Response) int16 { return r.(*kmsg.CreateTopicsResponse).Topics[0].ErrorCode }},
}

func deleteTopicRequest(topic string) kmsg.Request {
	t := kmsg.NewDeleteTopicsRequestTopic()
	t.Topic = kmsg.StringPtr(topic)
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.Version, req.TimeoutMillis, req.TopicNames, req.Topics = 5, 60_000, []string{topic}, []kmsg.DeleteTopicsRequestTopic{t}
	return req
}

func createTopicRequest(topic string) kmsg.Request {
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = topic, 1, 1
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Version, req.TimeoutMillis, req.Topics = 6, 60_000, []kmsg.CreateTopicsRequestTopic{t}
	return req
}

// orders returns every order of 0 to n-1.
func orders(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, o := range orders(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(o), at, n-1))
		}
	}
	return all
}

// pipelined sends requests on each connection without waiting, then reads the answers.
func pipelined(t *testing.T, conns []*wire.Conn, requests [][]kmsg.Request) [][]kmsg.Response {
	t.Helper()
	for i, rs := range requests {
		for _, r := range rs {
			require.NoError(t, conns[i].Send(r))
		}
	}
	answers := make([][]kmsg.Response, len(requests))
	for i, rs := range requests {
		for _, r := range rs {
			answer := r.ResponseKind()
			require.NoError(t, conns[i].Receive(answer))
			answers[i] = append(answers[i], answer)
		}
	}
	return answers
}

// Whatever happens to topics in one flush, in every order, pipelined on a connection for each: every request has its
// answer, no record of a topic shows under the next one of its name, and when all are gone so are their bytes.
func TestScenario31_OneFlushKafka(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t), "STREAMHOUSE_FLUSH_INTERVAL=100ms")
	all := orders(len(lifeSteps))
	require.Len(t, all, 720)
	const atOnce = 90
	var conns []*wire.Conn
	for range atOnce {
		conns = append(conns, dial(t, b))
	}
	for w, wave := range slices.Collect(slices.Chunk(all, atOnce)) {
		var creates, lives, deletes [][]kmsg.Request
		name := func(i int) string { return fmt.Sprint("life", w, "-", i) }
		for i, order := range wave {
			creates = append(creates, []kmsg.Request{createTopicRequest(name(i))})
			var requests []kmsg.Request
			for _, s := range order {
				requests = append(requests, lifeSteps[s].request(name(i)))
			}
			lives = append(lives, requests)
			deletes = append(deletes, []kmsg.Request{deleteTopicRequest(name(i))})
		}
		pipelined(t, conns, creates)
		for i, answers := range pipelined(t, conns, lives) {
			requireLife(t, conns[i], name(i), wave[i], answers)
		}
		pipelined(t, conns, deletes)
	}
	requireNothingLeft(t, b)
}

// requireLife checks the answers about one topic, and what is left of it.
func requireLife(t *testing.T, c *wire.Conn, topic string, order []int, answers []kmsg.Response) {
	t.Helper()
	codeOf := make(map[string]error)
	for i, s := range order {
		step := lifeSteps[s]
		err := kerr.ErrorForCode(step.code(answers[i]))
		codeOf[step.name] = err
		switch step.name {
		case "make again":
			require.True(t, err == nil || err == kerr.TopicAlreadyExists, "%s of %s in %v: %v", step.name, topic, order, err)
		default: // after the deletion
			require.True(t, err == nil || err == kerr.UnknownTopicOrPartition, "%s of %s in %v: %v", step.name, topic, order, err)
		}
	}
	require.NoError(t, codeOf["delete"])
	end, err := c.EndOffset(topic, 0)
	if codeOf["make again"] != nil {
		require.ErrorIs(t, err, kerr.UnknownTopicOrPartition, "%s in %v", topic, order)
		return
	}
	require.NoError(t, err)
	write, gone := slices.Index(order, 0), slices.Index(order, 4)
	if write < gone {
		require.NoError(t, codeOf["write"])
		require.Zero(t, end, "%s in %v has a record of the topic before it", topic, order)
	}
}

// requireNothingLeft makes sure that the memory of topics that are deleted is given back.
func requireNothingLeft(t *testing.T, b *broker.Broker) {
	t.Helper()
	answer, err := http.Get("http://" + b.HTTP + "/metrics")
	require.NoError(t, err)
	figures, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	for _, name := range []string{"streamhouse_topics", "streamhouse_tail_bytes", "streamhouse_unflushed_bytes", "streamhouse_flushes_queued"} {
		require.True(t, strings.Contains(string(figures), "\n"+name+" 0\n"), name)
	}
}

// The same through the other door, on one connection, in whatever order the calls arrive.
func TestScenario31_OneFlushGRPC(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t), "STREAMHOUSE_FLUSH_INTERVAL=200ms")
	door, ctx := dialGRPC(t, b), guarded(t)
	create := func(name string) error {
		_, err := door.CreateTopic(ctx, &pb.CreateTopicRequest{Name: name, PartitionCount: 1})
		return err
	}
	write := func(name string) error {
		_, err := door.Produce(ctx, &pb.ProduceRequest{Topic: name, Value: []byte("old")})
		return err
	}
	remove := func(name string) error {
		_, err := door.DeleteTopic(ctx, &pb.DeleteTopicRequest{Name: name})
		return err
	}
	for wave := range 10 {
		// all makes calls about 60 topics at once.
		all := func(allowed []codes.Code, calls ...func(string) error) {
			var group sync.WaitGroup
			for i := range 60 {
				for _, call := range calls {
					group.Go(func() { assert.Contains(t, allowed, status.Code(call(fmt.Sprint("life", wave, "-", i)))) })
				}
			}
			group.Wait()
		}
		all([]codes.Code{codes.OK}, create)
		all([]codes.Code{codes.OK, codes.NotFound, codes.AlreadyExists}, write, remove, create)
		all([]codes.Code{codes.OK, codes.NotFound}, remove)
	}
	requireNothingLeft(t, b)
}
