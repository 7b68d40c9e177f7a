package kafka

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/objstore/mem"
)

// benchDoor is a server over a real engine, and one connection to it that allocates nothing: what
// is counted is the broker's.
type benchDoor struct {
	*testing.B
	log    *log.Log
	conn   net.Conn
	answer []byte
}

func newBenchDoor(b *testing.B, change ...func(*Options)) *benchDoor {
	b.Helper()
	quiet := slog.New(slog.DiscardHandler)
	// Each produce request is a flush: its cost is seen whole.
	l, err := log.Open(b.Context(), mem.New(), log.Options{MetadataPath: filepath.Join(b.TempDir(), "meta.db"), FlushBytes: 1, Logger: quiet})
	require.NoError(b, err)
	o := Options{AdvertisedAddr: "localhost:9092", Logger: quiet}
	for _, c := range change {
		c(&o)
	}
	s, err := NewServer(l, o)
	require.NoError(b, err)
	ln, err := net.Listen("tcp", "localhost:0")
	require.NoError(b, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	b.Cleanup(func() {
		require.NoError(b, s.Shutdown(context.Background()))
		require.NoError(b, <-served)
		require.NoError(b, l.Close(context.Background()))
	})
	conn, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(b, err)
	b.Cleanup(func() { _ = conn.Close() })
	return &benchDoor{B: b, log: l, conn: conn}
}

func (d *benchDoor) topics(partitions int32, names ...string) {
	d.Helper()
	var specs []log.TopicSpec
	for _, name := range names {
		specs = append(specs, log.TopicSpec{Name: name, Partitions: partitions})
	}
	created, err := d.log.CreateTopics(specs).Wait(d.Context())
	require.NoError(d, err)
	for _, c := range created {
		require.NoError(d, c.Err)
	}
}

// ask sends a request and reads its answer, without the header. It is valid until the next call.
func (d *benchDoor) ask(request []byte) []byte {
	if _, err := d.conn.Write(request); err != nil {
		d.Fatal(err)
	}
	var size [4]byte
	if _, err := io.ReadFull(d.conn, size[:]); err != nil {
		d.Fatal(err)
	}
	n := int(binary.BigEndian.Uint32(size[:]))
	if cap(d.answer) < n {
		d.answer = make([]byte, n)
	}
	d.answer = d.answer[:n]
	if _, err := io.ReadFull(d.conn, d.answer); err != nil {
		d.Fatal(err)
	}
	return d.answer[4:]
}

// expect asks once and returns the answer decoded.
func expect[R kmsg.Response](d *benchDoor, req kmsg.Request) R {
	d.Helper()
	body := d.ask(requestBytes(req, 1))
	resp := req.ResponseKind()
	if resp.IsFlexible() {
		body = body[1:]
	}
	require.NoError(d, resp.ReadFrom(body))
	return resp.(R)
}

// repeat sends a request until the benchmark has enough.
func (d *benchDoor) repeat(req kmsg.Request) {
	request := requestBytes(req, 1)
	d.ReportAllocs()
	for d.Loop() {
		d.ask(request)
	}
}

// A produce request, flushed, applied and answered. Its records do not show in the allocations.
func BenchmarkProduce(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint("records=", n), func(b *testing.B) {
			d := newBenchDoor(b)
			d.topics(1, "t")
			values := make([]string, n)
			for i := range values {
				values[i] = fmt.Sprint("value ", i)
			}
			req := produceRequest("t", batchOf(b, nil, values...))
			require.Zero(b, expect[*kmsg.ProduceResponse](d, req).Topics[0].Partitions[0].ErrorCode)
			b.SetBytes(int64(len(req.Topics[0].Partitions[0].Records)))
			d.repeat(req)
		})
	}
}

// A fetch of 1 MiB from the tail.
func BenchmarkFetchTail(b *testing.B) {
	d := newBenchDoor(b)
	d.topics(1, "t")
	for range 20 {
		expect[*kmsg.ProduceResponse](d, produceRequest("t", batchOf(b, nil, strings.Repeat("x", 100<<10))))
	}
	req := fetchRequest("t", 0)
	req.MaxBytes, req.Topics[0].Partitions[0].PartitionMaxBytes = 1<<20, 1<<20
	b.SetBytes(int64(len(expect[*kmsg.FetchResponse](d, req).Topics[0].Partitions[0].RecordBatches)))
	d.repeat(req)
}

// A fetch of 1,000 partitions of which one has something new, as consumers of wide topics send it.
func BenchmarkFetchWide(b *testing.B) {
	d := newBenchDoor(b)
	d.topics(1000, "t")
	expect[*kmsg.ProduceResponse](d, produceRequest("t", batchOf(b, nil, "v")))
	req := fetchRequest("t", 0)
	for i := range int32(999) {
		req.Topics[0].Partitions = append(req.Topics[0].Partitions, fetchPartition(i+1, 0))
	}
	require.NotEmpty(b, expect[*kmsg.FetchResponse](d, req).Topics[0].Partitions[0].RecordBatches)
	d.repeat(req)
}

// Metadata of 1,000 topics with 10 partitions each, all asked for at once.
func BenchmarkMetadata(b *testing.B) {
	d := newBenchDoor(b)
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprint("topic-", i)
	}
	d.topics(10, names...)
	req := kmsg.NewPtrMetadataRequest()
	req.Version = 12
	require.Len(b, expect[*kmsg.MetadataResponse](d, req).Topics, len(names))
	d.repeat(req)
}
