package kafka

import (
	"context"
	"encoding/binary"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/kafka/wire"
	"streamhouse/log"
)

// connEnds are the ways in which the requests of a connection end. Each runs once the requests before it are sent.
var connEnds = map[string]struct {
	end  func(*testing.T, *wireClient, halfConn)
	told string // to the events
}{
	"an unknown request": {endWith(0, 0, 0, 10, 0x7f, 0xff, 0, 0, 0, 0, 0, 99, 0xff, 0xff), "refused " + refusedRequest},
	"a version too new":  {endWith(0, 0, 0, 10, 0, 3, 0, 99, 0, 0, 0, 99, 0xff, 0xff), "refused " + refusedRequest},
	"a body that is none": {
		endWith(0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 99, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff), "refused " + refusedFrame,
	},
	"a frame too large":    {endWith(0x7f, 0xff, 0xff, 0xff), "refused " + refusedFrame},
	"a negative frame":     {endWith(0xff, 0xff, 0xff, 0xff), "refused " + refusedFrame},
	"a frame that stalls":  {endWith(0, 0, 0, 10, 0, 3), "refused " + refusedStall},
	"a length that stalls": {endWith(0, 0), "refused " + refusedStall},
	"nothing more": {func(t *testing.T, _ *wireClient, half halfConn) {
		require.NoError(t, half.CloseWrite())
	}, ""},
	"the middle of a frame": {func(t *testing.T, c *wireClient, half halfConn) {
		endWith(0, 0, 0, 10, 0, 3)(t, c, half)
		require.NoError(t, half.CloseWrite())
	}, ""},
	"a panic": {func(_ *testing.T, c *wireClient, _ halfConn) {
		c.s.apis[int16(kmsg.LeaveGroup)].start = func(context.Context, *client, kmsg.Request) reply { panic("a bug") }
		c.sendOnly(kmsg.NewPtrLeaveGroupRequest())
	}, "refused " + refusedPanic},
	"a produce that failed without acks": {func(t *testing.T, c *wireClient, _ halfConn) {
		silent := produceRequest("unknown", batchOf(t, nil, "v"))
		silent.Acks = 0
		c.sendOnly(silent)
	}, "refused " + refusedProduce},
	"a shutdown": {func(_ *testing.T, c *wireClient, _ halfConn) {
		go func() { _ = c.s.Shutdown(context.Background()) }()
	}, ""},
}

func endWith(bytes ...byte) func(*testing.T, *wireClient, halfConn) {
	return func(t *testing.T, c *wireClient, _ halfConn) {
		_, err := c.Write(bytes)
		require.NoError(t, err)
	}
}

// Whatever ends the requests, what was taken is answered, in order, and then the connection closes.
func TestConnAnswersWhatItTookBeforeItEnds(t *testing.T) {
	for name, way := range connEnds {
		t.Run(name, func(t *testing.T) {
			inDoor(t, func(_ *Options, o *log.Options) { o.FlushInterval = 8 * time.Second }, func(d *door) {
				id := d.topic("a", 1)
				c, half := d.dialHalf()
				for range 10 {
					c.send(produceRequest("a", batchOf(t, nil, "v")))
				}
				c.send(commitRequest(at(0, 7, "")))
				synctest.Wait()
				way.end(t, c, half)
				for i := range 10 {
					p := c.receive().(*kmsg.ProduceResponse).Topics[0].Partitions[0]
					requireCode(t, nil, p.ErrorCode)
					require.Equal(t, int64(i), p.BaseOffset)
				}
				requireCode(t, nil, c.receive().(*kmsg.OffsetCommitResponse).Topics[0].Partitions[0].ErrorCode)
				c.requireClosed()
				require.NoError(t, c.Close())
				committed, ok := d.log.CommittedOffset("g", log.PartitionID{Topic: id})
				require.True(t, ok)
				require.Equal(t, int64(7), committed.Offset)
				requireTold(t, d, way.told)
			})
		})
	}
}

