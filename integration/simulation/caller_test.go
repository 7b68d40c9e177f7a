package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
	"streamhouse/log/record"
)

// caller is a client of the gRPC door that writes to the lasting topics and reads them. Whatever it may try
// again it does, with another broker.
type caller struct {
	world *world
	name  string
	named bool // as an idempotent producer
	r     *rand.Rand
	conns []*grpc.ClientConn // by broker

	// Used by the one who produces.
	writer   *producer // who it is in the model
	sequence map[part]int64

	mu   sync.Mutex
	at   int // the connection in use
	next map[part]int64
}

// newCallers makes one whose batches are stored once, and one that may store a record twice.
func (w *world) newCallers() (all []*caller) {
	for _, named := range []bool{true, false} {
		name := fmt.Sprint("caller-", named)
		c := &caller{world: w, name: name, named: named, r: random(w.seed, name), sequence: make(map[part]int64), next: make(map[part]int64)}
		c.writer = &producer{world: w, name: name, idempotent: named, answered: true}
		for _, a := range grpcAddresses {
			conn, err := grpc.NewClient("passthrough:///"+a, grpc.WithTransportCredentials(insecure.NewCredentials()),
				grpc.WithContextDialer(func(ctx context.Context, at string) (net.Conn, error) { return w.network.dial(ctx, "", at) }))
			if err != nil {
				w.t.Fatal(err)
			}
			c.conns = append(c.conns, conn)
		}
		all = append(all, c)
	}
	return all
}

func (c *caller) hangUp() {
	for _, conn := range c.conns {
		_ = conn.Close()
	}
}

// call makes one call to the broker that answered the last one, or to the next one after it failed.
func (c *caller) call(ctx context.Context, do func(context.Context, pb.StreamHouseClient) error) error {
	c.mu.Lock()
	at := c.at
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, c.world.flushInterval+20*time.Second)
	defer cancel()
	err := do(ctx, pb.NewStreamHouseClient(c.conns[at]))
	if err != nil {
		c.mu.Lock()
		c.at = (at + 1) % len(c.conns)
		c.mu.Unlock()
	}
	return err
}

// passes tells whether a call that ended so is to be made again.
func passes(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return true
	}
	return false
}

// produce sends batches until ctx ends, and the last of them until it is taken.
func (c *caller) produce(ctx context.Context) {
	for pause(ctx, about(c.r, c.world.pace)) {
		p := pick(c.r, lastingParts()...)
		var batch []*sentRecord
		for range 1 + c.r.IntN(6) {
			c.writer.sent++
			s := &sentRecord{
				producer: c.writer, number: c.writer.sent, part: p, sentAt: time.Now().UnixMilli(), untimed: true,
				record: drawRecord(c.r, fmt.Sprintf("%s/%d", c.name, c.writer.sent)),
			}
			c.world.model.send(s.id(), s)
			batch = append(batch, s)
		}
		if c.r.IntN(4) == 0 && !c.named {
			batch = batch[:1]
		}
		c.insist(p, batch)
		c.commit(p)
	}
}

// insist sends a batch until it is stored.
func (c *caller) insist(p part, batch []*sentRecord) {
	for began := time.Now(); ; time.Sleep(about(c.r, time.Second)) {
		first, err := c.store(p, batch)
		if err == nil {
			for i, s := range batch {
				c.world.model.acknowledge(s, p, first+int64(i))
			}
			c.sequence[p] += int64(len(batch))
			c.world.model.count("batches of callers")
			return
		}
		if !passes(err) || time.Since(began) > 6*time.Hour {
			c.world.fail("%s was not taken: %v", batch[0].id(), err)
			return
		}
	}
}

func (c *caller) store(p part, batch []*sentRecord) (first int64, err error) {
	if len(batch) == 1 && !c.named {
		r := message(batch[0])
		req := &pb.ProduceRequest{Topic: p.topic, Partition: uint32(p.index), Key: r.Key, Value: r.Value, OrderedHeaders: r.OrderedHeaders}
		err = c.call(context.Background(), func(ctx context.Context, client pb.StreamHouseClient) error {
			resp, err := client.Produce(ctx, req)
			first = int64(resp.GetOffset())
			return err
		})
		return first, err
	}
	req := &pb.ProduceBatchRequest{Topic: p.topic, Partition: uint32(p.index)}
	for _, s := range batch {
		req.Records = append(req.Records, message(s))
	}
	if c.named {
		epoch, sequence := uint32(0), c.sequence[p]
		req.ProducerId, req.ProducerEpoch, req.BaseSequence = &c.name, &epoch, &sequence
	}
	err = c.call(context.Background(), func(ctx context.Context, client pb.StreamHouseClient) error {
		resp, err := client.ProduceBatch(ctx, req)
		if first = int64(resp.GetFirstOffset()); err == nil && int64(resp.GetLastOffset())-first+1 != int64(len(batch)) {
			c.world.fail("%s: %d records were stored at offsets %d to %d", c.name, len(batch), first, resp.GetLastOffset())
		}
		return err
	})
	return first, err
}

