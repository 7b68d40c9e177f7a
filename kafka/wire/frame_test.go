package wire

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/semaphore"
)

const (
	testIdle  = 10 * time.Minute
	testStall = 30 * time.Second
)

// frameEnd is a reader with the client's end of its connection, in a bubble of fake time.
type frameEnd struct {
	*testing.T
	*FrameReader
	client net.Conn
}

func inFrames(t *testing.T, budget *semaphore.Weighted, test func(frameEnd)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(newFrameEnd(t, budget)) })
}

func newFrameEnd(t *testing.T, budget *semaphore.Weighted) frameEnd {
	client, server := net.Pipe()
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	return frameEnd{t, NewFrameReader(server, FrameOptions{MaxBytes: 4 << 20, Idle: testIdle, Stall: testStall, Budget: budget}), client}
}

func noneWaiting() bool { return false }

func framed(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// write writes in the background: a pipe holds nothing.
func (e frameEnd) write(chunks ...[]byte) {
	go func() {
		for _, c := range chunks {
			_, _ = e.client.Write(c)
		}
	}()
}

func (e frameEnd) requireNext(want []byte) Frame {
	e.Helper()
	f, err := e.Next(e.Context(), noneWaiting)
	require.NoError(e, err)
	require.True(e, bytes.Equal(want, f.Bytes), "%d bytes", len(f.Bytes))
	return f
}

func (e frameEnd) requireError(want error) error {
	e.Helper()
	f, err := e.Next(e.Context(), noneWaiting)
	require.ErrorIs(e, err, want)
	require.Zero(e, f)
	return err
}

// Frames of all sizes come whole and in order, and none is written into again.
func TestFramesComeAsTheyWereSent(t *testing.T) {
	inFrames(t, semaphore.NewWeighted(4<<20), func(e frameEnd) {
		var sent, got [][]byte
		for i, n := range []int{minFrame, 100, readBuffer, firstRead, firstRead + 1, frameGrowth*firstRead + 1, 4 << 20, minFrame} {
			body := bytes.Repeat([]byte{byte(i + 1)}, n)
			body[n-1] = 0xff
			sent = append(sent, body)
			e.write(framed(body))
			f := e.requireNext(body)
			e.Release(f)
			got = append(got, f.Bytes)
		}
		for i := range sent {
			require.True(t, bytes.Equal(sent[i], got[i]))
		}
	})
}

func TestFramesOfNoRequest(t *testing.T) {
	for name, c := range map[string]struct {
		head []byte
		hint string
	}{
		"negative":  {[]byte{0xff, 0xff, 0xff, 0xff}, "a length of -1 bytes, 8 to 4194304 are taken"},
		"too short": {[]byte{0, 0, 0, minFrame - 1}, "a length of 7 bytes"},
		"too long":  {binary.BigEndian.AppendUint32(nil, 4<<20+1), "a length of 4194305 bytes"},
		"TLS":       {[]byte{0x16, 0x03, 0x01, 0x02}, "security.protocol=PLAINTEXT"},
		"HTTP":      {[]byte("GET "), "HTTP"},
		"HTTP/2":    {[]byte("PRI "), "gRPC"},
		"SSH":       {[]byte("SSH-"), "SSH"},
	} {
		t.Run(name, func(t *testing.T) {
			inFrames(t, nil, func(e frameEnd) {
				e.write(c.head)
				require.ErrorContains(t, e.requireError(ErrMalformed), c.hint)
			})
		})
	}
}

// What a client announces costs nothing before it comes.
func TestFrameThatStalls(t *testing.T) {
	inFrames(t, semaphore.NewWeighted(4<<20), func(e frameEnd) {
		e.write(binary.BigEndian.AppendUint32(nil, 4<<20), []byte("first"))
		began := time.Now()
		grown := allocated(func() {
			require.ErrorContains(t, e.requireError(ErrStalled), "after 5 of 4194304 bytes")
		})
		require.Equal(t, testStall, time.Since(began))
		require.Less(t, grown, uint64(1<<20))
		require.True(t, e.o.Budget.TryAcquire(4<<20), "it gave back what it held")
	})
	inFrames(t, nil, func(e frameEnd) { // in its length
		e.write([]byte{0, 0})
		require.ErrorContains(t, e.requireError(ErrStalled), "after 2 of 4 bytes")
	})
}

func TestFrameThatIsSlowIsTaken(t *testing.T) {
	inFrames(t, nil, func(e frameEnd) {
		body := []byte("slow, but it moves")
		go func() {
			for _, b := range framed(body) {
				time.Sleep(testStall - time.Second)
				_, _ = e.client.Write([]byte{b})
			}
		}()
		e.requireNext(body)
	})
}

func TestFrameReaderIsIdle(t *testing.T) {
	inFrames(t, nil, func(e frameEnd) {
		began := time.Now()
		e.requireError(ErrIdle)
		require.Equal(t, testIdle, time.Since(began))
		asked := 0
		_, err := e.Next(t.Context(), func() bool { asked++; return asked < 3 })
		require.ErrorIs(t, err, ErrIdle)
		require.Equal(t, 4*testIdle, time.Since(began), "who waits for a response is not idle")
	})
}

func TestFramesEnd(t *testing.T) {
	whole := framed(make([]byte, 20))
	for n := range whole {
		r := NewFrameReader(streamConn{Reader: bytes.NewReader(whole[:n])}, FrameOptions{MaxBytes: 100})
		_, err := r.Next(t.Context(), noneWaiting)
		if n == 0 {
			require.ErrorIs(t, err, io.EOF)
			continue
		}
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "after %d bytes", n)
	}
}

// Beyond the budget a frame waits for others to be released; small ones do not.
func TestFramesShareABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := semaphore.NewWeighted(4 << 20)
		hog, other := newFrameEnd(t, budget), newFrameEnd(t, budget)
		large, small := make([]byte, 3<<20), make([]byte, firstRead)
		hog.write(framed(large))
		held := hog.requireNext(large)
		other.write(framed(small), framed(large))
		other.Release(other.requireNext(small))
		got := make(chan Frame, 1)
		go func() { got <- other.requireNext(large) }()
		synctest.Wait()
		require.Empty(t, got, "there is no room for it")
		hog.Release(held)
		held = <-got

		hog.write(framed(large))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := hog.Next(ctx, noneWaiting)
		require.ErrorIs(t, err, ErrStopped)
		other.Release(held)
		require.True(t, budget.TryAcquire(4<<20), "nothing is held any more")
	})
}

func TestFrameReaderStops(t *testing.T) {
	for name, sent := range map[string][]byte{"between requests": nil, "in a length": {0, 0}, "in a request": {0, 0, 0, 20, 1}} {
		t.Run(name, func(t *testing.T) {
			inFrames(t, nil, func(e frameEnd) {
				e.write(sent)
				stopped := make(chan error, 1)
				go func() {
					_, err := e.Next(t.Context(), noneWaiting)
					stopped <- err
				}()
				synctest.Wait()
				require.False(t, e.Stopped())
				e.Stop()
				require.ErrorIs(t, <-stopped, ErrStopped)
				require.True(t, e.Stopped())
				e.requireError(ErrStopped) // and for good
			})
		})
	}
}