// requireTold leaves out the errors of single answers.
func requireTold(t *testing.T, d *door, want string) {
	t.Helper()
	var got []string
	for _, e := range d.told() {
		if e != "failed Produce UNKNOWN_TOPIC_OR_PARTITION" {
			got = append(got, e)
		}
	}
	if want == "" {
		require.Empty(t, got)
		return
	}
	require.Equal(t, []string{want}, got)
}

// Nobody waits for what may never come: polls and joins are answered at once, changes when they are durable.
func TestConnEndsItsWaits(t *testing.T) {
	for name, way := range connEnds {
		switch name {
		case "a shutdown": // it ends the groups, too
			continue
		case "a panic", "a produce that failed without acks": // they come to light in their turn
			continue
		}
		t.Run(name, func(t *testing.T) {
			inDoor(t, func(o *Options, _ *log.Options) {
				o.StallTimeout, o.Groups.InitialRebalanceDelay = time.Second, time.Minute
			}, func(d *door) {
				d.topic("t", 1)
				c, half := d.dialHalf()
				poll := fetchRequest("t", 0)
				poll.MaxWaitMillis = 15_000
				c.send(poll)
				c.send(staticJoin("g", "instance"))
				c.send(createRequest(5, newTopic("made")))
				synctest.Wait()
				began := time.Now()
				way.end(t, c, half)
				require.Empty(t, c.receive().(*kmsg.FetchResponse).Topics[0].Partitions[0].RecordBatches)
				requireCode(t, kerr.NotCoordinator, c.receive().(*kmsg.JoinGroupResponse).ErrorCode)
				requireCode(t, nil, c.receive().(*kmsg.CreateTopicsResponse).Topics[0].ErrorCode)
				require.LessOrEqual(t, time.Since(began), time.Second, "the stall's")
				c.requireClosed()
				require.NoError(t, c.Close())

				group, err := d.s.groups.Describe("g")
				require.NoError(t, err)
				require.Len(t, group.Members, 1, "it has a session to come back in")
				time.Sleep(2 * time.Minute)
				group, err = d.s.groups.Describe("g")
				require.True(t, err != nil || len(group.Members) == 0, "and no longer")
			})
		})
	}
}

func staticJoin(group, instance string) *kmsg.JoinGroupRequest {
	req := kmsg.NewPtrJoinGroupRequest()
	req.Version, req.Group, req.InstanceID, req.ProtocolType = 7, group, &instance, "consumer"
	req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = 30_000, 30_000
	p := kmsg.NewJoinGroupRequestProtocol()
	p.Name = "range"
	req.Protocols = append(req.Protocols, p)
	return req
}

