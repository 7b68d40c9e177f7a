package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// bench measures a Kafka broker, this one or any other, from the outside.
type bench struct {
	Addr       []string      `default:"127.0.0.1:9092" placeholder:"HOST:PORT" help:"Kafka addresses, separated by commas."`
	Phases     []string      `default:"produce,cold" enum:"produce,tail,cold" placeholder:"PHASE" help:"What to measure: produce, tail (read beside produce), cold (read all of the topic from its start)."`
	Topic      string        `placeholder:"NAME" help:"Topic to use. Unset: a fresh one that is deleted afterwards."`
	Keep       bool          `help:"Do not delete the fresh topic."`
	Partitions int32         `default:"12" placeholder:"COUNT" help:"Partitions of the topic, where it has to be created."`
	RecordSize byteSize      `default:"1KiB" placeholder:"BYTES" help:"Size of each record's value, 16 at least."`
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

// errBench says that the figures are not those of a broker that works.
var errBench = errors.New("the benchmark failed")

// Run measures the phases and prints what came out, also when it is interrupted.
func (b *bench) Run(out output) error {
	ctx, stop := untilSignal()
	defer stop()
	return b.run(ctx, out)
}

func (b *bench) run(ctx context.Context, out output) (err error) {
	if err := b.check(); err != nil {
		return err
	}
	topic, err := openBenchTopic(ctx, b)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, topic.close()) }()

	meter := newMeter(out.err)
	var results []phaseResult
	if b.has("produce") || b.has("tail") {
		results = append(results, b.produceAndTail(ctx, topic, meter)...)
	}
	if b.has("cold") && ctx.Err() == nil {
		results = append(results, b.read(ctx, topic, meter))
	}
	meter.close()
	if err := b.print(out, results); err != nil {
		return err
	}
	return failure(ctx, results)
}

func (b *bench) has(phase string) bool { return slices.Contains(b.Phases, phase) }

func (b *bench) check() error {
	switch {
	case b.RecordSize < minRecordSize || b.RecordSize > maxRecordSize:
		return fmt.Errorf("%w: --record-size %v is not between %d and %v", errSettings, b.RecordSize, minRecordSize, byteSize(maxRecordSize))
	case b.Random < 0 || b.Random > 1:
		return fmt.Errorf("%w: --random %v is not between 0 and 1", errSettings, b.Random)
	case b.Partitions < 1 || b.Producers < 1:
		return fmt.Errorf("%w: --partitions and --producers have to be 1 at least", errSettings)
	case b.Records < 0 || b.Rate < 0 || b.Linger < 0:
		return fmt.Errorf("%w: --records, --rate and --linger cannot be below 0", errSettings)
	case b.Duration <= 0 || b.Patience <= 0:
		return fmt.Errorf("%w: --duration and --patience have to be above 0", errSettings)
	case b.has("tail") && !b.has("produce"):
		return fmt.Errorf("%w: tail reads what produce writes: --phases=produce,tail", errSettings)
	}
	return nil
}

// clientOptions are those of every client of the benchmark.
func (b *bench) clientOptions(more ...kgo.Opt) []kgo.Opt {
	return append([]kgo.Opt{
		kgo.SeedBrokers(b.Addr...),
		kgo.ClientID("streamhouse-bench"),
		kgo.RetryTimeout(b.Patience),
		kgo.RecordDeliveryTimeout(max(b.Patience, time.Second)),
	}, more...)
}

// print writes the figures as a table or as one JSON document.
func (b *bench) print(out output, results []phaseResult) error {
	if !b.JSON {
		return printTable(out.out, results)
	}
	encoder := json.NewEncoder(out.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{
		"record_bytes": int64(b.RecordSize),
		"random_share": b.Random,
		"codec":        b.Codec,
		"acks":         b.Acks,
		"producers":    b.Producers,
		"phases":       results,
	})
}

// failure joins what went wrong in the phases.
func failure(ctx context.Context, results []phaseResult) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: it was interrupted", errBench)
	}
	var errs []error
	for _, r := range results {
		if r.FirstError != "" {
			errs = append(errs, fmt.Errorf("%w: %s: %d errors, the first: %s", errBench, r.Phase, r.Errors, r.FirstError))
		}
	}
	return errors.Join(errs...)
}
