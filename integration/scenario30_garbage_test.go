package integration

import (
	"encoding/binary"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/integration/broker"
	"streamhouse/integration/wire"
)

// Garbage of all kinds comes over raw connections: each is closed, nobody else
// notices, and memory does not grow by what the garbage claims.
func TestScenario30_GarbageClosesItsConnectionOnly(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	createTopic(t, b, "visible", 1)
	bystander := dial(t, b)
	before := residentBytes(t, b)
	frame := func(body ...byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	}
	for name, garbage := range map[string][]byte{
		"a frame of 2 GiB":           {0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 3},
		"a negative frame":           {0xff, 0xff, 0xff, 0xff, 0, 0},
		"the most negative frame":    {0x80, 0, 0, 0},
		"an empty frame":             frame(),
		"a frame without a header":   frame(0, 3),
		"an unknown key":             frame(0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff),
		"a negative key":             frame(0xff, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff),
		"a version too new":          frame(0, 3, 0x7f, 0xff, 0, 0, 0, 1, 0xff, 0xff),
		"a negative version":         frame(0, 3, 0xff, 0xff, 0, 0, 0, 1, 0xff, 0xff),
		"an array of 2 billion":      frame(0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff),
		"a client id beyond the end": frame(0, 3, 0, 1, 0, 0, 0, 1, 0x7f, 0xff),
		"HTTP":                       []byte("GET / HTTP/1.1\r\nHost: broker\r\n\r\n"),
		"TLS":                        {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3},
	} {
		c := dial(t, b)
		_, err := c.Write(garbage)
		require.NoError(t, err)
		require.NoError(t, c.Closed(), name)
	}
	sendNoise(t, b)

	got, err := bystander.Produce("visible", 0, valueBatch(0))
	require.NoError(t, err)
	require.Equal(t, wire.Produced{}, got)
	require.Less(t, residentBytes(t, b), before+256<<20, "it allocated what garbage asked for")
}

// sendNoise sends damaged requests of every kind that the broker knows and does
// not care whether they are answered.
func sendNoise(t *testing.T, b *broker.Broker) {
	t.Helper()
	random := seeded(t)
	for key := range int16(70) {
		req := kmsg.RequestForKey(key)
		if req == nil {
			continue
		}
		for version := range req.MaxVersion() + 1 {
			req.SetVersion(version)
			frame := kmsg.NewRequestFormatter().AppendRequest(nil, req, 1)
			for range 3 { // leave the key and the version as they are
				frame[8+random.IntN(len(frame)-8)] = byte(random.IntN(256))
			}
			c := dial(t, b)
			_, err := c.Write(frame)
			require.NoError(t, err)
			require.NoError(t, c.Close())
		}
	}
}

// A request that never ends, and one whose sender hangs up in the middle: the
// broker serves others meanwhile and is not harmed.
func TestScenario30_StalledAndCutRequests(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	createTopic(t, b, "visible", 1)
	whole := kmsg.NewRequestFormatter().AppendRequest(nil, wire.ProduceRequest("visible", 0, 1_000, valueBatch(0)), 1)
	for n := range len(whole) {
		c := dial(t, b)
		_, err := c.Write(whole[:n])
		require.NoError(t, err)
		if n%2 == 0 { // the others stay open until the test ends
			require.NoError(t, c.Close())
		}
	}
	end, err := dial(t, b).EndOffset("visible", 0)
	require.NoError(t, err)
	require.Zero(t, end, "no part of a request is a request")
	got, err := dial(t, b).Produce("visible", 0, valueBatch(0))
	require.NoError(t, err)
	require.Equal(t, wire.Produced{}, got)
}

// residentBytes is the memory that the broker's process holds.
func residentBytes(t *testing.T, b *broker.Broker) int64 {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("how large a process is, this test knows on Linux only")
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(b.Pid()) + "/status")
	require.NoError(t, err)
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			require.NoError(t, err)
			return kib << 10
		}
	}
	t.Fatal("the kernel does not say how large the process is")
	return 0
}
