package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// topic is the topic that is measured. One that the benchmark named itself
// is deleted by close, unless it is to be kept. It may be used concurrently.
type topic struct {
	name   string
	fresh  bool          // to be deleted
	limit  time.Duration // of one request to the broker, with its retries
	client *kgo.Client
	admin  *kadm.Client
}

// openTopic connects and creates the topic, unless it exists under a name that was given: then it is used
// with the partitions that it has. The caller closes it.
func openTopic(ctx context.Context, b *Config) (*topic, error) {
	client, err := kgo.NewClient(b.clientOptions()...)
	if err != nil {
		return nil, err
	}
	t := &topic{name: b.Topic, limit: b.Patience, client: client, admin: kadm.NewClient(client)}
	if t.name == "" {
		t.name = fmt.Sprintf("bench-%d", time.Now().UnixNano())
		t.fresh = !b.Keep
	}
	ctx, cancel := context.WithTimeout(ctx, b.Patience)
	defer cancel()
	// First, so that a broker that is not there is told as that.
	if err := client.Ping(ctx); err != nil {
		client.Close()
		return nil, fmt.Errorf("no Kafka broker answers at %v: %w", b.Addr, err)
	}
	// One replica: a broker alone has no more, and the replicas of a cluster are its own matter (acks=all waits
	// for those that there are).
	_, err = t.admin.CreateTopic(ctx, b.Partitions, 1, nil, t.name)
	if err != nil && (b.Topic == "" || !errors.Is(err, kerr.TopicAlreadyExists)) {
		client.Close()
		return nil, fmt.Errorf("create topic %s: %w", t.name, err)
	}
	return t, nil
}

// offsets returns the first and the next offset of each partition. It fails when a partition fails: a phase
// that leaves one out would look fast.
func (t *topic) offsets(ctx context.Context) (start, end map[int32]int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	starts, err := t.admin.ListStartOffsets(ctx, t.name)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list first offsets of %s: %w", t.name, err)
	}
	ends, err := t.admin.ListEndOffsets(ctx, t.name)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list last offsets of %s: %w", t.name, err)
	}
	return t.byPartition(starts), t.byPartition(ends), nil
}

func (t *topic) byPartition(listed kadm.ListedOffsets) map[int32]int64 {
	offsets := make(map[int32]int64)
	for p, o := range listed[t.name] {
		offsets[p] = o.Offset
	}
	return offsets
}

// close deletes the topic where it is the benchmark's own, also after an interruption, and closes the clients.
func (t *topic) close() error {
	defer t.client.Close()
	if !t.fresh {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), t.limit)
	defer cancel()
	if _, err := t.admin.DeleteTopic(ctx, t.name); err != nil {
		return fmt.Errorf("delete topic %s: %w", t.name, err)
	}
	return nil
}
