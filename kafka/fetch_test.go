package kafka

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
)

func TestFetchVersions(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		id := d.topic("t", 1)
		c := d.dial()
		requireCode(t, nil, c.produced(produceRequest("t", batchOf(t, nil, "a", "b"))).ErrorCode)
		for version := int16(4); version <= 18; version++ {
			req := fetchRequest("t", 0)
			req.Version = version
			if version >= 13 {
				req.Topics[0].Topic, req.Topics[0].TopicID = "", id
			}
			resp := ask[*kmsg.FetchResponse](c, req)
			require.Zero(t, resp.SessionID, "sessions are declined")
			p := resp.Topics[0].Partitions[0]
			requireCode(t, nil, p.ErrorCode)
			require.Equal(t, int64(2), p.HighWatermark)
			require.Equal(t, int64(2), p.LastStableOffset)
			require.Nil(t, p.AbortedTransactions, "nobody asked")
			require.Equal(t, []string{"a", "b"}, valuesOf(t, p.RecordBatches, 0))
			if version >= 11 {
				require.Equal(t, int32(-1), p.PreferredReadReplica)
			}
		}
	})
}

func TestFetchReadCommitted(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		req := fetchRequest("t", 0)
		req.IsolationLevel = 1
		p := c.fetched(req)
		require.NotNil(t, p.AbortedTransactions)
		require.Empty(t, p.AbortedTransactions)
		require.NotNil(t, p.RecordBatches, "librdkafka takes null for a broken answer")
	})
}

func TestFetchPositions(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		id := d.topic("t", 1)
		c := d.dial()
		for _, values := range [][]string{{"0", "1", "2"}, {"3", "4"}} {
			requireCode(t, nil, c.produced(produceRequest("t", batchOf(t, nil, values...))).ErrorCode)
		}
		_, err := d.log.DeleteRecords([]log.DeleteSpec{{Partition: log.PartitionID{Topic: id}, Offset: 1}}).Wait(d.Context())
		require.NoError(t, err)
		from := func(offset int64) kmsg.FetchResponseTopicPartition { return c.fetched(fetchRequest("t", offset)) }

		requireCode(t, kerr.OffsetOutOfRange, from(0).ErrorCode, "before the start")
		requireCode(t, kerr.OffsetOutOfRange, from(6).ErrorCode, "beyond the end")
		requireCode(t, kerr.OffsetOutOfRange, from(-1).ErrorCode)
		require.Equal(t, int64(-1), from(6).HighWatermark)
		inside := from(1)
		require.Equal(t, int64(1), inside.LogStartOffset)
		require.Equal(t, []string{"1", "2", "3", "4"}, valuesOf(t, inside.RecordBatches, 1), "the whole batch comes, the client skips")
		require.Equal(t, []string{"4"}, valuesOf(t, from(4).RecordBatches, 4))
		began := time.Now()
		requireCode(t, nil, from(5).ErrorCode, "the end")
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestFetchLimits(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 2)
		c := d.dial()
		kilo := string(make([]byte, 1000))
		c.produced(produceRequest("t", batchOf(t, nil, kilo)))
		req := produceRequest("t", batchOf(t, nil, kilo))
		req.Topics[0].Partitions = append(req.Topics[0].Partitions, producePartition(1, batchOf(t, nil, kilo)))
		c.produced(req)

		fetch := fetchRequest("t", 0)
		fetch.Topics[0].Partitions = append(fetch.Topics[0].Partitions, fetchPartition(1, 0))
		counts := func() (n [2]int) {
			for _, p := range ask[*kmsg.FetchResponse](c, fetch).Topics[0].Partitions {
				n[p.Partition] = len(valuesOf(t, p.RecordBatches, 0))
			}
			return n
		}
		require.Equal(t, [2]int{2, 1}, counts())
		fetch.Topics[0].Partitions[0].PartitionMaxBytes = 1500
		require.Equal(t, [2]int{1, 1}, counts(), "the partition's limit")
		fetch.MaxBytes = 1500
		require.Equal(t, [2]int{1, 0}, counts(), "the request's limit")
		fetch.MaxBytes, fetch.Topics[0].Partitions[0].PartitionMaxBytes = 1, 1
		require.Equal(t, [2]int{1, 0}, counts(), "the first batch comes whole, or a reader would never get on")
		fetch.MaxBytes, fetch.Topics[0].Partitions[0].PartitionMaxBytes = 0, 0
		require.Equal(t, [2]int{1, 0}, counts(), "0 is 1")
	})
}

