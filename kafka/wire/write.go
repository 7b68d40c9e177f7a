package wire

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// WriteBuffers writes in steps: to a client that takes nothing of a step for the stall timeout it is
// [ErrNotRead], one that is slow is waited for. It changes the list. One call at a time writes to a connection.
func WriteBuffers(conn net.Conn, list net.Buffers, stall time.Duration) error {
	for len(list) > 0 {
		step, rest := cutStep(list)
		if err := conn.SetWriteDeadline(time.Now().Add(stall)); err != nil {
			return err
		}
		_, err := step.WriteTo(conn)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return fmt.Errorf("%w for %v", ErrNotRead, stall)
		case err != nil:
			return err
		}
		list = rest
	}
	return nil
}

// cutStep cuts the first writeStep bytes off a list. It may change the list.
func cutStep(list net.Buffers) (step, rest net.Buffers) {
	room := writeStep
	for i, b := range list {
		if len(b) > room {
			step = append(append(step, list[:i]...), b[:room])
			list[i] = b[room:]
			return step, list[i:]
		}
		room -= len(b)
	}
	return list, nil
}
