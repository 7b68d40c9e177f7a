package wire

import (
	"bytes"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// listOf is a list of pieces of these sizes, and all of their bytes.
func listOf(sizes ...int) (net.Buffers, []byte) {
	var list net.Buffers
	for i, n := range sizes {
		list = append(list, bytes.Repeat([]byte{byte(i)}, n))
	}
	return list, bytes.Join(list, nil)
}

func TestStepsAreTheWhole(t *testing.T) {
	list, whole := listOf(1, writeStep-1, writeStep+1, 3, 2*writeStep+5, 0, 7)
	var got []byte
	for len(list) > 0 {
		step, rest := cutStep(list)
		piece := bytes.Join(step, nil)
		require.LessOrEqual(t, len(piece), writeStep)
		got, list = append(got, piece...), rest
	}
	require.True(t, bytes.Equal(whole, got))
}

// A client that takes a step within the stall timeout is waited for, one that takes nothing is not.
func TestWriteBuffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer client.Close()
		defer server.Close()
		list, whole := listOf(1, writeStep+1, 3, 2*writeStep+5, 7)
		written := make(chan error, 1)
		go func() { written <- WriteBuffers(server, list, testStall) }()
		got := make([]byte, len(whole))
		for have := 0; have < len(got); {
			time.Sleep(testStall - time.Second)
			n, err := io.ReadFull(client, got[have:min(have+writeStep, len(got))])
			require.NoError(t, err)
			have += n
		}
		require.NoError(t, <-written)
		require.True(t, bytes.Equal(whole, got))

		began := time.Now()
		err := WriteBuffers(server, net.Buffers{[]byte("unread")}, testStall)
		require.ErrorIs(t, err, ErrNotRead)
		require.Equal(t, testStall, time.Since(began))
		require.NoError(t, client.Close())
		require.ErrorIs(t, WriteBuffers(server, net.Buffers{[]byte("gone")}, testStall), io.ErrClosedPipe)
	})
}
