package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// worker is a consumer that handles what it reads, commits, and goes on.
type worker struct {
	*groupClient
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// work starts a worker of a group. It holds a rebalance back while it handles
// what it polled, as a careful program does.
func (g *groupClients) work(name, group, topic string, balancer kgo.GroupBalancer, handle func(*worker, []*kgo.Record) error) *worker {
	w := &worker{groupClient: g.start(name, kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.Balancers(balancer),
		kgo.BlockRebalanceOnPoll(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DefaultProduceTopic("b"),
		kgo.FetchMaxWait(200*time.Millisecond), kgo.ProducerLinger(0))}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	w.done.Go(func() {
		defer w.AllowRebalance()
		for ctx.Err() == nil {
			fetches := w.PollRecords(ctx, 25)
			if fetches.IsClientClosed() {
				return
			}
			records := fetches.Records()
			if len(records) > 0 && handle(w, records) == nil {
				w.commit(group, topic, records)
			}
			w.AllowRebalance()
		}
	})
	return w
}

// commit commits what was handled, also where the worker is told to finish. It makes its own
// request, since the client's commit waits for a rebalance on a mutex, which stops fake time.
func (w *worker) commit(group, topic string, records []*kgo.Record) {
	next := map[int32]kmsg.OffsetCommitRequestTopicPartition{}
	for _, r := range records {
		next[r.Partition] = at(r.Partition, r.Offset+1, "")
	}
	known, err := w.all.broker.log.Topic(topic)
	for err == nil {
		req := kmsg.NewPtrOffsetCommitRequest()
		req.Group = group
		req.MemberID, req.Generation = w.GroupMetadata()
		req.Topics = []kmsg.OffsetCommitRequestTopic{{Topic: topic, TopicID: known.ID,
			Partitions: slices.Collect(maps.Values(next))}}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		var resp *kmsg.OffsetCommitResponse
		resp, err = req.RequestWith(ctx, w.Client)
		cancel()
		if err != nil {
			return // crashed
		}
		switch kerr.TypedErrorForCode(resp.Topics[0].Partitions[0].ErrorCode) {
		case kerr.RebalanceInProgress, kerr.IllegalGeneration:
			time.Sleep(20 * time.Millisecond) // the partitions are still its own: rebalances wait for it
		default:
			return
		}
	}
}

func (w *worker) crash() {
	w.cancel()
	w.cut()
	w.done.Wait()
	w.bury()
}

func (w *worker) finish() {
	w.cancel()
	w.done.Wait()
	w.groupClient.stop()
}

// TestGroupChain copies records from a topic to another with one group, and reads
// those with a second group, while workers of both come and go.
func TestGroupChain(t *testing.T) {
	for name, balancer := range balancers() {
		for _, crashes := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s crashes=%v", name, crashes), func(t *testing.T) {
				withGroupClients(t, func(g *groupClients) { g.chain(balancer, crashes) })
			})
		}
	}
}

func (g *groupClients) chain(balancer kgo.GroupBalancer, crashes bool) {
	const records = 1000
	g.owner = nil // two groups read two topics: owners are not kept
	var mu sync.Mutex
	seen := map[string]int{}
	count := func(_ *worker, rs []*kgo.Record) error {
		time.Sleep(10 * time.Millisecond) // work takes time
		mu.Lock()
		defer mu.Unlock()
		for _, r := range rs {
			seen[string(r.Value)]++
		}
		return nil
	}
	forward := func(w *worker, rs []*kgo.Record) error {
		out := make([]*kgo.Record, len(rs))
		for i, r := range rs {
			out[i] = &kgo.Record{Key: r.Key, Value: r.Value}
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second) // a crashed one gives up
		defer cancel()
		return w.ProduceSync(ctx, out...).FirstErr()
	}
	copiers := []*worker{g.work("copier 0", "g", "a", balancer, forward), g.work("copier 1", "g", "a", balancer, forward)}
	counters := []*worker{g.work("counter 0", "h", "b", balancer, count), g.work("counter 1", "h", "b", balancer, count)}

	source, err := kgo.NewClient(kgo.SeedBrokers("localhost:9092"), kgo.Dialer(g.broker.network.DialContext), kgo.DefaultProduceTopic("a"), kgo.ProducerLinger(0))
	require.NoError(g, err)
	defer source.Close()
	end := (*worker).finish
	if crashes {
		end = (*worker).crash
	}
	for i := range records {
		id := fmt.Sprint(i)
		require.NoError(g, source.ProduceSync(context.Background(), &kgo.Record{Key: []byte(id), Value: []byte(id)}).FirstErr())
		time.Sleep(20 * time.Millisecond)
		switch i {
		case 150:
			copiers = append(copiers, g.work("copier 2", "g", "a", balancer, forward))
		case 300:
			end(copiers[0])
		case 450:
			counters = append(counters, g.work("counter 2", "h", "b", balancer, count))
		case 600:
			end(counters[0])
		case 750:
			end(copiers[1])
			copiers = append(copiers, g.work("copier 3", "g", "a", balancer, forward))
		}
	}
	time.Sleep(2 * time.Minute)
	for _, w := range append(copiers[2:], counters[1:]...) {
		w.finish()
	}
	mu.Lock()
	defer mu.Unlock()
	require.Len(g, seen, records, "records were lost")
	for id, n := range seen {
		if !crashes {
			require.Equal(g, 1, n, "record %s came twice though nobody crashed", id)
		}
	}
}
