//go:build unix

package main

import (
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// withFiles makes the program one that may open so many files.
const withFiles = "RUN_WITH_FILES"

func init() {
	if n, err := strconv.ParseUint(os.Getenv(withFiles), 10, 32); err == nil {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			panic(err)
		}
	}
}

// Whatever clients do, descriptors are left for the store and the probes.
func TestCrowdLeavesDescriptorsForTheStoreAndTheProbes(t *testing.T) {
	p := launch(t, append(brokerIn(t.TempDir()), withFiles+"=760")...)
	p.requireServing()
	p.requireSaid("fewer connections are served")
	p.produce("before")
	client := p.client()
	defer client.Close()
	require.NoError(t, client.Ping(t.Context()))
	for _, addr := range []string{p.kafka, p.grpc} {
		for range 300 {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				break // the queue of the listener is full
			}
			defer conn.Close()
		}
	}
	p.requireSaid("too many connections")
	require.Equal(t, 200, p.probe("/healthz"))
	require.Equal(t, 200, p.probe("/readyz"))
	require.Contains(t, p.metrics(), "streamhouse_")
	require.NoError(t, client.Ping(t.Context()), "who is in stays in")
	require.NotContains(t, p.stderr(), "too many open files")
}

func TestConnectionsThatDoNotFitAreRefused(t *testing.T) {
	for _, c := range []struct {
		env   []string
		wants string
	}{
		{[]string{withFiles + "=760", "STREAMHOUSE_KAFKA_MAX_CONNECTIONS=20000"}, "--kafka-max-connections 20000"},
		{[]string{withFiles + "=760", "STREAMHOUSE_GRPC_MAX_CONNECTIONS=20000"}, "--grpc-max-connections 20000"},
		{[]string{withFiles + "=300"}, "300 files"},
	} {
		p := launch(t, append(brokerIn(t.TempDir()), c.env...)...)
		require.Equal(t, 2, p.status(), "a wrong setting")
		require.Contains(t, p.stderr(), c.wants)
		require.Contains(t, p.stderr(), "ulimit -n")
	}
}
