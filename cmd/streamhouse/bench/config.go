package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"streamhouse/cmd/streamhouse/units"
)

// Config says what to measure and how. The tags make each field a flag; defaults are
// those of the tags, as github.com/alecthomas/kong reads them: the zero value is not usable.
// It must not change while Run uses it.
type Config struct {
	Addr       []string      `default:"127.0.0.1:9092" placeholder:"HOST:PORT" help:"Kafka addresses, separated by commas."`
	Phases     []string      `default:"produce,cold" enum:"produce,tail,cold" placeholder:"PHASE" help:"What to measure: produce, tail (read beside produce), cold (read all of the topic from its start)."`
	Topic      string        `placeholder:"NAME" help:"Topic to use. Unset: a fresh one that is deleted afterwards."`
	Keep       bool          `help:"Do not delete the fresh topic."`
	Partitions int32         `default:"12" placeholder:"COUNT" help:"Partitions of the topic, where it has to be created."`
	RecordSize units.Bytes   `default:"1KiB" placeholder:"BYTES" help:"Size of each record's value, 16 at least."`
	Random     float64       `default:"0.25" placeholder:"SHARE" help:"Share of each value that is random, 0 to 1. The rest is text that repeats and so compresses well."`
	Records    int64         `placeholder:"COUNT" help:"Records to produce. Unset: as many as fit into the duration."`
	Duration   time.Duration `default:"10s" placeholder:"DURATION" help:"Length of the produce phase."`
	Rate       float64       `placeholder:"PER-SECOND" help:"Records per second of all producers together. Unset: as fast as it goes. Latency then counts from when a record was due."`
	Codec      string        `default:"none" enum:"none,gzip,snappy,lz4,zstd" placeholder:"NAME" help:"Compression by the producers: none, gzip, snappy, lz4 or zstd."`
	Acks       string        `default:"all" enum:"all,1,0" placeholder:"ACKS" help:"Acknowledgement that producers ask for: all, 1 or 0."`
	Idempotent bool          `default:"true" negatable:"" help:"Idempotent producers. Needs acks=all."`
	Producers  int           `default:"1" placeholder:"COUNT" help:"Producer clients, each with its own connections."`
	Linger     time.Duration `default:"5ms" placeholder:"DURATION" help:"How long a producer waits for a batch to fill."`
	Patience   time.Duration `default:"30s" placeholder:"DURATION" help:"Give up when nothing has moved for as long."`
	JSON       bool          `name:"json" help:"Print the result as JSON."`
}

// check returns the first setting that makes no sense, as ErrSettings. What the tags restrict to a list
// (phases, codec, acks) kong has checked.
func (b *Config) check() error {
	switch {
	case len(b.Addr) == 0 || slices.ContainsFunc(b.Addr, strayAddr):
		return fmt.Errorf("%w: --addr %q: write host:port, several with a comma and no blank between them", ErrSettings, b.Addr)
	case b.RecordSize < minRecordSize || b.RecordSize > maxRecordSize:
		return fmt.Errorf("%w: --record-size %v is not between %d and %v", ErrSettings, b.RecordSize, minRecordSize, units.Bytes(maxRecordSize))
	case !(b.Random >= 0 && b.Random <= 1): // NaN is neither
		return fmt.Errorf("%w: --random %v is not between 0 and 1", ErrSettings, b.Random)
	case b.Partitions < 1 || b.Producers < 1:
		return fmt.Errorf("%w: --partitions and --producers have to be 1 at least", ErrSettings)
	case b.Records < 0 || !(b.Rate >= 0) || math.IsInf(b.Rate, 1) || b.Linger < 0:
		return fmt.Errorf("%w: --records, --rate and --linger have to be 0 or a number above it", ErrSettings)
	case b.Duration <= 0 || b.Patience <= 0:
		return fmt.Errorf("%w: --duration and --patience have to be above 0", ErrSettings)
	case b.has("tail") && !b.has("produce"):
		return fmt.Errorf("%w: tail reads what produce writes: --phases=produce,tail", ErrSettings)
	}
	return nil
}

// strayAddr reports what no address has. It only catches a comma-separated list gone wrong, which would
// else show as a host that does not answer.
func strayAddr(addr string) bool { return addr == "" || strings.ContainsAny(addr, " \t\r\n/\"'") }

func (b *Config) has(phase string) bool { return slices.Contains(b.Phases, phase) }
