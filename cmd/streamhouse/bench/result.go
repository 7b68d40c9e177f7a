package bench

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"
)

// phaseResult is what one phase came to. Bytes are those of values, latencies
// milliseconds: of produce from the call (or from when the record was due) to the
// acknowledgement, of tail from there to the reader, of cold of one fetch request.
type phaseResult struct {
	Phase            string  `json:"phase"`
	Records          int64   `json:"records"`
	Seconds          float64 `json:"seconds"`
	MiBPerSecond     float64 `json:"mib_per_second"`
	RecordsPerSecond float64 `json:"records_per_second"`
	P50              float64 `json:"p50_ms"`
	P90              float64 `json:"p90_ms"`
	P99              float64 `json:"p99_ms"`
	P999             float64 `json:"p999_ms"`
	Max              float64 `json:"max_ms"`
	Errors           int64   `json:"errors"`
	FirstError       string  `json:"first_error,omitempty"`
}

// newResult works out the rates over a time that may be 0: then they are 0, too, which JSON can hold.
func newResult(phase string, records, bytes int64, took time.Duration, l *latencies, f *failures) phaseResult {
	q := l.quantiles(0.5, 0.9, 0.99, 0.999, 1)
	r := phaseResult{
		Phase: phase, Records: records, Seconds: rounded(took.Seconds()),
		P50: milliseconds(q[0]), P90: milliseconds(q[1]), P99: milliseconds(q[2]), P999: milliseconds(q[3]), Max: milliseconds(q[4]),
	}
	if s := took.Seconds(); s > 0 {
		r.MiBPerSecond = rounded(float64(bytes) / (1 << 20) / s)
		r.RecordsPerSecond = rounded(float64(records) / s)
	}
	r.Errors, r.FirstError = f.get()
	return r
}

// milliseconds keeps two digits behind the point: 10 µs, less than a network's noise.
func milliseconds(d time.Duration) float64 { return rounded(float64(d) / 1e6) }

func rounded(f float64) float64 { return math.Round(f*100) / 100 }

// printTable writes one line for each phase.
func printTable(w io.Writer, results []phaseResult) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "phase\trecords\tseconds\tMiB/s\trecords/s\tp50 ms\tp90 ms\tp99 ms\tp99.9 ms\tmax ms\terrors\t")
	for _, r := range results {
		fmt.Fprintf(t, "%s\t%d\t%.2f\t%.1f\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%d\t\n", r.Phase, r.Records, r.Seconds,
			r.MiBPerSecond, r.RecordsPerSecond, r.P50, r.P90, r.P99, r.P999, r.Max, r.Errors)
	}
	return t.Flush()
}
