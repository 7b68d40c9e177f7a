package kafka

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/log/record"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// door is a server over a real engine, at localhost:9092 of an in-memory network, in a bubble
// of fake time. Its store can be made to fail.
type door struct {
	*testing.T
	s       *Server
	log     *log.Log
	store   *faulty.Store
	network kfake.VirtualNetwork
	served  chan error

	mu     sync.Mutex
	events []string // "refused stalled", "failed Produce CORRUPT_MESSAGE" …
	conns  int      // that are served
}

// inDoor runs a test against a door. change may be nil.
func inDoor(t *testing.T, change func(*Options, *log.Options), test func(*door)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		quiet := slog.New(slog.DiscardHandler)
		d := &door{T: t, store: faulty.New(mem.New(), 1), served: make(chan error, 1)}
		o, lo := Options{AdvertisedAddr: "broker.example:9092", Logger: quiet, Events: d.record()}, log.Options{Logger: quiet}
		lo.MetadataPath = filepath.Join(t.TempDir(), "meta.db")
		if change != nil {
			change(&o, &lo)
		}
		var err error
		d.log, err = log.Open(t.Context(), d.store, lo)
		require.NoError(t, err)
		d.s, err = NewServer(d.log, o)
		require.NoError(t, err)
		ln, err := d.network.Listen("tcp", "localhost:9092")
		require.NoError(t, err)
		go func() { d.served <- d.s.Serve(ln) }()
		synctest.Wait()
		t.Cleanup(d.close)
		test(d)
	})
}

// close checks that nothing is left behind.
func (d *door) close() {
	d.store.Mend()
	synctest.Wait() // a write that hung lands: Check needs a log at rest
	assert.NoError(d, d.s.Shutdown(context.Background()))
	assert.NoError(d, <-d.served)
	if d.log.Err() == nil {
		assert.NoError(d, d.log.Check(context.Background()))
	}
	assert.NoError(d, d.log.Close(context.Background()))
	assert.Zero(d, d.conns, "a connection was forgotten")
}

func (d *door) record() Events {
	note := func(format string, args ...any) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.events = append(d.events, fmt.Sprintf(format, args...))
	}
	return Events{
		Opened:  func() { d.mu.Lock(); d.conns++; d.mu.Unlock() },
		Closed:  func() { d.mu.Lock(); d.conns--; d.mu.Unlock() },
		Failed:  func(api, code string) { note("failed %s %s", api, code) },
		Refused: func(reason string) { note("refused %s", reason) },
	}
}

// told returns the events since the last call, once nothing moves any more.
func (d *door) told() []string {
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	events := d.events
	d.events = nil
	return events
}

// topic creates a topic and returns its id.
func (d *door) topic(name string, partitions int32, configs ...string) log.TopicID {
	d.Helper()
	spec := log.TopicSpec{Name: name, Partitions: partitions, Configs: map[string]string{}}
	for i := 0; i < len(configs); i += 2 {
		spec.Configs[configs[i]] = configs[i+1]
	}
	created, err := d.log.CreateTopics([]log.TopicSpec{spec}).Wait(d.Context())
	require.NoError(d, err)
	require.NoError(d, created[0].Err)
	return created[0].Topic.ID
}

// wireClient says every byte itself.
type wireClient struct {
	*door
	net.Conn
	correlation int32
	awaited     []awaited // in order
}

type awaited struct {
	correlation int32
	req         kmsg.Request
}

func (d *door) dial() *wireClient {
	d.Helper()
	conn, err := d.network.DialContext(d.Context(), "tcp", "localhost:9092")
	require.NoError(d, err)
	d.Cleanup(func() { _ = conn.Close() })
	return &wireClient{door: d, Conn: conn}
}

// requestBytes is a request as it goes over the wire.
func requestBytes(req kmsg.Request, correlation int32) []byte {
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID("test")).AppendRequest(nil, req, correlation)
}

// send sends a request and remembers that its answer is awaited.
func (c *wireClient) send(req kmsg.Request) {
	c.Helper()
	c.correlation++
	_, err := c.Write(requestBytes(req, c.correlation))
	require.NoError(c, err)
	c.awaited = append(c.awaited, awaited{c.correlation, req})
}

// sendOnly sends a request that gets no answer.
func (c *wireClient) sendOnly(req kmsg.Request) {
	c.Helper()
	c.send(req)
	c.awaited = c.awaited[:len(c.awaited)-1]
}

