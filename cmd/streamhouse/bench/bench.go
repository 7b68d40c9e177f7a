package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// ErrSettings marks settings that make no sense. Nothing was measured and no topic was made.
var ErrSettings = errors.New("wrong settings")

// ErrFailed says that the figures are not those of a broker that works: records were lost or
// refused, or it was interrupted. The figures were printed all the same.
var ErrFailed = errors.New("the benchmark failed")

// Run measures the phases and writes the figures to out, also when ctx ends meanwhile; lines of
// progress go to progress. Settings that make no sense are [ErrSettings], records that were
// lost or refused and an interruption are [ErrFailed].
func (b *Config) Run(ctx context.Context, out, progress io.Writer) (err error) {
	if err := b.check(); err != nil {
		return err
	}
	topic, err := openTopic(ctx, b)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, topic.close()) }()

	meter := newMeter(progress)
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

// clientOptions are those of every client of the benchmark, with more behind them. A request is not
// tried again for longer than the patience, and a record has a second at least to be delivered.
func (b *Config) clientOptions(more ...kgo.Opt) []kgo.Opt {
	return append([]kgo.Opt{
		kgo.SeedBrokers(b.Addr...),
		kgo.ClientID("streamhouse-bench"),
		kgo.RetryTimeout(b.Patience),
		kgo.RecordDeliveryTimeout(max(b.Patience, time.Second)),
	}, more...)
}

// print writes the figures as a table or as one JSON document. The document holds what shaped
// the figures, too, so that two of them can be compared.
func (b *Config) print(out io.Writer, results []phaseResult) error {
	if !b.JSON {
		return printTable(out, results)
	}
	encoder := json.NewEncoder(out)
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

// failure joins what went wrong in the phases, each as ErrFailed; nil where nothing did.
func failure(ctx context.Context, results []phaseResult) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: it was interrupted", ErrFailed)
	}
	var errs []error
	for _, r := range results {
		if r.FirstError != "" {
			errs = append(errs, fmt.Errorf("%w: %s: %d errors, the first: %s", ErrFailed, r.Phase, r.Errors, r.FirstError))
		}
	}
	return errors.Join(errs...)
}
