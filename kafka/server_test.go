package kafka

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
)

// Shutdown answers what was taken, once it is durable, and takes nothing more.
func TestShutdownFinishesWhatWasTaken(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		outage := d.store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		c, idle := d.dial(), d.dial()
		c.send(produceRequest("t", batchOf(t, nil, "v")))
		d.told()
		down := make(chan error, 1)
		go func() { down <- d.s.Shutdown(context.Background()) }()
		idle.requireClosed()
		synctest.Wait()
		select {
		case err := <-down:
			require.Fail(t, "it did not wait", "%v", err)
		default:
		}
		_, err := d.network.DialContext(d.Context(), "tcp", "localhost:9092")
		require.Error(t, err, "nobody gets in any more")
		outage.Mend()
		requireCode(t, nil, c.receive().(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode)
		require.NoError(t, <-down)
		c.requireClosed()
	})
}

// Shutdown closes all the same when its time is over; those who waited see a closed connection.
func TestShutdownEndsInTime(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		d.store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		c := d.dial()
		c.send(produceRequest("t", batchOf(t, nil, "v")))
		d.told()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		began := time.Now()
		require.ErrorIs(t, d.s.Shutdown(ctx), context.DeadlineExceeded)
		require.Equal(t, 5*time.Second, time.Since(began))
		c.requireClosed()
		require.NoError(t, d.s.Shutdown(context.Background()), "once more, now that all have gone")
	})
}

func TestServeAfterShutdown(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		require.NoError(t, d.s.Shutdown(context.Background()))
		ln, err := d.network.Listen("tcp", "localhost:9093")
		require.NoError(t, err)
		require.ErrorContains(t, d.s.Serve(ln), "shut down")
		_, err = ln.Accept()
		require.Error(t, err, "it is the server's to close")
	})
}

// One server serves several listeners.
func TestServeListeners(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		ln, err := d.network.Listen("tcp", "localhost:9093")
		require.NoError(t, err)
		served := make(chan error, 1)
		go func() { served <- d.s.Serve(ln) }()
		conn, err := d.network.DialContext(d.Context(), "tcp", "localhost:9093")
		require.NoError(t, err)
		(&wireClient{door: d, Conn: conn}).requireAlive()
		d.dial().requireAlive()
		require.NoError(t, d.s.Shutdown(context.Background()))
		require.NoError(t, <-served)
	})
}

// failingListener fails a few times and then gives up a real listener's connections.
type failingListener struct {
	net.Listener
	errs []error
}

func (l *failingListener) Accept() (net.Conn, error) {
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]
		return nil, err
	}
	return l.Listener.Accept()
}

// When file descriptors run out, the listener goes on as soon as there are some again.
func TestServeOutlivesTrouble(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		inner, err := d.network.Listen("tcp", "localhost:9093")
		require.NoError(t, err)
		ln := &failingListener{Listener: inner}
		for range 10 {
			ln.errs = append(ln.errs, errors.New("too many open files"))
		}
		served := make(chan error, 1)
		began := time.Now()
		go func() { served <- d.s.Serve(ln) }()
		conn, err := d.network.DialContext(d.Context(), "tcp", "localhost:9093")
		require.NoError(t, err)
		(&wireClient{door: d, Conn: conn}).requireAlive()
		require.Greater(t, time.Since(began), time.Second, "it did not spin")
		require.Less(t, time.Since(began), 10*time.Second)
		require.NoError(t, d.s.Shutdown(context.Background()))
		require.NoError(t, <-served)
	})
}

func TestServeTellsWhenTheListenerIsGone(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		inner, err := d.network.Listen("tcp", "localhost:9093")
		require.NoError(t, err)
		require.ErrorIs(t, d.s.Serve(&failingListener{inner, []error{net.ErrClosed}}), net.ErrClosed)
	})
}

func TestOptionsThatCannotWork(t *testing.T) {
	for what, o := range map[string]Options{
		"no address":                {AdvertisedAddr: "broker"},
		"an address without a host": {AdvertisedAddr: ":9092"},
		"a port that's no number":   {AdvertisedAddr: "broker:kafka"},
		"port 0":                    {AdvertisedAddr: "broker:0"},
		"no partitions":             {DefaultPartitions: -1},
		"too many partitions":       {DefaultPartitions: log.MaxPartitions + 1},
		"requests too small":        {MaxFrameBytes: minFrameLimit - 1},
		"requests too large":        {MaxFrameBytes: log.MaxFrameBytes + 1},
		"room for less than one":    {MaxFrameBytes: minFrameLimit, MaxRequestBytes: minFrameLimit - 1},
		"no connections":            {MaxConnections: -1},
		"a negative timeout":        {StallTimeout: -1},
	} {
		_, err := NewServer(nil, o)
		require.Error(t, err, what)
	}
}

// A broker that was taken over sends clients to look for the one that leads now.
func TestFencedBrokerIsNoLeader(t *testing.T) {
	inDoor(t, func(_ *Options, lo *log.Options) { lo.FlushInterval = time.Millisecond }, func(d *door) {
		d.topic("t", 1)
		lo := log.Options{MetadataPath: t.TempDir() + "/other.db", Logger: d.s.logger}
		other, err := log.Open(d.Context(), d.store, lo)
		require.NoError(t, err)
		c := d.dial()
		requireCode(t, kerr.NotLeaderForPartition, c.produced(produceRequest("t", batchOf(t, nil, "v"))).ErrorCode)
		<-d.log.Stopped()
		created := ask[*kmsg.CreateTopicsResponse](c, createRequest(7, newTopic("more")))
		requireCode(t, kerr.NotLeaderForPartition, created.Topics[0].ErrorCode)
		require.NoError(t, other.Close(d.Context()))
	})
}
