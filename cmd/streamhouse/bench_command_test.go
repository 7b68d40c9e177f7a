package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// runProgram runs a command line and returns the exit status and what it wrote.
func runProgram(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(args, output{&out, &errs})
	return status, out.String(), errs.String()
}

func TestBenchSaysThatNobodyAnswers(t *testing.T) {
	status, _, stderr := runProgram("bench", "--addr=127.0.0.1:1", "--patience=300ms")
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "no Kafka broker answers at [127.0.0.1:1]")
	require.Equal(t, 1, strings.Count(stderr, "\n"))
}

// A setting that the parser refuses and one that the benchmark refuses end alike.
func TestBenchRefusesSettings(t *testing.T) {
	for args, want := range map[string]string{
		"--random=1.5": "wrong settings: --random 1.5 is not between 0 and 1",
		"--acks=2":     "--acks must be one of",
	} {
		status, _, stderr := runProgram("bench", args)
		require.Equal(t, 2, status, args)
		require.Contains(t, stderr, want)
	}
}
