package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/kafka/wire"
	"streamhouse/log"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
)

func TestConnAnswersInTheOrderOfTheRequests(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		began := time.Now()
		poll := fetchRequest("t", 0)
		poll.MaxWaitMillis = 10_000
		c.send(poll)
		c.send(kmsg.NewPtrApiVersionsRequest())
		c.send(kmsg.NewPtrListGroupsRequest())
		require.Zero(t, len(c.receive().(*kmsg.FetchResponse).Topics[0].Partitions[0].RecordBatches))
		require.Equal(t, 10*time.Second, time.Since(began), "the quick ones wait for the long poll before them")
		c.receive()
		c.receive()
		require.Equal(t, 10*time.Second, time.Since(began))
	})
}

// Five requests in flight share a flush: the connection is bound by flushes,
// not by round trips.
func TestConnPipelinesProduce(t *testing.T) {
	inDoor(t, func(_ *Options, o *log.Options) { o.FlushInterval = 30 * time.Second }, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		began := time.Now()
		values := []string{"a", "b", "c", "d", "e"}
		for _, v := range values {
			req := produceRequest("t", batchOf(t, nil, v))
			req.TimeoutMillis = 0 // the longest
			c.send(req)
		}
		for i := range values {
			p := c.receive().(*kmsg.ProduceResponse).Topics[0].Partitions[0]
			requireCode(t, nil, p.ErrorCode)
			require.Equal(t, int64(i), p.BaseOffset)
		}
		require.Equal(t, 30*time.Second, time.Since(began))
		require.Equal(t, values, valuesOf(t, c.fetched(fetchRequest("t", 0)).RecordBatches, 0))
	})
}

func TestConnWithoutAcksGetsNoAnswer(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		silent := produceRequest("t", batchOf(t, nil, "fired", "forgotten"))
		silent.Acks = 0
		c.sendOnly(silent)
		c.requireAlive()
		require.Equal(t, []string{"fired", "forgotten"}, valuesOf(t, c.fetched(fetchRequest("t", 0)).RecordBatches, 0))

		silent.Topics[0].Topic = "unknown"
		c.sendOnly(silent)
		c.requireClosed()
		require.Equal(t, []string{"refused " + refusedProduce}, d.told(), "there is no other way to say it")
	})
}

func TestConnGarbageClosesIt(t *testing.T) {
	length := func(n int32, body ...byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(n)), body...)
	}
	metadata := kmsg.NewPtrMetadataRequest()
	metadata.Version = 1
	whole := requestBytes(metadata, 1)
	bomb := append([]byte(nil), whole...)
	copy(bomb[len(bomb)-4:], []byte{0x7f, 0xff, 0xff, 0xff}) // two thousand million topics
	for name, c := range map[string]struct {
		bytes  []byte
		reason string
	}{
		"length of 2 GiB":  {length(1<<31 - 1), refusedFrame},
		"negative length":  {length(-1), refusedFrame},
		"no length":        {length(0), refusedFrame},
		"above the limit":  {length(2 << 20), refusedFrame},
		"no header":        {length(8, 0, 3, 0, 1, 0, 0, 0, 1), refusedFrame},
		"unknown request":  {length(10, 0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff), refusedRequest},
		"negative request": {length(10, 0xff, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff), refusedRequest},
		"version too new":  {length(10, 0, 3, 0, 99, 0, 0, 0, 1, 0xff, 0xff), refusedRequest},
		"version too old":  {length(10, 0, 1, 0, 3, 0, 0, 0, 1, 0xff, 0xff), refusedRequest},
		"negative version": {length(10, 0, 3, 0xff, 0xff, 0, 0, 0, 1, 0xff, 0xff), refusedRequest},
		"an array of 2^31": {bomb, refusedFrame},
		"HTTP":             {[]byte("GET / HTTP/1.1\r\n\r\n"), refusedFrame},
		"TLS":              {[]byte{0x16, 0x03, 0x01, 0x02, 0x00, 0x01}, refusedFrame},
	} {
		t.Run(name, func(t *testing.T) {
			inDoor(t, func(o *Options, _ *log.Options) { o.MaxFrameBytes = 1 << 20 }, func(d *door) {
				bad, good := d.dial(), d.dial()
				good.requireAlive()
				go func() { _, _ = bad.Write(c.bytes) }() // the server may close before it has taken everything
				bad.requireClosed()
				require.Equal(t, []string{"refused " + c.reason}, d.told())
				good.requireAlive()
			})
		})
	}
}

func TestConnThatStallsIsDropped(t *testing.T) {
	stall := func(o *Options, _ *log.Options) { o.StallTimeout, o.IdleTimeout = 30*time.Second, 10*time.Minute }
	t.Run("in the middle of a request", func(t *testing.T) {
		inDoor(t, stall, func(d *door) {
			c := d.dial()
			whole := requestBytes(kmsg.NewPtrApiVersionsRequest(), 1)
			for _, b := range whole[:len(whole)-1] {
				_, err := c.Write([]byte{b})
				require.NoError(t, err)
				time.Sleep(29 * time.Second) // slow, but it moves
			}
			require.Empty(t, d.told())
			began := time.Now()
			c.requireClosed()
			require.Equal(t, time.Second, time.Since(began))
			require.Equal(t, []string{"refused " + refusedStall}, d.told())
		})
	})
	t.Run("with its answers", func(t *testing.T) {
		inDoor(t, stall, func(d *door) {
			c := d.dial()
			began := time.Now()
			c.send(kmsg.NewPtrApiVersionsRequest())
			for len(d.told()) == 0 {
				time.Sleep(time.Second)
			}
			require.Equal(t, 30*time.Second, time.Since(began))
			_, err := c.Write([]byte{0})
			require.ErrorIs(t, err, io.ErrClosedPipe)
		})
	})
	t.Run("between requests", func(t *testing.T) {
		inDoor(t, stall, func(d *door) {
			c := d.dial()
			c.requireAlive()
			began := time.Now()
			c.requireClosed()
			require.Equal(t, 10*time.Minute, time.Since(began), "idle")
			require.Empty(t, d.told(), "that is no fault")
		})
	})
	t.Run("while its request is being answered", func(t *testing.T) {
		inDoor(t, func(o *Options, _ *log.Options) { o.IdleTimeout = time.Second }, func(d *door) {
			d.topic("t", 1)
			c := d.dial()
			poll := fetchRequest("t", 0)
			poll.MaxWaitMillis = 15_000
			require.Zero(t, c.fetched(poll).ErrorCode, "who waits for an answer is not idle")
		})
	})
}

