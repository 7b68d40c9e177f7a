package metrics

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"streamhouse/log"
	"streamhouse/objstore"
)

// scrape returns what /metrics shows.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, answer.Code)
	return answer.Body.String()
}

func requireMetrics(t *testing.T, m *Metrics, lines ...string) {
	t.Helper()
	shown := scrape(t, m)
	for _, line := range lines {
		require.Contains(t, shown, "\n"+line+"\n")
	}
}

func TestEngineEventsMoveFigures(t *testing.T) {
	m := New("v1")
	e := m.Engine()
	e.Appended(1000, 10)
	e.Appended(500, 5)
	e.Duplicate()
	e.Read(70, 7, true)
	e.Read(30, 3, false)
	e.Flushed(log.FlushInfo{Seq: 7, ObjectBytes: 2000, BatchBytes: 3000, Partitions: 3, Batches: 4, Entries: 5, Retries: 2, Encode: time.Millisecond, Put: 20 * time.Millisecond})
	e.CacheHit("memory")
	e.CacheHit("disk")
	e.CacheHit("disk")
	e.CacheMiss()
	e.Refused(fmt.Errorf("wrapped: %w", &log.LimitError{Setting: "max-topics"}))
	e.Refused(&log.ThrottledError{})
	requireMetrics(t, m,
		"streamhouse_appended_bytes_total 1500",
		"streamhouse_appended_records_total 15",
		"streamhouse_duplicate_batches_total 1",
		`streamhouse_read_bytes_total{source="tail"} 70`,
		`streamhouse_read_bytes_total{source="cache"} 30`,
		`streamhouse_read_records_total{source="tail"} 7`,
		`streamhouse_read_records_total{source="cache"} 3`,
		"streamhouse_flush_object_bytes_sum 2000",
		"streamhouse_flush_batch_bytes_total 3000",
		"streamhouse_flush_partitions_total 3",
		"streamhouse_flush_batches_total 4",
		"streamhouse_flush_entries_total 5",
		"streamhouse_flush_retries_total 2",
		`streamhouse_flush_seconds_sum{step="encode"} 0.001`,
		`streamhouse_flush_seconds_count{step="put"} 1`,
		"streamhouse_journal_seq 7",
		`streamhouse_cache_hits_total{tier="memory"} 1`,
		`streamhouse_cache_hits_total{tier="disk"} 2`,
		"streamhouse_cache_misses_total 1",
		"streamhouse_store_trouble 0",
		`streamhouse_state_refusals_total{setting="max-topics"} 1`,
		`streamhouse_state_refusals_total{setting="partition-change-rate"} 1`,
	)
	require.Contains(t, scrape(t, m), `streamhouse_build_info{go="`)
	require.Contains(t, scrape(t, m), `version="v1"} 1`)
	require.Contains(t, scrape(t, m), "process_open_fds")
}

// storeStub answers each call with the next error.
type storeStub struct{ errs []error }

func (s *storeStub) next() error {
	err := s.errs[0]
	s.errs = s.errs[1:]
	return err
}

func (s *storeStub) Put(context.Context, string, []byte) error { return s.next() }
func (s *storeStub) Get(context.Context, string) ([]byte, error) {
	return make([]byte, 5), s.next()
}
func (s *storeStub) GetRange(_ context.Context, _ string, _, n int64) ([]byte, error) {
	return make([]byte, n), s.next()
}
func (s *storeStub) Delete(context.Context, ...string) error { return s.next() }
func (s *storeStub) List(context.Context, string, string) iter.Seq2[objstore.Info, error] {
	return func(yield func(objstore.Info, error) bool) {
		for range 2 {
			if err := s.next(); !yield(objstore.Info{}, err) || err != nil {
				return
			}
		}
	}
}

