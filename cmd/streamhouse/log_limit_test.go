package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// limitedLogger writes limited lines without their time into what it returns.
func limitedLogger(level slog.Level) (*slog.Logger, *bytes.Buffer) {
	lines := new(bytes.Buffer)
	plain := &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	return slog.New(newLimitedHandler(slog.NewTextHandler(lines, plain))), lines
}

func count(lines *bytes.Buffer) int { return strings.Count(lines.String(), "\n") }

func TestAFloodOfOneMessageIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger, lines := limitedLogger(slog.LevelInfo)
		for i := range 1000 {
			logger.Warn("connection closed", "from", i)
		}
		require.Equal(t, logBurst, count(lines))
		require.NotContains(t, lines.String(), "suppressed")

		logger.Warn("another message")
		require.Equal(t, logBurst+1, count(lines), "it has a limit of its own")
		logger.Error("connection closed")
		require.Equal(t, logBurst+2, count(lines), "and so has another level")

		lines.Reset()
		time.Sleep(logPause)
		logger.Warn("connection closed", "from", 1000)
		logger.Warn("connection closed", "from", 1001)
		require.Equal(t, "level=WARN msg=\"connection closed\" from=1000 suppressed=990\n", lines.String())

		lines.Reset()
		time.Sleep(logPause * logBurst)
		for range logBurst {
			logger.Warn("connection closed")
		}
		require.Equal(t, logBurst, count(lines), "after a quiet time all is as in the beginning")
		require.Equal(t, 1, strings.Count(lines.String(), "suppressed=1\n"), "told once")
	})
}

func TestAFloodThatGoesOnIsToldNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger, lines := limitedLogger(slog.LevelInfo)
		for range 6000 { // a minute and a half
			logger.Warn("x")
			time.Sleep(15 * time.Millisecond)
		}
		require.Equal(t, logBurst+8, count(lines))
		require.Contains(t, lines.String(), "suppressed=66") // one in 15 ms, for 10 s
	})
}

// Loggers with attributes are one with the logger that they come from.
func TestDerivedLoggersShareTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger, lines := limitedLogger(slog.LevelInfo)
		for i := range 20 {
			logger.With("client", i).WithGroup("g").Info("x", "a", 1)
		}
		require.Equal(t, logBurst, count(lines))
		require.Contains(t, lines.String(), "client=9 g.a=1")
	})
}

// What is not logged at all costs no line its place.
func TestLinesBelowTheLevelDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger, lines := limitedLogger(slog.LevelInfo)
		for range 100 {
			logger.Debug("x")
		}
		require.Zero(t, count(lines))
		logger.Info("x")
		require.Equal(t, "level=INFO msg=x\n", lines.String())
	})
}

// Somebody who writes what clients send into messages costs neither memory nor disk without end.
func TestMessagesWithoutEndShareALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines := &lineLimits{byMessage: make(map[messageKey]*lineLimit)}
		passed := 0
		for i := range 100_000 {
			if _, ok := lines.allow(messageKey{0, fmt.Sprint(i)}, time.Now()); ok {
				passed++
			}
		}
		require.Equal(t, maxLogMessages+logBurst, passed)
		require.Len(t, lines.byMessage, maxLogMessages+1)
	})
}

// What clients do to a running broker shows in its log, and doesn't fill it: strangers at the Kafka
// port, among them one that speaks TLS.
func TestStrangersCannotFillTheLog(t *testing.T) {
	p := launch(t, brokerIn(t.TempDir())...)
	p.requireServing()
	const strangers = 200
	for i := range strangers {
		conn, err := net.Dial("tcp", p.kafka)
		require.NoError(t, err)
		hello := "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
		if i%2 == 0 {
			hello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
		}
		_, err = io.WriteString(conn, hello)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, conn) // until the broker hangs up
		require.NoError(t, conn.Close())
	}
	p.produce("goes on")
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.Zero(t, p.status())
	told := strings.Count(p.stderr(), "kafka: connection closed: not a request")
	require.GreaterOrEqual(t, told, logBurst)
	require.Less(t, told, strangers/2, "a slow machine may let a few more through")
}
