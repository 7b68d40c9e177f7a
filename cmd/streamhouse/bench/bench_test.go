package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// runBench runs the benchmark with flags, and returns what it wrote.
func runBench(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var c Config
	_, err = kong.Must(&c).Parse(args)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = c.Run(t.Context(), &out, io.Discard)
	return out.String(), err
}

func fakeBroker(t *testing.T, opts ...kfake.Opt) (*kfake.Cluster, string) {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	return cluster, cluster.ListenAddrs()[0]
}

type report struct {
	RecordBytes int64         `json:"record_bytes"`
	Codec       string        `json:"codec"`
	Phases      []phaseResult `json:"phases"`
}

func TestBenchMeasuresEveryPhase(t *testing.T) {
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(codec, func(t *testing.T) {
			_, addr := fakeBroker(t)
			stdout, err := runBench(t, "--addr", addr, "--phases=produce,tail,cold", "--codec", codec,
				"--records=5000", "--record-size=100", "--partitions=3", "--producers=2", "--json")
			require.NoError(t, err)
			var got report
			require.NoError(t, json.Unmarshal([]byte(stdout), &got))
			require.EqualValues(t, 100, got.RecordBytes)
			require.Equal(t, codec, got.Codec)
			require.Len(t, got.Phases, 3)
			for i, phase := range []string{"produce", "tail", "cold"} {
				p := got.Phases[i]
				require.Equal(t, phase, p.Phase)
				require.EqualValues(t, 5000, p.Records, phase)
				require.Zero(t, p.Errors, phase)
				require.Positive(t, p.RecordsPerSecond, phase)
				require.Positive(t, p.MiBPerSecond, phase)
				require.Positive(t, p.P50, phase)
				require.LessOrEqual(t, p.P50, p.P90, phase)
				require.LessOrEqual(t, p.P90, p.P99, phase)
				require.LessOrEqual(t, p.P99, p.P999, phase)
				require.LessOrEqual(t, p.P999, p.Max, phase)
			}
		})
	}
}

func TestBenchDeletesOnlyItsOwnTopic(t *testing.T) {
	_, addr := fakeBroker(t, kfake.SeedTopics(2, "mine"))
	_, err := runBench(t, "--addr", addr, "--records=10", "--topic=mine")
	require.NoError(t, err)
	_, err = runBench(t, "--addr", addr, "--records=10")
	require.NoError(t, err)
	_, err = runBench(t, "--addr", addr, "--records=10", "--keep", "--partitions=4")
	require.NoError(t, err)

	client, err := kgo.NewClient(kgo.SeedBrokers(addr))
	require.NoError(t, err)
	defer client.Close()
	topics, err := kadm.NewClient(client).ListTopics(t.Context())
	require.NoError(t, err)
	require.Len(t, topics, 2)
	require.Len(t, topics["mine"].Partitions, 2)
	for name, topic := range topics {
		if name != "mine" {
			require.True(t, strings.HasPrefix(name, "bench-"), name)
			require.Len(t, topic.Partitions, 4)
		}
	}
}

// A cold read has to find what an earlier run wrote, and say so when there is nothing new.
func TestBenchReadsATopicThatIsThere(t *testing.T) {
	_, addr := fakeBroker(t, kfake.SeedTopics(3, "mine"))
	_, err := runBench(t, "--addr", addr, "--records=100", "--topic=mine", "--phases=produce")
	require.NoError(t, err)
	stdout, err := runBench(t, "--addr", addr, "--topic=mine", "--phases=cold", "--json")
	require.NoError(t, err)
	var got report
	require.NoError(t, json.Unmarshal([]byte(stdout), &got))
	require.Len(t, got.Phases, 1)
	require.EqualValues(t, 100, got.Phases[0].Records)
}

func TestBenchKeepsToARate(t *testing.T) {
	_, addr := fakeBroker(t)
	stdout, err := runBench(t, "--addr", addr, "--phases=produce", "--rate=500", "--records=250", "--json")
	require.NoError(t, err)
	var got report
	require.NoError(t, json.Unmarshal([]byte(stdout), &got))
	require.EqualValues(t, 250, got.Phases[0].Records)
	require.GreaterOrEqual(t, got.Phases[0].Seconds, 0.49)
}

func TestBenchStopsAtItsDuration(t *testing.T) {
	_, addr := fakeBroker(t)
	stdout, err := runBench(t, "--addr", addr, "--phases=produce", "--duration=200ms")
	require.NoError(t, err)
	require.Contains(t, stdout, "p99.9 ms")
	require.Contains(t, stdout, "produce")
}

