package kafka

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/log/group"
	"streamhouse/objstore"
	"streamhouse/objstore/mem"
)

// offsetTest is a groupTest with an engine that has the topics "a" and "b" of
// four partitions.
type offsetTest struct {
	*groupTest
	store *gatedStore
	ids   map[string]log.TopicID
}

func inOffsets(t *testing.T, o group.Options, test func(*offsetTest)) {
	inGroups(t, o, func(g *groupTest) {
		ot := &offsetTest{groupTest: g, store: &gatedStore{Store: mem.New()}, ids: map[string]log.TopicID{}}
		l, err := log.Open(g.ctx, ot.store, log.Options{MetadataPath: filepath.Join(t.TempDir(), "meta.db")})
		require.NoError(t, err)
		g.s.log = l
		topics, err := l.CreateTopics([]log.TopicSpec{{Name: "a", Partitions: 4}, {Name: "b", Partitions: 4}}).Wait(g.ctx)
		require.NoError(t, err)
		for _, topic := range topics {
			require.NoError(t, topic.Err)
			ot.ids[topic.Topic.Name] = topic.Topic.ID
		}
		test(ot)
		ot.store.open()
		require.NoError(t, l.Close(context.WithoutCancel(g.ctx)))
	})
}

// gatedStore holds every Put back while it is shut.
type gatedStore struct {
	objstore.Store
	mu   sync.Mutex
	gate chan struct{} // nil: open
}

func (s *gatedStore) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = make(chan struct{})
}

func (s *gatedStore) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gate != nil {
		close(s.gate)
		s.gate = nil
	}
}

func (s *gatedStore) Put(ctx context.Context, key string, body []byte) error {
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.Store.Put(ctx, key, body)
}

// at is an offset to commit.
func at(partition int32, offset int64, metadata string) kmsg.OffsetCommitRequestTopicPartition {
	p := kmsg.NewOffsetCommitRequestTopicPartition()
	p.Partition, p.Offset, p.Metadata, p.LeaderEpoch = partition, offset, &metadata, 7
	return p
}

// commitRequest is a commit to topic "a" by nobody in particular, in version 9.
func commitRequest(parts ...kmsg.OffsetCommitRequestTopicPartition) *kmsg.OffsetCommitRequest {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Version, req.Group, req.Generation = 9, "g", -1
	req.Topics = []kmsg.OffsetCommitRequestTopic{{Topic: "a", Partitions: parts}}
	return req
}

func (o *offsetTest) commit(req *kmsg.OffsetCommitRequest) *call[*kmsg.OffsetCommitResponse] {
	return started(o.T, o.s.offsetCommit(o.ctx, &client{id: "c"}, req))
}

// commitCode commits one offset, and returns its error code.
func (o *offsetTest) commitCode(req *kmsg.OffsetCommitRequest) int16 {
	return o.commit(req).answer().Topics[0].Partitions[0].ErrorCode
}

// committed is what OffsetFetch says of a partition of topic "a".
func (o *offsetTest) committed(group string, partition int32) int64 {
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Version, req.Group = 7, group
	req.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: "a", Partitions: []int32{partition}}}
	resp := o.fetch(req)
	require.Zero(o, resp.ErrorCode)
	require.Zero(o, resp.Topics[0].Partitions[0].ErrorCode)
	return resp.Topics[0].Partitions[0].Offset
}

func (o *offsetTest) fetch(req *kmsg.OffsetFetchRequest) *kmsg.OffsetFetchResponse {
	return overWire(o.T, o.s.offsetFetch(o.ctx, &client{id: "c"}, req))
}
