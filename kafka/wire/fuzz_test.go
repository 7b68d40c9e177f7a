package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/semaphore"
)

// FuzzDecodeRequest gives the decoder arbitrary frames: it reports them as malformed, or reads a request
// that can be written again.
func FuzzDecodeRequest(f *testing.F) {
	type version struct{ key, version int16 }
	table := make(map[version]versioned)
	for _, v := range tableVersions(f) {
		table[version{v.key, v.version}] = v
		f.Add(frameOf(v.request()))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		h, body, err := ReadHeader(frame)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		v, ok := table[version{h.Key, h.Version}]
		if !ok {
			return
		}
		req := v.request()
		if err := DecodeRequest(req, v.shape, body); err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		require.NoError(t, v.shape.Check(req.AppendTo(nil)))
	})
}

// streamConn is a connection that sends a stream and ends.
type streamConn struct {
	net.Conn
	*bytes.Reader
}

func (c streamConn) Read(dst []byte) (int, error)    { return c.Reader.Read(dst) }
func (c streamConn) SetReadDeadline(time.Time) error { return nil }

// FuzzFrames cuts arbitrary streams: the frames are the stream, up to where it is wrong or ends.
func FuzzFrames(f *testing.F) {
	f.Add(append(framed(make([]byte, minFrame)), framed(make([]byte, 100))...))
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		budget := semaphore.NewWeighted(1 << 20)
		r := NewFrameReader(streamConn{Reader: bytes.NewReader(stream)}, FrameOptions{MaxBytes: 1 << 20, Budget: budget})
		rest := stream
		for {
			frame, err := r.Next(t.Context(), noneWaiting)
			if err != nil {
				if errors.Is(err, io.EOF) {
					require.Empty(t, rest)
				} else if !errors.Is(err, ErrMalformed) {
					require.ErrorIs(t, err, io.ErrUnexpectedEOF)
				}
				break
			}
			again := framed(frame.Bytes)
			require.True(t, bytes.HasPrefix(rest, again))
			rest = rest[len(again):]
			r.Release(frame)
		}
		require.True(t, budget.TryAcquire(1<<20), "nothing is held")
	})
}
