package integration

import (
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"streamhouse/integration/broker"
	"streamhouse/integration/faultproxy"
	"streamhouse/integration/wire"
)

// SIGTERM under load: what was taken is finished, the exit code is 0, and
// producers go on when the broker is back.
func TestProgram_StopsInOrder(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "orderly", 3)
		load := startLoad(t, "orderly", 3, kgo.SeedBrokers(b.Kafka))
		for range 3 {
			load.awaitAcknowledged(load.promised.acknowledged() + 100)
			stopBroker(t, b)
			require.NoError(t, b.Start())
		}
		load.stop()
		load.promised.verify(t, b, "orderly")
	})
}

// SIGTERM ends consumers' long waits too.
func TestProgram_StopsWhileConsumersWait(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	createTopic(t, b, "idle", 1)
	c := dial(t, b)
	answer := make(chan struct{})
	go func() {
		defer close(answer)
		_, _ = c.Fetch("idle", patient, wire.Position{}) // answered or cut, either ends the wait
	}()
	stopBroker(t, b)
	<-answer
}

// Whatever is wrong with the settings or the surroundings, the broker says so in
// a line that names it, and does not start.
func TestProgram_RefusesToStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	for _, c := range []struct {
		name string
		env  []string
		says []string
	}{
		{"unknown flush interval", []string{"STREAMHOUSE_FLUSH_INTERVAL=often"}, []string{"often"}},
		{"negative cache", []string{"STREAMHOUSE_CACHE_SIZE=-1"}, []string{"cache"}},
		{"address without a port", []string{"STREAMHOUSE_KAFKA_ADDR=localhost"}, []string{"localhost"}},
		{"port in use", []string{"STREAMHOUSE_KAFKA_ADDR=" + taken.Addr().String()}, []string{taken.Addr().String(), "in use"}},
		{"gRPC port in use", []string{"STREAMHOUSE_ADDR=" + taken.Addr().String()}, []string{taken.Addr().String(), "in use"}},
		{"unwritable storage", []string{"LOCAL_STORAGE_PATH=/proc/storage"}, []string{"/proc/storage"}},
		{"unwritable metadata", []string{"STREAMHOUSE_METADATA=/proc/metadata.db"}, []string{"/proc"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			requireRefusal(t, newBroker(t, localStore(t), c.env...), c.says...)
		})
	}
}

// requireRefusal starts a broker that must not start.
func requireRefusal(t *testing.T, b *broker.Broker, says ...string) {
	t.Helper()
	require.NoError(t, b.Launch())
	code, err := b.Wait()
	require.NoError(t, err)
	require.NotZero(t, code)
	require.NotEqual(t, -1, code, "it exits by itself")
	require.True(t, b.OutputHas(says...), "one line says %q:\n%s", says, b.Output())
	require.LessOrEqual(t, strings.Count(b.Output(), "\n"), 12, "no trace, no flood:\n%s", b.Output())
}

// A store that is not there, or not ours, ends the start with a reason.
func TestProgram_RefusesAStoreItCannotUse(t *testing.T) {
	t.Parallel()
	s := s3Store(t)
	requireRefusal(t, newBroker(t, s, "STREAMHOUSE_BUCKET=no-such-bucket"), "no-such-bucket")
	requireRefusal(t, newBroker(t, s, "AWS_SECRET_ACCESS_KEY=wrong"), s.bucket)
	requireRefusal(t, newBroker(t, s, "AWS_ENDPOINT_URL_S3=http://127.0.0.1:1", "STREAMHOUSE_STARTUP_TIMEOUT=2s"), "127.0.0.1:1")
}

// A metadata file of another cluster is not mixed with this bucket.
func TestProgram_RefusesMetadataOfAnotherCluster(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		stranger := startBroker(t, localStore(t))
		createTopic(t, stranger, "theirs", 1)
		stopBroker(t, stranger)
		ours := startBroker(t, s)
		createTopic(t, ours, "ours", 1)
		stopBroker(t, ours)

		file, err := os.ReadFile(stranger.MetadataPath())
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(ours.MetadataPath(), file, 0o600))
		requireRefusal(t, ours, ours.MetadataPath())
	})
}

// A store that ignores create-only writes would let two brokers write: the
// broker finds out and refuses.
func TestProgram_RefusesAnUnsafeStore(t *testing.T) {
	t.Parallel()
	s := s3Store(t)
	*s.broken = true
	s.proxy.IgnoreConditions()
	requireRefusal(t, newBroker(t, s), "create-only")
	require.Positive(t, s.proxy.Counts()[faultproxy.Put])
}

// The operator's pages answer.
func TestProgram_Pages(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/debug/pprof/"} {
		require.Equal(t, http.StatusOK, b.Status(path), path)
	}
}
