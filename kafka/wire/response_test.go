package wire

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// requireFrame checks length and correlation id, and returns what follows.
func requireFrame(t *testing.T, list net.Buffers) []byte {
	t.Helper()
	whole := bytes.Join(list, nil)
	require.EqualValues(t, len(whole)-4, binary.BigEndian.Uint32(whole))
	require.EqualValues(t, 7, binary.BigEndian.Uint32(whole[4:]))
	return whole[8:]
}

// A response has tags in its header where it is flexible; ApiVersions never has (KIP-511).
func TestResponseHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		resp   kmsg.Response
		header []byte
	}{
		"not flexible": {&kmsg.HeartbeatResponse{Version: 3}, nil},
		"flexible":     {&kmsg.HeartbeatResponse{Version: 4, ErrorCode: 3}, []byte{0}},
		"ApiVersions":  {&kmsg.ApiVersionsResponse{Version: 3, ErrorCode: 35}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			used := []byte("what stood in the buffer before is of no account")
			buf, list := EncodeResponse(used, 7, c.resp)
			require.Equal(t, net.Buffers{buf}, list)
			require.Equal(t, append(c.header, c.resp.AppendTo(nil)...), requireFrame(t, list))
		})
	}
}

// pieced has one of everything that Pieces can append.
type pieced struct {
	kmsg.HeartbeatResponse
	flexible     bool
	small, large []byte
}

func (r *pieced) IsFlexible() bool { return r.flexible }

func (r *pieced) AppendPieces(p *Pieces) {
	p.Int16(-2)
	p.Int32(-3)
	p.Int64(-4)
	p.UUID([16]byte{1, 2, 3})
	p.String(r.flexible, "name")
	p.Length(r.flexible, -1)
	p.Length(r.flexible, len(r.large)+len(r.small)+len(r.large))
	p.Splice(r.large)
	p.Splice(r.small)
	p.Splice(r.large)
	p.NoTags(r.flexible)
}

// Pieces are the encoding that kmsg's primitives give, and what is large lies where it lay.
func TestPieces(t *testing.T) {
	for _, flexible := range []bool{false, true} {
		r := &pieced{flexible: flexible, small: make([]byte, copiedPiece), large: bytes.Repeat([]byte("x"), copiedPiece+1)}
		all := bytes.Join([][]byte{r.large, r.small, r.large}, nil)
		var want []byte
		if flexible {
			want = append(want, 0) // tags of the header
		}
		want = kbin.AppendInt64(kbin.AppendInt32(kbin.AppendInt16(want, -2), -3), -4)
		want = kbin.AppendUuid(want, [16]byte{1, 2, 3})
		if flexible {
			want = kbin.AppendCompactString(want, "name")
			want = kbin.AppendCompactNullableBytes(want, nil)
			want = append(kbin.AppendCompactBytes(want, all), 0)
		} else {
			want = kbin.AppendString(want, "name")
			want = kbin.AppendNullableBytes(want, nil)
			want = kbin.AppendBytes(want, all)
		}
		buf, list := EncodeResponse(nil, 7, r)
		require.Equal(t, want, requireFrame(t, list))
		require.Less(t, len(buf), 2*copiedPiece, "large pieces are not in the buffer")
		require.Same(t, &r.large[0], &list[1][0])
		require.Same(t, &r.large[0], &list[3][0])
	}
}
