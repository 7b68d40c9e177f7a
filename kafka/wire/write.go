package wire

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// WriteBuffers writes in steps of 1 MiB. A client that does not take a whole step within the stall timeout is
// [ErrNotRead]; one that takes each in time is waited for, however large the list. It changes the list. One call at a
// time writes to a connection. After an error a part may have been written: the connection is of no use any more.
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

// cutStep cuts the first writeStep bytes off a list. It may change the list; the bytes stay where they are.
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
