package integration

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/integration/broker"
)

// Kcat, and so librdkafka, lists, produces and consumes with keys and headers,
// by itself and in a group.
func TestClientKcat(t *testing.T) {
	t.Parallel()
	path := kcatPath(t)
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "orders", 3)
		kcat := func(stdin string, args ...string) string {
			t.Helper()
			return runKcat(t, path, b, stdin, args...)
		}

		var listing struct {
			Brokers []struct{ Name string }
			Topics  []struct {
				Topic      string
				Partitions []struct{ Leader int }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(kcat("", "-L", "-J")), &listing))
		require.Equal(t, b.Kafka, listing.Brokers[0].Name)
		require.Equal(t, "orders", listing.Topics[0].Topic)
		require.Len(t, listing.Topics[0].Partitions, 3)

		for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
			kcat(codec+":v1\n"+codec+":v2\n", "-P", "-t", "orders", "-p", "1", "-K:", "-z", codec, "-H", "codec="+codec, "-H", "codec=again")
		}
		const format = "%p %o %k=%s %h\n"
		var want strings.Builder
		for i, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
			for j, v := range []string{"v1", "v2"} {
				want.WriteString("1 " + string(rune('0'+2*i+j)) + " " + codec + "=" + v + " codec=" + codec + ",codec=again\n")
			}
		}
		for range 2 { // from the tail and from the store
			require.Equal(t, want.String(), kcat("", "-C", "-t", "orders", "-p", "1", "-o", "beginning", "-e", "-f", format))
			require.Equal(t, want.String(), kcat("", "-C", "-t", "orders", "-p", "1", "-o", "0", "-c", "10", "-f", format))
			restartCold(t, b)
		}
		require.Equal(t, "orders [1] offset 10\n", kcat("", "-Q", "-t", "orders:1:-1"))

		kcat("idempotent\n", "-P", "-t", "orders", "-p", "2", "-X", "enable.idempotence=true")
		require.Equal(t, "idempotent\n", kcat("", "-C", "-t", "orders", "-p", "2", "-e"))
		require.Len(t, strings.Fields(kcat("", "-G", "readers", "-X", "auto.offset.reset=earliest", "-f", "%s\n", "-c", "11", "orders")), 11)
		kcat("last\n", "-P", "-t", "orders", "-p", "0")
		require.Equal(t, "last\n", kcat("", "-G", "readers", "-X", "auto.offset.reset=earliest", "-f", "%s\n", "-c", "1", "orders"), "the group goes on where it was")
	})
}

// runKcat runs kcat against the broker until it ends, and returns what it prints.
func runKcat(t *testing.T, path string, b *broker.Broker, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(guarded(t), path, append([]string{"-q", "-b", b.Kafka}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Run(), "kcat %s\n%s%s", strings.Join(args, " "), out.Bytes(), errs.Bytes())
	return out.String()
}
