package main

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/cmd/streamhouse/metrics"
	"streamhouse/log"
)

// failing is a broker that serves on a store that can be made to fail, in fake time.
type failing struct {
	*health
	engine engineStub
	events log.Events
	told   atomic.Int32 // how often somebody was told to ask again
}

func newFailing(grace time.Duration) *failing {
	f := &failing{health: newHealth(grace)}
	f.events = engineEvents(metrics.New("v1").Engine(), slog.New(slog.DiscardHandler), f.health)
	f.onChange(func() { f.told.Add(1) })
	f.serving(&f.engine)
	return f
}

// fail is one PUT that failed.
func (f *failing) fail() {
	f.engine.health = fmt.Errorf("%w: 503", log.ErrUnavailable)
	f.events.StoreTrouble(errors.New("503"), 1, time.Second)
}

func (f *failing) recover() {
	f.engine.health = nil
	f.events.StoreRecovered()
}

func TestReadinessOutlivesAFailedPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFailing(30 * time.Second)
		f.fail()
		require.NoError(t, f.ready())
		time.Sleep(time.Second)
		f.recover()
		require.NoError(t, f.ready())
		told := f.told.Load()
		time.Sleep(time.Hour)
		require.Equal(t, told, f.told.Load(), "nothing happens when the grace would be over")
		require.NoError(t, f.ready())
	})
}

// The grace counts from the first failure, and who watches is told when it is over.
func TestReadinessEndsWithTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFailing(30 * time.Second)
		for range 29 {
			f.fail()
			time.Sleep(time.Second)
		}
		require.NoError(t, f.ready())
		told := f.told.Load()
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, told+1, f.told.Load())
		require.EqualError(t, f.ready(), "object store is not available: 503")
		require.NoError(t, f.alive(), "a restart would not help")

		f.recover()
		require.NoError(t, f.ready())
		f.fail() // a row of its own
		time.Sleep(29 * time.Second)
		require.NoError(t, f.ready())
	})
}

func TestReadinessWithoutGraceEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFailing(0)
		f.fail()
		require.ErrorIs(t, f.ready(), log.ErrUnavailable)
	})
}

// The engine notes the failure before it tells of it.
func TestReadinessBeforeTheFailureIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFailing(time.Second)
		f.engine.health = log.ErrUnavailable
		time.Sleep(time.Hour)
		require.NoError(t, f.ready())
	})
}

func TestWhatIsNoFailureOfTheStoreEndsReadinessAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFailing(time.Hour)
		f.fail()
		for _, err := range []error{log.ErrFenced, log.ErrClosed, errors.New("the metadata file broke")} {
			f.engine.health = err
			require.ErrorIs(t, f.ready(), err)
		}
		f.fail()
		told := f.told.Load()
		f.stopping()
		require.ErrorIs(t, f.ready(), errStopping)
		require.Equal(t, told+1, f.told.Load())
		time.Sleep(2 * time.Hour)
		require.Equal(t, told+1, f.told.Load())
	})
}
