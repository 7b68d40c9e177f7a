package wire

import "errors"

var (
	// ErrStopped ends a reader between two requests: after [FrameReader.Stop] no more are taken.
	ErrStopped = errors.New("no more requests are taken")
	// ErrIdle ends a connection that has asked nothing for the idle timeout.
	ErrIdle = errors.New("idle")
	// ErrMalformed reports bytes that are no Kafka request: its length, its header, or its structure.
	ErrMalformed = errors.New("not a Kafka request")
	// ErrStalled reports a client that sent nothing more in the middle of a request for the stall timeout.
	ErrStalled = errors.New("stopped in the middle of a request")
	// ErrNotRead reports a client that does not take a step of a response in time; see [WriteBuffers].
	ErrNotRead = errors.New("a response is not read")
)
