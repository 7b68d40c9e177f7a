package integration

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/integration/faultproxy"
	"streamhouse/integration/wire"
)

// One request writes to a thousand partitions: the store sees one PUT.
func TestCost_OnePutForAThousandPartitions(t *testing.T) {
	t.Parallel()
	s := s3Store(t)
	b := startBroker(t, s)
	const partitions = 1_000
	createTopic(t, b, "wide", partitions)
	req := wire.ProduceRequest("wide", 0, 60_000, nil)
	req.Topics[0].Partitions = nil
	for p := range int32(partitions) {
		partition := kmsg.NewProduceRequestTopicPartition()
		partition.Partition, partition.Records = p, valueBatch(int64(p))
		req.Topics[0].Partitions = append(req.Topics[0].Partitions, partition)
	}
	s.proxy.Reset()
	resp, err := req.RequestWith(guarded(t), dial(t, b))
	require.NoError(t, err)
	require.Len(t, resp.Topics[0].Partitions, partitions)
	for _, p := range resp.Topics[0].Partitions {
		require.Zero(t, p.ErrorCode)
		require.Zero(t, p.BaseOffset)
	}
	require.Equal(t, 1, s.proxy.Counts()[faultproxy.Put])
}

// A consumer that keeps up reads from memory: the store sees not one GET.
func TestCost_NoGetForAConsumerThatKeepsUp(t *testing.T) {
	t.Parallel()
	s := s3Store(t)
	b := startBroker(t, s)
	createTopic(t, b, "visible", 1)
	producer, consumer := dial(t, b), dial(t, b)
	s.proxy.Reset()
	for i := range int64(50) {
		got, err := producer.Produce("visible", 0, valueBatch(i))
		require.NoError(t, err)
		require.NoError(t, got.Err)
		requireFetched(t, consumer, i, atOnce)
	}
	require.Zero(t, len(dataGets(s)), "%v", dataGets(s))
}

// dataGets are the GETs that read data: an idle broker's look for a seal at its
// next sequence number is none of them.
func dataGets(s *store) []faultproxy.Request {
	written := make(map[string]bool)
	for _, put := range s.proxy.Requests(faultproxy.Put) {
		written[put.Key] = true
	}
	return slices.DeleteFunc(s.proxy.Requests(faultproxy.Get), func(r faultproxy.Request) bool {
		return strings.HasPrefix(r.Key, "journal/") && !written[r.Key]
	})
}

// A scan of everything by a broker with empty caches costs about one GET for
// each object that the data lies in, and not one for each batch.
func TestCost_ColdScanTakesFewGets(t *testing.T) {
	t.Parallel()
	s := s3Store(t)
	b := startBroker(t, s)
	const objects, batchesEach = 10, 50
	createTopic(t, b, "scan", 1)
	c := dial(t, b)
	for range objects {
		for i := range batchesEach { // pipelined, so that they share flushes
			require.NoError(t, c.Send(wire.ProduceRequest("scan", 0, 60_000, wire.Plain(1, wire.Record{Value: incompressible(2_000 + i)}).Bytes())))
		}
		for range batchesEach {
			got, err := c.Produced()
			require.NoError(t, err)
			require.NoError(t, got.Err)
		}
	}
	written := len(s.journal(t))
	restartCold(t, b)
	s.proxy.Reset()
	require.Len(t, readAll(t, b, "scan")[0], objects*batchesEach)
	gets := len(s.proxy.Requests(faultproxy.Get))
	t.Logf("%d batches in at most %d objects: %d GETs", objects*batchesEach, written, gets)
	require.LessOrEqual(t, gets, written+5)
	s.proxy.Reset()
	require.Len(t, readAll(t, b, "scan")[0], objects*batchesEach)
	require.Empty(t, dataGets(s), "the second scan comes from the cache")
}

// An idle broker costs next to nothing.
func TestCost_IdleBrokerWritesNothing(t *testing.T) {
	t.Parallel()
	s := s3Store(t)
	b := startBroker(t, s)
	createTopic(t, b, "idle", 1)
	s.proxy.Reset()
	_, err := dial(t, b).Fetch("idle", wire.FetchOptions{MinBytes: 1, MaxBytes: 1 << 20, MaxWaitMillis: 2_000}, wire.Position{})
	require.NoError(t, err)
	require.Zero(t, s.proxy.Counts()[faultproxy.Put])
	require.Zero(t, s.proxy.Counts()[faultproxy.List])
}