// A client that goes away in the middle harms nobody, and what was taken of it
// takes effect.
func TestConnThatGoesAway(t *testing.T) {
	inDoor(t, func(_ *Options, o *log.Options) { o.FlushInterval = time.Minute }, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		c.send(produceRequest("t", batchOf(t, nil, "last words")))
		synctest.Wait()
		require.NoError(t, c.Close())
		time.Sleep(2 * time.Minute)
		other := d.dial()
		require.Equal(t, []string{"last words"}, valuesOf(t, other.fetched(fetchRequest("t", 0)).RecordBatches, 0))
		require.Equal(t, 1, d.conns)
	})
}

func TestConnsBeyondTheLimitAreClosed(t *testing.T) {
	inDoor(t, func(o *Options, _ *log.Options) { o.MaxConnections = 2 }, func(d *door) {
		first, second := d.dial(), d.dial()
		first.requireAlive()
		second.requireAlive()
		d.dial().requireClosed()
		require.Equal(t, []string{"refused " + refusedCrowd}, d.told())
		require.NoError(t, first.Close())
		synctest.Wait()
		d.dial().requireAlive()
	})
}

// A request that cannot get memory waits; it is read on when there is room.
func TestConnWaitsForTheMemoryOfOthers(t *testing.T) {
	inDoor(t, func(o *Options, lo *log.Options) {
		o.MaxFrameBytes, o.MaxRequestBytes = 1<<20, 1<<20
	}, func(d *door) {
		d.topic("t", 1)
		hog, other := d.dial(), d.dial()
		large := requestBytes(produceRequest("t", batchOf(t, nil, string(make([]byte, 900<<10)))), 1)
		_, err := hog.Write(large[:100<<10]) // it has announced, and has, nearly all of the budget
		require.NoError(t, err)
		other.send(kmsg.NewPtrApiVersionsRequest()) // small ones are not counted
		other.receive()
		done := make(chan int16)
		go func() {
			done <- other.produced(produceRequest("t", batchOf(t, nil, string(make([]byte, 500<<10))))).ErrorCode
		}()
		synctest.Wait()
		select {
		case <-done:
			t.Error("it was read though there is no room")
		default:
		}
		_, err = hog.Write(large[100<<10:])
		require.NoError(t, err)
		_, err = io.CopyN(io.Discard, hog, 4)
		require.NoError(t, err)
		require.NoError(t, hog.Close())
		require.Zero(t, <-done)
	})
}

// While too much waits for the store, a connection is not read on; a Produce that waited in vain is told so, and
// nothing behind it overtakes.
func TestConnIsTheBackPressure(t *testing.T) {
	inDoor(t, func(_ *Options, o *log.Options) { o.FlushBytes, o.MaxUnflushedBytes = 64<<10, 64<<10 }, func(d *door) {
		d.topic("t", 1)
		d.store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.FailBefore(errors.New("away"))})
		c := d.dial()
		sent := make(chan int, 1)
		go func() {
			n := 0
			for ; n < 8; n++ {
				req := produceRequest("t", batchOf(t, nil, string(make([]byte, 30<<10))))
				if _, err := c.Write(requestBytes(req, int32(n))); err != nil {
					break
				}
			}
			sent <- n
		}()
		synctest.Wait()
		require.LessOrEqual(t, d.log.Stats().UnflushedBytes, int64(64<<10))
		require.Empty(t, sent, "the connection is not read on")
		var head [4]byte
		_, err := io.ReadFull(c, head[:])
		require.NoError(t, err, "the first is told that its time is up")
		d.store.Mend()
		_, _ = io.Copy(io.Discard, c)
		require.Less(t, <-sent, 8, "what could not be taken ends the connection")
	})
}

// What goes wrong in a handler costs its own connection and no other.
func TestConnPanicIsContained(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.s.apis[int16(kmsg.Heartbeat)].start = func(context.Context, *client, kmsg.Request) reply {
			return func() wire.Response { panic("a bug") }
		}
		d.s.apis[int16(kmsg.LeaveGroup)].start = func(context.Context, *client, kmsg.Request) reply { panic("a bug") }
		good := d.dial()
		for _, req := range []kmsg.Request{kmsg.NewPtrHeartbeatRequest(), kmsg.NewPtrLeaveGroupRequest()} {
			bad := d.dial()
			bad.send(req)
			bad.requireClosed()
			require.Equal(t, []string{"refused " + refusedPanic}, d.told())
			good.requireAlive()
		}
	})
}

func TestConnTellsErrorsToTheEvents(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		requireCode(t, kerr.UnknownTopicOrPartition, c.produced(produceRequest("unknown", batchOf(t, nil, "v"))).ErrorCode)
		require.Equal(t, []string{"failed Produce UNKNOWN_TOPIC_OR_PARTITION"}, d.told())
	})
}