func TestFetchLongPoll(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 2)
		reader, writer := d.dial(), d.dial()
		began := time.Now()
		poll := fetchRequest("t", 0)
		poll.Topics[0].Partitions = append(poll.Topics[0].Partitions, fetchPartition(1, 0))
		poll.MaxWaitMillis = 10_000
		reader.send(poll)
		time.Sleep(3 * time.Second)
		second := produceRequest("t", nil)
		second.Topics[0].Partitions[0] = producePartition(1, batchOf(t, nil, "wakes"))
		writer.produced(second)
		resp := reader.receive().(*kmsg.FetchResponse)
		require.Equal(t, 3*time.Second, time.Since(began))
		require.Equal(t, []string{"wakes"}, valuesOf(t, resp.Topics[0].Partitions[1].RecordBatches, 0))

		poll = fetchRequest("t", 0)
		poll.MinBytes, poll.MaxWaitMillis = 1000, 10_000
		began = time.Now()
		reader.send(poll)
		writer.produced(produceRequest("t", batchOf(t, nil, "too little")))
		resp = reader.receive().(*kmsg.FetchResponse)
		require.Equal(t, 10*time.Second, time.Since(began), "MinBytes are waited for")
		require.Equal(t, []string{"too little"}, valuesOf(t, resp.Topics[0].Partitions[0].RecordBatches, 0), "but what there is comes then")

		began = time.Now()
		poll.MaxWaitMillis = 1 << 30
		reader.fetched(poll)
		require.Equal(t, maxFetchWait, time.Since(began))
	})
}

// An error of reading one partition is told at once, with what there is of the others. Partitions that
// do not exist are told then, or when there is something else to tell.
func TestFetchErrorEndsThePoll(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 2)
		c := d.dial()
		began := time.Now()
		req := fetchRequest("t", 0)
		req.Topics[0].Partitions = append(req.Topics[0].Partitions, fetchPartition(1, 99))
		resp := ask[*kmsg.FetchResponse](c, req)
		requireCode(t, nil, resp.Topics[0].Partitions[0].ErrorCode)
		requireCode(t, kerr.OffsetOutOfRange, resp.Topics[0].Partitions[1].ErrorCode)
		req.Topics[0].Partitions[1] = fetchPartition(1, 0)
		req.Topics[0].Partitions[1].CurrentLeaderEpoch = d.log.LeaderEpoch() + 1
		requireCode(t, kerr.UnknownLeaderEpoch, ask[*kmsg.FetchResponse](c, req).Topics[0].Partitions[1].ErrorCode)

		requireCode(t, kerr.UnknownTopicOrPartition, c.fetched(fetchRequest("unknown", 0)).ErrorCode)
		byID := fetchRequest("", 0)
		byID.Version, byID.Topics[0].TopicID = 13, log.TopicID{1}
		requireCode(t, kerr.UnknownTopicID, c.fetched(byID).ErrorCode)
		for _, index := range []int32{-1, 2, 1<<31 - 1} {
			req = fetchRequest("t", 0)
			req.Topics[0].Partitions[0].Partition = index
			requireCode(t, kerr.UnknownTopicOrPartition, c.fetched(req).ErrorCode)
		}
		none := fetchRequest("t", 0)
		none.Topics = nil
		require.Empty(t, ask[*kmsg.FetchResponse](c, none).Topics)
		require.Zero(t, time.Since(began))

		req = fetchRequest("t", 0)
		req.Topics[0].Partitions = append(req.Topics[0].Partitions, fetchPartition(7, 0))
		requireCode(t, kerr.UnknownTopicOrPartition, ask[*kmsg.FetchResponse](c, req).Topics[0].Partitions[1].ErrorCode)
		require.Equal(t, time.Second, time.Since(began), "MaxWait, as in Kafka: the other one can be read")
	})
}

func TestFetchChecksTheLeaderEpoch(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		at := func(epoch int32) int16 {
			req := fetchRequest("t", 0)
			req.Topics[0].Partitions[0].CurrentLeaderEpoch = epoch
			return c.fetched(req).ErrorCode
		}
		mine := d.log.LeaderEpoch()
		requireCode(t, nil, at(mine))
		requireCode(t, nil, at(-1))
		requireCode(t, kerr.FencedLeaderEpoch, at(mine-1))
		requireCode(t, kerr.UnknownLeaderEpoch, at(mine+1))
	})
}

func TestFetchSessionsAreDeclined(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		req := fetchRequest("t", 0)
		req.SessionID, req.SessionEpoch = 0, 0
		require.Zero(t, ask[*kmsg.FetchResponse](c, req).SessionID)
		req.SessionID, req.SessionEpoch = 9, 4
		requireCode(t, kerr.FetchSessionIDNotFound, ask[*kmsg.FetchResponse](c, req).ErrorCode)
	})
}

// A stop ends the polls with what there is, and not after their time.
func TestFetchEndsWithShutdown(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		poll := fetchRequest("t", 0)
		poll.MaxWaitMillis = 15_000
		c.send(poll)
		synctest.Wait()
		began := time.Now()
		down := make(chan error, 1)
		go func() { down <- d.s.Shutdown(d.Context()) }()
		requireCode(t, nil, c.receive().(*kmsg.FetchResponse).Topics[0].Partitions[0].ErrorCode)
		require.NoError(t, <-down)
		require.Zero(t, time.Since(began))
		c.requireClosed()
	})
}
