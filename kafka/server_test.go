package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/log"
	"streamhouse/objstore"
)

// door is a Kafka listener on an engine, both in this process.
type door struct {
	*Server
	engine *log.Log
	addr   string
}

// openDoor starts an engine on a store in memory and a listener. Both are
// checked and stopped when the test ends.
func openDoor(t testing.TB, change ...func(*Options)) *door {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	engine, err := log.Open(context.Background(), objstore.NewMem(), log.Options{MetadataPath: filepath.Join(t.TempDir(), "metadata.db"), Logger: quiet})
	require.NoError(t, err)
	o := Options{AutoCreateTopics: true, Logger: quiet, Groups: GroupOptions{InitialRebalanceDelay: -1}}
	for _, c := range change {
		c(&o)
	}
	s, err := NewServer(engine, o)
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		require.NoError(t, s.Shutdown(context.Background()))
		require.NoError(t, <-served)
		require.NoError(t, engine.Check(context.Background()))
		require.NoError(t, engine.Close(context.Background()))
	})
	return &door{s, engine, ln.Addr().String()}
}

// client connects a franz-go client, which is closed when the test ends.
func (d *door) client(t testing.TB, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(d.addr)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	return cl
}

// consume reads n records from the start of a topic.
func (d *door) consume(t testing.TB, topic string, n int) (records []*kgo.Record) {
	t.Helper()
	cl := d.client(t, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(time.Second))
	for len(records) < n {
		fetches := cl.PollFetches(t.Context())
		require.NoError(t, fetches.Err())
		records = append(records, fetches.Records()...)
	}
	return records
}

func TestProduceAndConsume(t *testing.T) {
	d := openDoor(t)
	codecs := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}
	for name, codec := range codecs {
		t.Run(name, func(t *testing.T) {
			cl := d.client(t, kgo.ProducerBatchCompression(codec))
			_, err := kadm.NewClient(cl).CreateTopic(t.Context(), 3, 1, nil, name)
			require.NoError(t, err)
			var sent []*kgo.Record
			for i := range 300 {
				sent = append(sent, &kgo.Record{
					Topic: name, Key: fmt.Append(nil, "key ", i%7), Value: fmt.Append(nil, "a value that can be compressed, compressed, compressed ", i),
					Headers: []kgo.RecordHeader{{Key: "twice", Value: []byte{0, 255}}, {Key: "twice", Value: nil}, {Key: "twice", Value: []byte{}}},
				})
			}
			require.NoError(t, cl.ProduceSync(t.Context(), sent...).FirstErr())
			byPlace := make(map[string]*kgo.Record)
			for _, r := range sent {
				byPlace[fmt.Sprint(r.Partition, "/", r.Offset)] = r
			}
			require.Len(t, byPlace, len(sent), "every record has a place of its own")
			for _, got := range d.consume(t, name, len(sent)) {
				want := byPlace[fmt.Sprint(got.Partition, "/", got.Offset)]
				require.NotNil(t, want)
				require.Equal(t, want.Key, got.Key)
				require.Equal(t, want.Value, got.Value)
				require.Equal(t, want.Headers, got.Headers)
				require.Equal(t, want.Timestamp.UnixMilli(), got.Timestamp.UnixMilli())
			}
		})
	}
}