func TestBenchReportsRefusals(t *testing.T) {
	cluster, addr := fakeBroker(t)
	cluster.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		resp := r.ResponseKind().(*kmsg.ProduceResponse)
		for _, topic := range r.(*kmsg.ProduceRequest).Topics {
			answer := kmsg.ProduceResponseTopic{Topic: topic.Topic, TopicID: topic.TopicID}
			for _, p := range topic.Partitions {
				answer.Partitions = append(answer.Partitions, kmsg.ProduceResponseTopicPartition{Partition: p.Partition, ErrorCode: kerr.InvalidRecord.Code})
			}
			resp.Topics = append(resp.Topics, answer)
		}
		return resp, nil, true
	})
	stdout, err := runBench(t, "--addr", addr, "--records=10", "--phases=produce")
	require.ErrorIs(t, err, ErrFailed)
	require.ErrorContains(t, err, "the benchmark failed: produce: 10 errors, the first: INVALID_RECORD")
	require.Contains(t, stdout, "produce") // the table comes anyway
}

func TestBenchSaysThatNobodyAnswers(t *testing.T) {
	_, err := runBench(t, "--addr=127.0.0.1:1", "--patience=300ms")
	require.ErrorContains(t, err, "no Kafka broker answers at [127.0.0.1:1]")
}

func TestBenchRefusesSettings(t *testing.T) {
	for args, want := range map[string]string{
		"--record-size=8":    "--record-size 8 is not between 16 and 64MiB",
		"--random=1.5":       "--random 1.5 is not between 0 and 1",
		"--partitions=0":     "--partitions and --producers have to be 1 at least",
		"--rate=-1":          "have to be 0 or a number above it",
		"--rate=NaN":         "have to be 0 or a number above it",
		"--rate=+Inf":        "have to be 0 or a number above it",
		"--random=NaN":       "--random NaN is not between 0 and 1",
		"--addr=":            "--addr",
		"--addr=a:1, b:2":    `--addr ["a:1" " b:2"]: write host:port`,
		"--addr=http://a:1":  "write host:port",
		"--producers=0":      "--partitions and --producers have to be 1 at least",
		"--records=-1":       "have to be 0 or a number above it",
		"--linger=-1s":       "have to be 0 or a number above it",
		"--patience=0s":      "have to be above 0",
		"--duration=10":      "missing unit",
		"--duration=0s":      "have to be above 0",
		"--phases=tail":      "tail reads what produce writes",
		"--phases=sideways":  "--phases must be one of",
		"--codec=middle-out": "--codec must be one of",
		"--acks=2":           "--acks must be one of",
	} {
		_, err := runBench(t, args)
		require.ErrorContains(t, err, want)
	}
}

func TestLatenciesFindQuantiles(t *testing.T) {
	var l latencies
	require.Equal(t, []time.Duration{0, 0}, l.quantiles(0.5, 1))
	for i := 1; i <= 100_000; i++ {
		l.add(time.Duration(i) * time.Microsecond)
	}
	q := l.quantiles(0.5, 0.99, 0.999, 1)
	require.InEpsilon(t, 50*time.Millisecond, q[0], 0.01)
	require.InEpsilon(t, 99*time.Millisecond, q[1], 0.01)
	require.InEpsilon(t, 99900*time.Microsecond, q[2], 0.01)
	require.Equal(t, 100*time.Millisecond, q[3])
}

func TestLatencyBucketsCoverEveryDuration(t *testing.T) {
	for _, ns := range []int64{0, 1, 127, 128, 255, 256, 257, 1000, 123_456_789, 1<<40 + 12345, 1<<63 - 1} {
		i := bucketOf(uint64(ns))
		require.Less(t, i, bucketCount)
		require.GreaterOrEqual(t, int64(bucketTop(i)), ns)
		require.LessOrEqual(t, float64(int64(bucketTop(i))-ns), float64(ns)/100, "%d", ns)
		if i > 0 {
			require.Less(t, int64(bucketTop(i-1)), ns, "%d", ns)
		}
	}
}

func TestValuesAreRandomAsFarAsTheyShould(t *testing.T) {
	v := newValues(1000, 0.25, 1)
	a, b := v.next(), v.next()
	require.Len(t, a, 1000)
	require.NotEqual(t, a[:250], b[:250])
	require.Equal(t, a[250:], b[250:])

	_, ok := stamped(a)
	require.False(t, ok)
	at := time.Unix(1, 2)
	stamp(a, at)
	got, ok := stamped(a)
	require.True(t, ok)
	require.True(t, at.Equal(got))
}

func TestMeterShowsRunningPhases(t *testing.T) {
	m := &meter{}
	require.Empty(t, m.line(time.Now()))
	p := m.start("produce")
	p.records.Add(2000)
	p.bytes.Add(4 << 20)
	require.Equal(t, "produce 2 s, 2000 records, 1000 records/s, 2.0 MiB/s", m.line(p.started.Add(2*time.Second)))
	m.start("tail")
	require.Contains(t, m.line(p.started.Add(2*time.Second)), " | tail ")
	m.finish()
	require.Empty(t, m.line(time.Now()))
}
