package grpcapi

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
	"streamhouse/objstore"
	"streamhouse/objstore/mem"
)

// onPut calls a function before each PUT.
type onPut struct {
	objstore.Store
	call func()
}

func (s onPut) Put(ctx context.Context, key string, body []byte) error {
	s.call()
	return s.Store.Put(ctx, key, body)
}

// A clock that is set back while a producer's name is looked up, which takes a flush, makes no record one from the future.
func TestClockSetBackWhileAProducerIsLookedUp(t *testing.T) {
	var ahead atomic.Int64
	var setBack atomic.Bool
	ahead.Store(int64(50 * time.Hour))
	store := newGate(onPut{mem.New(), func() {
		if setBack.Load() {
			ahead.Store(0)
		}
	}})
	l, err := log.Open(t.Context(), store, log.Options{
		MetadataPath: filepath.Join(t.TempDir(), "metadata.db"), Logger: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close(context.Background())) })
	d := serve(t, l, store, Options{})
	_, err = d.CreateTopic(t.Context(), &pb.CreateTopicRequest{Name: "t", PartitionCount: 1})
	require.NoError(t, err)

	setBack.Store(true)
	_, err = d.ProduceBatch(t.Context(), &pb.ProduceBatchRequest{
		Topic: "t", Records: []*pb.Record{{Value: []byte("v")}},
		ProducerId: proto.String("p"), ProducerEpoch: proto.Uint32(0), BaseSequence: proto.Int64(0),
	})
	require.NoError(t, err)
	require.Zero(t, ahead.Load())
	got, err := d.Consume(t.Context(), &pb.ConsumeRequest{Topic: "t"})
	require.NoError(t, err)
	require.Less(t, got.GetRecords()[0].GetTimestamp(), uint64(time.Now().Add(time.Hour).UnixMilli()))
}
