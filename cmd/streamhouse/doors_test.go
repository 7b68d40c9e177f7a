package main

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// serverStub serves until it is shut down or broken.
type serverStub struct {
	broken chan error
	slow   time.Duration // that its clients need to finish
	shut   chan struct{}
}

func newServerStub() *serverStub {
	return &serverStub{broken: make(chan error, 1), shut: make(chan struct{})}
}

func (s *serverStub) Serve(net.Listener) error {
	select {
	case err := <-s.broken:
		return err
	case <-s.shut:
		return nil
	}
}

func (s *serverStub) Shutdown(ctx context.Context) error {
	defer close(s.shut)
	select {
	case <-time.After(s.slow):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestDoorsStopSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newServerStub(), newServerStub()
		a.slow, b.slow = 5*time.Second, 7*time.Second
		d := newDoors(door{"a", nil, a}, door{"b", nil, b})
		told, cancel := context.WithCancel(t.Context())
		cancel() // a stop begins when the context ends, and has its own time
		begun := time.Now()
		require.NoError(t, d.stop(told, 10*time.Second))
		require.Equal(t, 7*time.Second, time.Since(begun))
		require.Empty(t, d.failed)
	})
}

func TestDoorThatDoesNotFinishIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newServerStub(), newServerStub()
		b.slow = time.Hour
		d := newDoors(door{"a", nil, a}, door{"b", nil, b})
		begun := time.Now()
		err := d.stop(t.Context(), 10*time.Second)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "stop b: clients did not finish in 10s")
		require.NotContains(t, err.Error(), "stop a")
		require.Equal(t, 10*time.Second, time.Since(begun))
	})
}

func TestDoorThatBreaksIsReported(t *testing.T) {
	a := newServerStub()
	d := newDoors(door{"Kafka", nil, a})
	a.broken <- errors.New("accept: too many open files")
	require.EqualError(t, <-d.failed, "the Kafka listener stopped: accept: too many open files")
	require.NoError(t, d.stop(t.Context(), time.Second))
}