// message is a record as it is sent.
func message(s *sentRecord) *pb.Record {
	r := &pb.Record{Key: s.record.Key, Value: s.record.Value}
	for _, h := range s.record.Headers {
		r.OrderedHeaders = append(r.OrderedHeaders, &pb.Header{Key: h.Key, Value: h.Value})
	}
	return r
}

// commit stores a position. It is tried once: whether it was stored where no answer came is not known.
func (c *caller) commit(p part) {
	at := committed{c.r.Int64N(1000), fmt.Sprint(c.r.Uint32())}
	done := c.world.model.commit(position{c.name, p}, at)
	err := c.call(context.Background(), func(ctx context.Context, client pb.StreamHouseClient) error {
		_, err := client.CommitOffset(ctx, &pb.CommitOffsetRequest{
			ConsumerGroup: c.name, Topic: p.topic, Partition: uint32(p.index), Offset: uint64(at.offset), Metadata: &at.metadata,
		})
		return err
	})
	if err == nil {
		c.world.model.count("positions of callers")
	} else if !passes(err) {
		c.world.fail("%s was refused a position: %v", c.name, err)
	}
	done(err == nil)
}

// consume reads one partition after the other, from its start on, until ctx ends.
func (c *caller) consume(ctx context.Context) {
	r := random(c.world.seed, c.name+" reading")
	for pause(ctx, about(r, c.world.pace/4)) {
		for _, p := range lastingParts() {
			for c.read(ctx, p, 1+r.Uint32N(200)) {
			}
		}
	}
}

// read makes one call, and tells whether there is more to read.
func (c *caller) read(ctx context.Context, p part, most uint32) (more bool) {
	c.mu.Lock()
	next := c.next[p]
	c.mu.Unlock()
	req := &pb.ConsumeRequest{Topic: p.topic, Partition: uint32(p.index), Offset: uint64(next), MaxRecords: most}
	err := c.call(ctx, func(ctx context.Context, client pb.StreamHouseClient) error {
		resp, err := client.Consume(ctx, req)
		for _, m := range resp.GetRecords() {
			c.take(p, m)
		}
		more = resp.GetHasMore()
		return err
	})
	switch {
	case err == nil, passes(err):
	case status.Code(err) == codes.OutOfRange && c.world.model.mayBeDeleted(p, next):
		c.mu.Lock()
		c.next[p] = max(next, c.world.bounds(c.world.engine(), p).LogStart)
		c.mu.Unlock()
	case status.Code(err) == codes.DataLoss: // bytes came damaged twice: it says so, and reads anew when asked again
	case status.Code(err) == codes.OutOfRange && len(c.world.zombies()) > 0: // it does not know of what came since
	default:
		c.world.fail("%s cannot read %v from offset %d: %v", c.name, p, next, err)
	}
	return more && err == nil
}

func (c *caller) take(p part, m *pb.ConsumedRecord) {
	r := record.Record{Offset: int64(m.GetOffset()), Timestamp: int64(m.GetTimestamp()), Key: m.Key, Value: m.Value}
	for _, h := range m.GetOrderedHeaders() {
		r.Headers = append(r.Headers, record.Header{Key: h.GetKey(), Value: h.Value})
	}
	c.world.model.see(p, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	if next := c.next[p]; r.Offset != next {
		c.world.fail("%s stood at offset %d of %v and was given %d", c.name, next, p, r.Offset)
	}
	c.next[p] = r.Offset + 1
}

// atEnd tells whether it has read all.
func (c *caller) atEnd(e *log.Log) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range lastingParts() {
		if b := c.world.bounds(e, p); b.HighWatermark > c.next[p] && b.HighWatermark > b.LogStart {
			return false
		}
	}
	return true
}