// A handler that panics has no answer: what came before it is answered, what stands behind it still takes effect.
func TestConnPanicKeepsTheAnswersBeforeIt(t *testing.T) {
	inDoor(t, func(_ *Options, o *log.Options) { o.FlushInterval = 8 * time.Second }, func(d *door) {
		d.topic("t", 1)
		d.s.apis[int16(kmsg.SyncGroup)].start = func(context.Context, *client, kmsg.Request) reply {
			return func() wire.Response { panic("a bug") }
		}
		c, _ := d.dialHalf()
		c.send(produceRequest("t", batchOf(t, nil, "before")))
		c.sendOnly(kmsg.NewPtrSyncGroupRequest())
		c.sendOnly(produceRequest("t", batchOf(t, nil, "behind")))
		requireCode(t, nil, c.receive().(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode)
		c.requireClosed()
		require.NoError(t, c.Close())
		require.Equal(t, []string{"refused " + refusedPanic}, d.told())
		require.Equal(t, []string{"before", "behind"}, valuesOf(t, d.dial().fetched(fetchRequest("t", 0)).RecordBatches, 0))
	})
}

// A bug is told even where the client has gone first.
func TestConnTellsWhyItEnded(t *testing.T) {
	inDoor(t, func(_ *Options, o *log.Options) { o.FlushInterval = 8 * time.Second }, func(d *door) {
		d.topic("t", 1)
		d.s.apis[int16(kmsg.SyncGroup)].start = func(context.Context, *client, kmsg.Request) reply {
			return func() wire.Response { panic("a bug") }
		}
		c, half := d.dialHalf()
		c.send(produceRequest("t", batchOf(t, nil, "v")))
		c.sendOnly(kmsg.NewPtrSyncGroupRequest())
		synctest.Wait()
		require.NoError(t, half.CloseWrite())
		c.receive()
		c.requireClosed()
		require.NoError(t, c.Close())
		require.Equal(t, []string{"refused " + refusedPanic}, d.told())
	})
}

// A connection whose last answer is written is still read for a moment: to close it with input unread would take the
// answers from a client that has not read them yet. Time and bytes are bounded.
func TestConnLingers(t *testing.T) {
	unknown := []byte{0, 0, 0, 10, 0x7f, 0xff, 0, 0, 0, 0, 0, 99, 0xff, 0xff}
	ended := func(c *wireClient) {
		_, err := c.Write(unknown)
		require.NoError(c, err)
		c.requireClosed()
	}
	t.Run("until its client closes it too", func(t *testing.T) {
		inDoor(t, nil, func(d *door) {
			c, half := d.dialHalf()
			ended(c)
			_, err := c.Write(make([]byte, 1<<20))
			require.NoError(t, err, "what is on its way is taken")
			require.NoError(t, half.CloseWrite())
			began := time.Now()
			synctest.Wait()
			require.Zero(t, d.conns)
			require.Zero(t, time.Since(began))
		})
	})
	t.Run("no longer than its time", func(t *testing.T) {
		inDoor(t, nil, func(d *door) {
			c, _ := d.dialHalf()
			ended(c)
			began := time.Now()
			var err error
			for err == nil {
				_, err = c.Write(unknown)
				time.Sleep(time.Millisecond)
			}
			require.ErrorIs(t, err, io.ErrClosedPipe)
			require.InDelta(t, lingerTime, time.Since(began), float64(10*time.Millisecond))
		})
	})
	t.Run("for no more than its bytes", func(t *testing.T) {
		inDoor(t, nil, func(d *door) {
			c, _ := d.dialHalf()
			ended(c)
			began := time.Now()
			n, err := c.Write(make([]byte, 2*lingerBytes))
			require.ErrorIs(t, err, io.ErrClosedPipe)
			require.Equal(t, lingerBytes, n)
			require.Zero(t, time.Since(began))
		})
	})
}

// A client that reads none of the answers that it is owed holds nothing longer than one that goes on.
func TestConnThatEndsAndDoesNotRead(t *testing.T) {
	inDoor(t, func(o *Options, _ *log.Options) { o.StallTimeout = 30 * time.Second }, func(d *door) {
		c, half := d.dialHalf()
		c.sendOnly(kmsg.NewPtrApiVersionsRequest())
		c.sendOnly(kmsg.NewPtrApiVersionsRequest())
		require.NoError(t, half.CloseWrite())
		time.Sleep(30*time.Second + time.Millisecond)
		require.Equal(t, []string{"refused " + refusedSlow}, d.told())
		require.Zero(t, d.conns)
	})
}

// A large request that waits for the memory of others does not keep the connection that is to end.
func TestConnEndsWhileItWaitsForMemory(t *testing.T) {
	inDoor(t, func(o *Options, lo *log.Options) {
		o.MaxFrameBytes, o.MaxRequestBytes, lo.FlushInterval = 1<<20, 1<<20, 8*time.Second
	}, func(d *door) {
		d.topic("t", 1)
		hog := d.dial()
		_, err := hog.Write(binary.BigEndian.AppendUint32(nil, 1<<20))
		require.NoError(t, err)
		c, _ := d.dialHalf()
		silent := produceRequest("gone", batchOf(t, nil, "v"))
		silent.Acks = 0
		c.send(produceRequest("t", batchOf(t, nil, "v")))
		c.sendOnly(silent)
		_, err = c.Write(binary.BigEndian.AppendUint32(nil, 1<<20)) // waits
		require.NoError(t, err)
		requireCode(t, nil, c.receive().(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode)
		c.requireClosed()
	})
}
