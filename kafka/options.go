package kafka

import (
	"fmt"
	"log/slog"
	"time"

	"streamhouse/log"
	"streamhouse/log/group"
)

// Options are the settings of the Kafka door. The zero value of a field means
// its default.
type Options struct {
	// AdvertisedAddr is the host:port that clients are told to connect to. Unset, each client is told the
	// address that it has connected to, which is right on the same host, in a LAN and in a container network.
	AdvertisedAddr string
	// AutoCreateTopics creates a topic that a client asks Metadata for, with DefaultPartitions.
	AutoCreateTopics  bool
	DefaultPartitions int32 // default 1
	// MaxFrameBytes bounds a request. Default and maximum log.MaxFrameBytes.
	MaxFrameBytes int32
	// MaxRequestBytes bounds the memory of all requests that are being read or wait for room in the engine, those
	// below 64 KiB not counted; beyond it connections are not read on. Default 256 MiB, at least MaxFrameBytes.
	MaxRequestBytes int64
	// MaxAnswerBytes bounds, within one thing that was asked for, an answer that describes many: what comes beyond
	// is INVALID_REQUEST, and to be asked for in several requests. Default 64 MiB: clients take up to 100 MB.
	MaxAnswerBytes int
	// MaxConnections bounds the connections; what comes beyond is closed at once. Default 100,000.
	MaxConnections int
	// IdleTimeout closes a connection that asks nothing. Default 10 min, like Kafka's connections.max.idle.ms.
	IdleTimeout time.Duration
	// StallTimeout closes a connection that stops in the middle of a request, or takes none of its answer. Default 30 s.
	StallTimeout time.Duration
	// CommitTimeout is how long an offset commit waits to become durable before the committer
	// is told to retry. Default 15 s: longer than any write that succeeds, shorter than the 30 s after which
	// clients give the connection up.
	CommitTimeout time.Duration
	Groups        group.Options
	Events        Events
	Logger        *slog.Logger // default: slog.Default()
}

// withDefaults fills in what is unset and rejects what cannot work.
func (o Options) withDefaults() (Options, error) {
	orDefault(&o.DefaultPartitions, 1)
	orDefault(&o.MaxFrameBytes, log.MaxFrameBytes)
	orDefault(&o.MaxRequestBytes, max(256<<20, int64(o.MaxFrameBytes)))
	orDefault(&o.MaxAnswerBytes, 64<<20)
	orDefault(&o.MaxConnections, 100_000)
	orDefault(&o.IdleTimeout, 10*time.Minute)
	orDefault(&o.StallTimeout, 30*time.Second)
	orDefault(&o.CommitTimeout, 15*time.Second)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	switch {
	case o.DefaultPartitions < 1 || o.DefaultPartitions > log.MaxPartitions:
		return o, fmt.Errorf("%d default partitions: 1 to %d are possible", o.DefaultPartitions, log.MaxPartitions)
	case o.MaxFrameBytes < minFrameLimit || o.MaxFrameBytes > log.MaxFrameBytes:
		return o, fmt.Errorf("a request limit of %d bytes: %d to %d are possible", o.MaxFrameBytes, minFrameLimit, log.MaxFrameBytes)
	case o.MaxRequestBytes < int64(o.MaxFrameBytes):
		return o, fmt.Errorf("%d bytes for all requests are less than one of %d", o.MaxRequestBytes, o.MaxFrameBytes)
	case o.MaxAnswerBytes < 1:
		return o, fmt.Errorf("answers of %d bytes: 1 or more are possible", o.MaxAnswerBytes)
	case o.MaxConnections < 1:
		return o, fmt.Errorf("%d connections: 1 or more are possible", o.MaxConnections)
	case o.IdleTimeout < 0 || o.StallTimeout < 0 || o.CommitTimeout < 0:
		return o, fmt.Errorf("a timeout is negative: idle %v, stall %v, commit %v", o.IdleTimeout, o.StallTimeout, o.CommitTimeout)
	}
	return o, nil
}

func orDefault[T comparable](v *T, def T) {
	var unset T
	if *v == unset {
		*v = def
	}
}
