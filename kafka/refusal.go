package kafka

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// refusal is why a connection is closed upon: a reason for the metrics and the
// words for the log.
type refusal struct {
	reason string
	err    error
}

func refuse(reason, format string, args ...any) error {
	return &refusal{reason, fmt.Errorf(format, args...)}
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// ordinary tells whether a connection ended as connections do: by one of its sides.
func ordinary(err error) bool {
	return err == nil || errors.Is(err, errStopped) || errors.Is(err, errIdle) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
