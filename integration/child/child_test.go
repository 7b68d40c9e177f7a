package child

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExitCodeAndOutput(t *testing.T) {
	p, err := Start("/bin/sh", []string{"-c", "echo out; echo err >&2; echo $NAME; exit 7"}, []string{"NAME=value"}, t.TempDir())
	require.NoError(t, err)
	require.Equal(t, 7, p.Wait())
	require.ElementsMatch(t, []string{"out", "err", "value"}, strings.Fields(p.Output()))
	require.NoError(t, p.Signal(os.Interrupt), "it has ended, which is no error")
}

func TestKillEndsAStoppedProgram(t *testing.T) {
	p, err := Start("/bin/sh", []string{"-c", "while :; do sleep 1; done"}, os.Environ(), t.TempDir())
	require.NoError(t, err)
	require.NoError(t, p.Signal(syscall.SIGSTOP))
	p.Kill()
	require.Equal(t, -1, p.Wait())
}

func TestStartOfNothing(t *testing.T) {
	_, err := Start("/no/such/program", nil, nil, t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestOutputIsBounded(t *testing.T) {
	var o output
	for range 10 {
		n, err := o.Write(make([]byte, maxOutput/3))
		require.NoError(t, err)
		require.Equal(t, maxOutput/3, n)
	}
	_, err := o.Write([]byte("the end"))
	require.NoError(t, err)
	require.Less(t, len(o.String()), 2*maxOutput)
	require.True(t, strings.HasSuffix(o.String(), "the end"))
}
