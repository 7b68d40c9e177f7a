package kafka

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
)

// fetchesIn counts the fetches of a consumer that asks again as soon as it is answered, until enough says so or the time is over.
func (c *wireClient) fetchesIn(d time.Duration, req *kmsg.FetchRequest, enough func(*kmsg.FetchResponse) bool) (n int) {
	c.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		n++
		if resp := ask[*kmsg.FetchResponse](c, req); enough != nil && enough(resp) {
			return n
		}
	}
	return n
}

// An idle consumer asks once in its fetch.max.wait.ms, whatever that is and whatever else its fetches name.
func TestFetchOfAnIdleConsumer(t *testing.T) {
	for name, change := range map[string]func(*door, *kmsg.FetchRequest){
		"of one partition": func(*door, *kmsg.FetchRequest) {},
		"of a byte in all": func(_ *door, req *kmsg.FetchRequest) { req.MaxBytes = 1 },
		"of a byte of each partition": func(_ *door, req *kmsg.FetchRequest) {
			req.Topics[0].Partitions[0].PartitionMaxBytes = 1
		},
		"of at least more than there can be": func(_ *door, req *kmsg.FetchRequest) { req.MinBytes = math.MaxInt32 },
		"of a partition that does not exist": func(_ *door, req *kmsg.FetchRequest) {
			req.Topics[0].Partitions = append(req.Topics[0].Partitions, fetchPartition(7, 0))
		},
		"of a topic that does not exist": func(_ *door, req *kmsg.FetchRequest) {
			req.Topics = append(fetchRequest("unknown", 0).Topics, req.Topics...)
		},
		"of a topic that is gone, by id": func(d *door, req *kmsg.FetchRequest) {
			topic, err := d.log.Topic("t")
			require.NoError(d, err)
			req.Version, req.Topics[0].TopicID = 13, topic.ID
			gone := fetchRequest("", 0).Topics[0]
			gone.TopicID = log.TopicID{1}
			req.Topics = append(req.Topics, gone)
		},
		"of one partition many times": func(_ *door, req *kmsg.FetchRequest) {
			for range 1000 {
				req.Topics[0].Partitions = append(req.Topics[0].Partitions, fetchPartition(0, 1))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inDoor(t, nil, func(d *door) {
				d.topic("t", 1)
				c := d.dial()
				c.produced(produceRequest("t", batchOf(t, nil, "read already")))
				req := fetchRequest("t", 1)
				change(d, req)
				for _, millis := range []int32{1, 2, 10, 50, 99, 100, 500} {
					req.MaxWaitMillis = millis
					want := int(math.Ceil(2000 / float64(millis)))
					require.Equal(t, want, c.fetchesIn(2*time.Second, req, nil), "fetch.max.wait.ms=%d", millis)
				}
			})
		})
	}
}

// Who does not want to wait, or wants nothing, is answered at once, as by Kafka.
func TestFetchWithoutAWait(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		began := time.Now()
		for _, ask := range []struct{ wait, least int32 }{{0, 1}, {0, math.MaxInt32}, {-1, 1}, {math.MinInt32, 1}, {1000, 0}, {1000, -1}} {
			req := fetchRequest("t", 0)
			req.MaxWaitMillis, req.MinBytes = ask.wait, ask.least
			requireCode(t, nil, c.fetched(req).ErrorCode)
			require.Zero(t, time.Since(began), "%+v", ask)
		}
	})
}

// What lies only in the store is brought: a consumer that wants to wait less than the store takes is
// held back until it is there, or for a moment, and gets it with one of its next fetches.
func TestFetchOfWhatIsOnlyInTheStore(t *testing.T) {
	for _, c := range []struct {
		wait, least int32
		store       time.Duration
		fetches     int // until the records come
	}{
		{0, 1, 0, 1},
		{0, 0, 50 * time.Millisecond, 1},
		{0, 1, 50 * time.Millisecond, 1},
		{1, 1, 99 * time.Millisecond, 1},
		{1, math.MaxInt32, 50 * time.Millisecond, 1},
		{99, 1, 250 * time.Millisecond, 3}, // held for 100 ms, twice
		{0, 1, 950 * time.Millisecond, 10},
		{500, 1, 450 * time.Millisecond, 1},
		{500, 0, 450 * time.Millisecond, 1},
		{500, 1, 700 * time.Millisecond, 2},
	} {
		t.Run(fmt.Sprintf("wait %d ms for %d bytes, the store takes %v", c.wait, c.least, c.store), func(t *testing.T) {
			for _, limit := range []int32{1, 1 << 20} {
				inDoor(t, func(_ *Options, o *log.Options) { o.TailBytes = 1 }, func(d *door) {
					d.topic("t", 2)
					client := d.dial()
					requireCode(t, nil, client.produced(produceRequest("t", batchOf(t, nil, "cold"))).ErrorCode)
					d.store.Break(faulty.Fault{Ops: objstore.OpGetRange, Do: faulty.Slow(c.store)})
					req := fetchRequest("t", 0)
					req.MaxWaitMillis, req.MinBytes, req.MaxBytes = c.wait, c.least, limit
					req.Topics[0].Partitions[0].PartitionMaxBytes = limit
					req.Topics[0].Partitions = append(req.Topics[0].Partitions, fetchPartition(1, 0))
					began := time.Now()
					n := client.fetchesIn(time.Minute, req, func(resp *kmsg.FetchResponse) bool {
						requireCode(t, nil, resp.Topics[0].Partitions[0].ErrorCode)
						return len(resp.Topics[0].Partitions[0].RecordBatches) > 0
					})
					require.Equal(t, c.fetches, n)
					if c.least <= 1 {
						require.Equal(t, c.store, time.Since(began), "no longer than the store takes")
					}
				})
			}
		})
	}
}

// A floor for the store is none for others: what is in memory is answered at once, and an error as well.
func TestFetchDoesNotWaitForTheStoreInVain(t *testing.T) {
	inDoor(t, func(_ *Options, o *log.Options) { o.TailBytes = 100 }, func(d *door) {
		d.topic("cold", 1)
		d.topic("hot", 1)
		c := d.dial()
		c.produced(produceRequest("cold", batchOf(t, nil, "cold")))
		c.produced(produceRequest("hot", batchOf(t, nil, "hot")))
		d.store.Break(faulty.Fault{Ops: objstore.OpGetRange, Do: faulty.Slow(time.Minute)})
		req := fetchRequest("cold", 0)
		req.Topics = append(req.Topics, fetchRequest("hot", 0).Topics...)
		req.MaxWaitMillis = 0
		began := time.Now()
		resp := ask[*kmsg.FetchResponse](c, req)
		require.Empty(t, resp.Topics[0].Partitions[0].RecordBatches)
		require.Equal(t, []string{"hot"}, valuesOf(t, resp.Topics[1].Partitions[0].RecordBatches, 0))

		req.Topics[1].Partitions[0].FetchOffset = 99
		requireCode(t, kerr.OffsetOutOfRange, ask[*kmsg.FetchResponse](c, req).Topics[1].Partitions[0].ErrorCode)
		require.Zero(t, time.Since(began))
	})
}
