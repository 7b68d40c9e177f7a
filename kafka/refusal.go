package kafka

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"streamhouse/kafka/wire"
)

// refusal is why a connection is closed upon: a reason for the metrics and the
// words for the log. Nobody answers it: the client sees the connection close.
type refusal struct {
	reason string
	err    error
}

// refuse makes a refusal. The reason is one of those in events.go, so that there are only so many.
func refuse(reason, format string, args ...any) error {
	return &refusal{reason, fmt.Errorf(format, args...)}
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// reasonOf returns the reason that [Events.Refused] is told. All that is not a request is refusedFrame.
func reasonOf(err error) string {
	r, ok := errors.AsType[*refusal](err)
	switch {
	case ok:
		return r.reason
	case errors.Is(err, wire.ErrStalled):
		return refusedStall
	case errors.Is(err, wire.ErrNotRead):
		return refusedSlow
	}
	return refusedFrame
}

// broken tells whether a connection itself failed, so that nothing can be written to it any more. A refusal and the
// end of what a client sends are no such failure, nor is a panic.
func broken(err error) bool {
	if _, ok := errors.AsType[*refusal](err); ok {
		return false // whatever it wraps
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

// ordinary tells whether a connection ended as connections do: by one of its sides.
func ordinary(err error) bool {
	return err == nil || errors.Is(err, wire.ErrStopped) || errors.Is(err, wire.ErrIdle) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