// receive reads the next answer, which has to be that to the oldest request.
func (c *wireClient) receive() kmsg.Response {
	c.Helper()
	a := c.awaited[0]
	c.awaited = c.awaited[1:]
	var head [8]byte
	_, err := io.ReadFull(c.Conn, head[:])
	require.NoError(c, err)
	require.Equal(c, a.correlation, int32(binary.BigEndian.Uint32(head[4:])), "answers stand in the order of the requests")
	body := make([]byte, binary.BigEndian.Uint32(head[:])-4)
	_, err = io.ReadFull(c.Conn, body)
	require.NoError(c, err)
	resp := a.req.ResponseKind()
	if resp.IsFlexible() && resp.Key() != int16(kmsg.ApiVersions) {
		require.Zero(c, body[0], "header tags")
		body = body[1:]
	}
	require.NoError(c, resp.ReadFrom(body))
	return resp
}

// ask sends a request and returns its answer.
func ask[R kmsg.Response](c *wireClient, req kmsg.Request) R {
	c.Helper()
	c.send(req)
	return c.receive().(R)
}

// requireClosed waits until the server has closed the connection, unanswered.
func (c *wireClient) requireClosed() {
	c.Helper()
	n, err := io.Copy(io.Discard, c.Conn)
	require.Zero(c, n, "no answer")
	if err != nil {
		require.ErrorIs(c, err, io.ErrClosedPipe)
	}
}

// requireAlive asks for something small.
func (c *wireClient) requireAlive() {
	c.Helper()
	require.Zero(c, ask[*kmsg.ApiVersionsResponse](c, kmsg.NewPtrApiVersionsRequest()).ErrorCode)
}

// batchOf is a record batch with these values.
func batchOf(t testing.TB, seq *record.Sequence, values ...string) []byte {
	t.Helper()
	records := make([]record.Record, len(values))
	for i, v := range values {
		records[i] = record.Record{Timestamp: time.Now().UnixMilli(), Value: []byte(v)}
	}
	b, err := record.AppendBatch(nil, records, seq)
	require.NoError(t, err)
	return b
}

// produceRequest writes records to partition 0 of a topic, in version 9, acks=all.
func produceRequest(topic string, records []byte) *kmsg.ProduceRequest {
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.Acks, req.TimeoutMillis = 9, -1, 10_000
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic = topic
	rt.Partitions = append(rt.Partitions, producePartition(0, records))
	req.Topics = append(req.Topics, rt)
	return req
}

func producePartition(index int32, records []byte) kmsg.ProduceRequestTopicPartition {
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition, p.Records = index, records
	return p
}

// produced is the outcome for the only partition of an answer.
func (c *wireClient) produced(req *kmsg.ProduceRequest) kmsg.ProduceResponseTopicPartition {
	c.Helper()
	return ask[*kmsg.ProduceResponse](c, req).Topics[0].Partitions[0]
}

// fetchRequest reads partition 0 of a topic from an offset on, in version 12.
func fetchRequest(topic string, offset int64) *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.Version, req.MaxWaitMillis, req.MinBytes, req.MaxBytes = 12, 1000, 1, 1<<20
	rt := kmsg.NewFetchRequestTopic()
	rt.Topic = topic
	rt.Partitions = append(rt.Partitions, fetchPartition(0, offset))
	req.Topics = append(req.Topics, rt)
	return req
}

func fetchPartition(index int32, offset int64) kmsg.FetchRequestTopicPartition {
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes, p.CurrentLeaderEpoch = index, offset, 1<<20, -1
	return p
}

func (c *wireClient) fetched(req *kmsg.FetchRequest) kmsg.FetchResponseTopicPartition {
	c.Helper()
	return ask[*kmsg.FetchResponse](c, req).Topics[0].Partitions[0]
}

// valuesOf decodes record batches.
func valuesOf(t testing.TB, records []byte, from int64) (values []string) {
	t.Helper()
	require.NoError(t, record.Decode([][]byte{records}, from, func(r record.Record) bool {
		values = append(values, string(r.Value))
		return true
	}))
	return values
}

// requireCode compares error codes by name.
func requireCode(t testing.TB, want *kerr.Error, got int16, about ...any) {
	t.Helper()
	wanted := int16(0)
	if want != nil {
		wanted = want.Code
	}
	require.Equal(t, codeName(wanted), codeName(got), about...)
}

func codeName(code int16) string {
	if err := kerr.TypedErrorForCode(code); err != nil {
		return err.Message
	}
	return "NONE"
}
