package kafka

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"streamhouse/log"
	"streamhouse/objstore/mem"
)

// newTestClient is a client that connected to a broker on this host.
func newTestClient(t *testing.T) *client {
	addr, err := net.ResolveTCPAddr("tcp", "127.0.0.1:19092")
	require.NoError(t, err)
	return &client{id: "c", host: "127.0.0.1", local: addr}
}

// groupBroker is a whole broker in a bubble of fake time, at localhost:9092 of
// an in-memory network. It can be stopped and started again on its store.
type groupBroker struct {
	*testing.T
	s       *Server
	network kfake.VirtualNetwork
	store   *mem.Store
	log     *log.Log
	serving sync.WaitGroup
}

func newGroupBroker(t *testing.T, topics map[string]int32) *groupBroker {
	b := &groupBroker{T: t, store: mem.New()}
	b.start()
	for name, partitions := range topics {
		created, err := b.log.CreateTopics([]log.TopicSpec{{Name: name, Partitions: partitions}}).Wait(context.Background())
		require.NoError(t, err)
		require.NoError(t, created[0].Err)
	}
	return b
}

func (b *groupBroker) start() {
	quiet := slog.New(slog.DiscardHandler)
	var err error
	b.log, err = log.Open(context.Background(), b.store, log.Options{MetadataPath: filepath.Join(b.TempDir(), "meta.db"), Logger: quiet})
	require.NoError(b, err)
	b.s, err = NewServer(b.log, Options{AdvertisedAddr: "localhost:9092", Logger: quiet})
	require.NoError(b, err)
	ln, err := b.network.Listen("tcp", "localhost:9092")
	require.NoError(b, err)
	b.serving.Go(func() { _ = b.s.Serve(ln) })
}

func (b *groupBroker) stop() {
	require.NoError(b, b.s.Shutdown(context.Background()))
	b.serving.Wait()
	require.NoError(b, b.log.Close(context.Background()))
}
