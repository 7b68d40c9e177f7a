package main

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/cmd/streamhouse/metrics"
	"streamhouse/log"
)

func TestTroubleIsLoggedWithoutAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger, lines := limitedLogger(slog.LevelInfo)
		var changes atomic.Int32
		m := metrics.New("v1")
		h := newHealth(0)
		e := engineEvents(m.Engine(), logger, h)
		h.onChange(func() { changes.Add(1) })
		for i := range 1000 { // 50 s
			e.StoreTrouble(errors.New("503 SlowDown"), i+1, 50*time.Millisecond)
			time.Sleep(50 * time.Millisecond)
		}
		require.Equal(t, logBurst+4, count(lines), lines.String())
		require.Contains(t, lines.String(), "level=ERROR")
		require.Contains(t, lines.String(), "503 SlowDown")
		require.Contains(t, lines.String(), "failures=801 suppressed=199")
		requireFigures(t, m, "streamhouse_store_trouble 1")

		e.StoreRecovered()
		require.Contains(t, lines.String(), `msg="the object store works again" failures=1000 after=50s`)
		requireFigures(t, m, "streamhouse_store_trouble 0")

		lines.Reset()
		time.Sleep(logPause)
		e.StoreTrouble(errors.New("again"), 1, time.Second) // a new row is told
		require.Contains(t, lines.String(), "failures=1")

		e.ObjectRefused(9<<20, 4<<20, errors.New("413 too large"))
		require.Contains(t, lines.String(), "413 too large")
		requireFigures(t, m, "streamhouse_flush_cuts_total 1")
		lines.Reset()
		e.Refused(&log.LimitError{Setting: "max-groups", Limit: 5, Have: 5, More: 1})
		require.Contains(t, lines.String(), "level=WARN")
		require.Contains(t, lines.String(), "max-groups is 5")

		e.CacheTrouble(errors.New("disk full"))
		e.Fenced(errors.New("epoch 8"))
		requireFigures(t, m, "streamhouse_cache_disk_off 1", "streamhouse_fenced 1")
		require.Contains(t, lines.String(), "disk full")
		synctest.Wait()
		require.EqualValues(t, 1003+2, changes.Load(), "each event, and the end of the grace of both rows")
	})
}

func requireFigures(t *testing.T, m *metrics.Metrics, lines ...string) {
	t.Helper()
	_, shown := get(t, newHTTPServer(newHealth(0), m, slog.New(slog.DiscardHandler)), "/metrics")
	for _, line := range lines {
		require.Contains(t, shown, "\n"+line+"\n")
	}
}