func TestStoreCallsAreCountedByKindAndOutcome(t *testing.T) {
	m := New("v1")
	broken := errors.New("broken")
	w := WatchStore(&storeStub{errs: []error{
		nil, objstore.ErrExists, broken, // put
		nil, objstore.ErrNotFound, // get
		nil, objstore.ErrRange, context.Canceled, // get_range
		nil, objstore.ErrPermanent, // delete
		nil, nil, nil, broken, nil, // list: whole, failed, broken off
	}}, m.StoreCalled)
	ctx := t.Context()
	for _, want := range []error{nil, objstore.ErrExists, broken} {
		require.ErrorIs(t, w.Put(ctx, "k", make([]byte, 7)), want)
	}
	for _, want := range []error{nil, objstore.ErrNotFound} {
		_, err := w.Get(ctx, "k")
		require.ErrorIs(t, err, want)
	}
	for _, want := range []error{nil, objstore.ErrRange, context.Canceled} {
		_, err := w.GetRange(ctx, "k", 0, 11)
		require.ErrorIs(t, err, want)
	}
	for _, want := range []error{nil, objstore.ErrPermanent} {
		require.ErrorIs(t, w.Delete(ctx, "k"), want)
	}
	for range w.List(ctx, "", "") {
	}
	for range w.List(ctx, "", "") {
	}
	for range w.List(ctx, "", "") {
		break
	}
	requireMetrics(t, m,
		`streamhouse_store_requests_total{kind="put",outcome="ok"} 1`,
		`streamhouse_store_requests_total{kind="put",outcome="exists"} 1`,
		`streamhouse_store_requests_total{kind="put",outcome="error"} 1`,
		`streamhouse_store_requests_total{kind="get",outcome="ok"} 1`,
		`streamhouse_store_requests_total{kind="get",outcome="not_found"} 1`,
		`streamhouse_store_requests_total{kind="get-range",outcome="ok"} 1`,
		`streamhouse_store_requests_total{kind="get-range",outcome="range"} 1`,
		`streamhouse_store_requests_total{kind="get-range",outcome="canceled"} 1`,
		`streamhouse_store_requests_total{kind="delete",outcome="ok"} 1`,
		`streamhouse_store_requests_total{kind="delete",outcome="refused"} 1`,
		`streamhouse_store_requests_total{kind="list",outcome="ok"} 2`,
		`streamhouse_store_requests_total{kind="list",outcome="error"} 1`,
		`streamhouse_store_bytes_total{direction="out"} 7`,
		`streamhouse_store_bytes_total{direction="in"} 16`,
		`streamhouse_store_request_seconds_count{kind="put"} 3`,
	)
}

// What the loop over a listing does is not the store's time.
func TestListingCountsOnlyTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var took time.Duration
		w := WatchStore(&storeStub{errs: []error{nil, nil}}, func(c StoreCall) { took = c.Took })
		for range w.List(t.Context(), "", "") {
			time.Sleep(time.Hour)
		}
		require.Zero(t, took)
	})
}

func TestGRPCEventsMoveFigures(t *testing.T) {
	m := New("v1")
	e := m.GRPC()
	e.Handled("/streamhouse.StreamHouse/Produce", codes.OK, 20*time.Millisecond)
	e.Handled("/streamhouse.StreamHouse/Produce", codes.Unavailable, time.Second)
	e.Refused()
	requireMetrics(t, m,
		"streamhouse_grpc_refused_total 1",
		`streamhouse_grpc_requests_total{code="OK",method="Produce"} 1`,
		`streamhouse_grpc_requests_total{code="Unavailable",method="Produce"} 1`,
		`streamhouse_grpc_request_seconds_count{method="Produce"} 2`,
	)
}

func TestKafkaEventsMoveFigures(t *testing.T) {
	m := New("v1")
	e := m.Kafka()
	e.Opened()
	e.Opened()
	e.Closed()
	e.Request("Produce", 20*time.Millisecond)
	e.Failed("Produce", "NOT_LEADER_FOR_PARTITION")
	e.Refused("stalled")
	requireMetrics(t, m,
		"streamhouse_kafka_connections 1",
		"streamhouse_kafka_connections_total 2",
		`streamhouse_kafka_request_seconds_count{api="Produce"} 1`,
		`streamhouse_kafka_errors_total{api="Produce",code="NOT_LEADER_FOR_PARTITION"} 1`,
		`streamhouse_kafka_refused_total{reason="stalled"} 1`,
	)
}

func TestTroubleMovesFigures(t *testing.T) {
	m := New("v1")
	e := m.Engine()
	e.StoreTrouble(errors.New("503"), 1, time.Second)
	e.CacheTrouble(errors.New("disk full"))
	e.MetadataStale(time.UnixMilli(12_500), errors.New("disk full"))
	e.Fenced(errors.New("epoch 8"))
	e.ObjectRefused(9<<20, 4<<20, errors.New("413"))
	requireMetrics(t, m, "streamhouse_flush_cuts_total 1", "streamhouse_store_trouble 1", "streamhouse_cache_disk_off 1", "streamhouse_metadata_stale_since_seconds 12.5", "streamhouse_fenced 1")
	e.StoreRecovered()
	e.MetadataCurrent()
	requireMetrics(t, m, "streamhouse_store_trouble 0", "streamhouse_metadata_stale_since_seconds 0", "streamhouse_fenced 1")
}

func TestTimesOfTheStateMoveTheirHistogram(t *testing.T) {
	m := New("v1")
	e := m.Engine()
	e.StateHeld(40 * time.Microsecond)
	e.StateHeld(3 * time.Millisecond)
	requireMetrics(t, m,
		`streamhouse_state_held_seconds_bucket{le="5e-05"} 1`,
		`streamhouse_state_held_seconds_bucket{le="0.002"} 1`,
		`streamhouse_state_held_seconds_bucket{le="0.005"} 2`,
		"streamhouse_state_held_seconds_count 2",
	)
}
