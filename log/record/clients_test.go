package record

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// clients are those that the batches in testdata/clients come from, recorded by integration/corpus: five records in every codec,
// without and with a producer id (kafka-go has none). The snappy of java and kafka-python is framed, that of
// the others is not or is, as they like.
var clients = []string{
	"franz-go-1.22.2", "java-2.8.2", "java-4.1.0", "kafka-go-0.4.51", "kafka-python-3.0.12", "librdkafka-2.16.1", "sarama-1.61.1",
}

// What the clients in wide use send must stay accepted, as it is, and says what they were told to send.
func TestClients(t *testing.T) {
	for _, client := range clients {
		for codec, name := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
			files, err := filepath.Glob(filepath.Join("testdata", "clients", fmt.Sprintf("%s-%s-*.batch", client, name)))
			require.NoError(t, err)
			var got []Record
			for _, file := range files {
				got = append(got, checkRecorded(t, file, int16(codec))...)
			}
			requireAsSent(t, got, client+" "+name)
			if client != "kafka-go-0.4.51" {
				requireAsSent(t, got[5:], client+" "+name)
			}
		}
	}
}

// A frame of zstd's highest level asks for a window of 128 MiB, whatever is in it.
func TestClientsLargeWindow(t *testing.T) {
	for _, file := range []string{"java-4.1.0-level-22-zstd-1.batch", "java-4.1.0-level-22-zstd-2.batch"} {
		got := checkRecorded(t, filepath.Join("testdata", "clients", file), CodecZstd)
		require.Len(t, got, 300)
		require.Equal(t, strings.Repeat("value ", 200), string(got[299].Value))
	}
	require.Empty(t, giants)
}

// checkRecorded checks one batch as the log does, and returns its records.
func checkRecorded(t *testing.T, file string, codec int16) (got []Record) {
	t.Helper()
	sent, err := os.ReadFile(file)
	require.NoError(t, err)
	b, err := Sent(slices.Clone(sent))
	require.NoError(t, err, file)
	require.NoError(t, b.Verify(), file)
	require.Equal(t, codec, b.Codec(), file)
	require.Zero(t, b.BaseOffset(), file)
	largest, err := b.CheckRecords(AnyTime)
	require.NoError(t, err, file)
	b.SetMaxTimestamp(largest)
	require.NoError(t, b.Verify(), file)
	if largest == Batch(sent).MaxTimestamp() {
		require.Equal(t, sent, []byte(b), file)
	}
	got = collect(t, [][]byte{b}, 0)
	require.Equal(t, largest, slices.MaxFunc(got, func(a, b Record) int { return int(a.Timestamp - b.Timestamp) }).Timestamp, file)
	return got
}

// requireAsSent compares the first five records with what the clients were told to send.
func requireAsSent(t *testing.T, got []Record, who string) {
	t.Helper()
	require.GreaterOrEqual(t, len(got), 5, who)
	for i, delta := range []int64{5, 3, 9, 0, 1} {
		r := got[i]
		require.Equal(t, 1_700_000_000_000+delta, r.Timestamp, who)
		if i > 0 {
			require.Equal(t, fmt.Sprint("k", i), string(r.Key), who)
		}
		if i != 1 {
			require.Equal(t, strings.Repeat("value ", 10), string(r.Value), who)
		}
		require.Len(t, r.Headers, 2, who)
		require.True(t, bytes.Equal([]byte{0xff}, r.Headers[0].Value) && r.Headers[0].Key == "h", who)
	}
}
