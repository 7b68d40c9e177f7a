package oracle

import (
	"context"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/integration/wire"
)

// barrierTopic is there to see when Kafka has taken notice of a change.
const barrierTopic = "oracle-barrier"

// A target is a running broker, ours or Kafka.
type target struct {
	addr     string
	port     int
	kafka    bool
	cluster  string
	dir      string             // of Kafka's logs
	epoch    int32              // of the leader of every new partition
	versions map[int16][2]int16 // by key: lowest and highest

	conn    *wire.Conn // for the barrier
	changes int
}

func newTarget(t testing.TB, addr string, kafka bool) *target {
	t.Helper()
	_, text, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	port, err := strconv.Atoi(text)
	require.NoError(t, err)
	conn, err := wire.Dial(addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	on := &target{addr: addr, port: port, kafka: kafka, conn: conn, versions: map[int16][2]int16{}}

	greeting := kmsg.NewPtrApiVersionsRequest()
	greeting.Version = 0
	versions, err := greeting.RequestWith(context.Background(), conn)
	require.NoError(t, err)
	for _, k := range versions.ApiKeys {
		on.versions[k.ApiKey] = [2]int16{k.MinVersion, k.MaxVersion}
	}
	create := createTopics(newTopic(barrierTopic, 1))
	create.Version = 7
	created, err := create.RequestWith(context.Background(), conn)
	require.NoError(t, err)
	require.NoError(t, kerr.ErrorForCode(created.Topics[0].ErrorCode))
	on.settle(t, create)
	on.look(t)
	on.awaitCoordinator(t)
	return on
}

// look learns what the broker calls itself.
func (on *target) look(t testing.TB) {
	t.Helper()
	req := kmsg.NewPtrMetadataRequest()
	req.Version = 12
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = kmsg.StringPtr(barrierTopic)
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(context.Background(), on.conn)
	require.NoError(t, err)
	on.cluster, on.epoch = *resp.ClusterID, resp.Topics[0].Partitions[0].LeaderEpoch
}

// awaitCoordinator waits until groups and producer ids can be used: a new Kafka has to prepare for them.
func (on *target) awaitCoordinator(t testing.TB) {
	t.Helper()
	for {
		find := kmsg.NewPtrFindCoordinatorRequest()
		find.Version, find.CoordinatorKey = 3, "oracle"
		found, err := find.RequestWith(context.Background(), on.conn)
		require.NoError(t, err)
		read := kmsg.NewPtrOffsetFetchRequest()
		read.Version, read.Group = 7, "oracle"
		offsets, err := read.RequestWith(context.Background(), on.conn)
		require.NoError(t, err)
		produce := kmsg.NewPtrInitProducerIDRequest()
		produce.Version, produce.ProducerID, produce.ProducerEpoch = 4, -1, -1
		producer, err := produce.RequestWith(context.Background(), on.conn)
		require.NoError(t, err)
		if found.ErrorCode == 0 && offsets.ErrorCode == 0 && producer.ErrorCode == 0 {
			return
		}
	}
}

// knows tells whether the broker has a request.
func (on *target) knows(req kmsg.Request) bool {
	v, ok := on.versions[req.Key()]
	return ok && req.GetVersion() >= v[0] && req.GetVersion() <= v[1]
}

// newest is the highest version of a request that the broker and kmsg have.
func (on *target) newest(key int16) (int16, bool) {
	v, ok := on.versions[key]
	return min(v[1], kmsg.RequestForKey(key).MaxVersion()), ok
}

// settle waits until a change that was answered is seen by every request. Kafka's controller answers before
// the broker beside it has taken notice. The broker takes changes in their order and shows one before it has
// acted on it: so two more, one after the other, which show that what was before the second is done.
func (on *target) settle(t testing.TB, req kmsg.Request) {
	t.Helper()
	if !on.kafka {
		return
	}
	if changes(req) {
		on.awaitBarrier(t)
		on.awaitBarrier(t)
	}
}

// changes tells whether a request may change what the controller keeps.
func changes(req kmsg.Request) bool {
	switch r := req.(type) {
	case *kmsg.CreateTopicsRequest:
		return !r.ValidateOnly
	case *kmsg.CreatePartitionsRequest:
		return !r.ValidateOnly
	case *kmsg.AlterConfigsRequest:
		return !r.ValidateOnly
	case *kmsg.IncrementalAlterConfigsRequest:
		return !r.ValidateOnly
	case *kmsg.DeleteTopicsRequest:
		return true
	}
	return false
}

func (on *target) awaitBarrier(t testing.TB) {
	t.Helper()
	on.changes++
	want := strconv.Itoa(1_000_000 + on.changes)
	alter := kmsg.NewPtrIncrementalAlterConfigsRequest()
	alter.Version = 1
	r := kmsg.NewIncrementalAlterConfigsRequestResource()
	r.ResourceType, r.ResourceName = kmsg.ConfigResourceTypeTopic, barrierTopic
	c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	c.Name, c.Value = "retention.bytes", &want
	r.Configs = append(r.Configs, c)
	alter.Resources = append(alter.Resources, r)
	_, err := alter.RequestWith(context.Background(), on.conn)
	require.NoError(t, err)

	look := kmsg.NewPtrDescribeConfigsRequest()
	look.Version = 4
	d := kmsg.NewDescribeConfigsRequestResource()
	d.ResourceType, d.ResourceName, d.ConfigNames = kmsg.ConfigResourceTypeTopic, barrierTopic, []string{"retention.bytes"}
	look.Resources = append(look.Resources, d)
	for {
		seen, err := look.RequestWith(context.Background(), on.conn)
		require.NoError(t, err)
		if got := seen.Resources[0].Configs; len(got) == 1 && *got[0].Value == want {
			return
		}
	}
}
