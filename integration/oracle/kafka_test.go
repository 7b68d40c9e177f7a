package oracle

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/integration/child"
	"streamhouse/integration/freeport"
)

// kafkaVersion is the oracle's.
const kafkaVersion = "4.4.0"

// startGuard bounds Kafka's start, which takes seconds.
const startGuard = 3 * time.Minute

// properties make one node with topics of its own on one partition, and else Kafka's defaults, but for
// the wait of a new group, which StreamHouse is told to do without as well, and that of the controller before it writes.
var properties = template.Must(template.New("").Parse(`process.roles=broker,controller
node.id=1
listeners=BROKER://{{.Broker}},CONTROLLER://{{.Controller}}
advertised.listeners=BROKER://{{.Broker}}
controller.listener.names=CONTROLLER
inter.broker.listener.name=BROKER
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.quorum.voters=1@{{.Controller}}
log.dirs={{.Dir}}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=100
controller.quorum.append.linger.ms=0
log.initial.task.delay.ms=86400000
`))

// jars returns the folder of Kafka's jars, which integration/clients/install.sh fills.
func jars(t testing.TB) string {
	t.Helper()
	folder := os.Getenv("CLIENTS")
	if folder == "" {
		caches, err := os.UserCacheDir()
		require.NoError(t, err)
		folder = filepath.Join(caches, "streamhouse-clients")
	}
	path := filepath.Join(folder, "kafka-"+kafkaVersion)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			require.NoError(t, err)
		}
		t.Skipf("%v: bash integration/clients/install.sh %s", err, folder)
	}
	return path
}

// startKafka runs Apache Kafka until the test ends.
func startKafka(t testing.TB) *target {
	t.Helper()
	work := t.TempDir()
	at := struct{ Broker, Controller, Dir string }{Dir: filepath.Join(work, "logs")}
	for _, addr := range []*string{&at.Broker, &at.Controller} {
		var err error
		*addr, err = freeport.Address()
		require.NoError(t, err)
	}
	var text bytes.Buffer
	require.NoError(t, properties.Execute(&text, at))
	config := filepath.Join(work, "server.properties")
	require.NoError(t, os.WriteFile(config, text.Bytes(), 0o600))
	java := []string{"-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", filepath.Join(jars(t), "*")}

	format := exec.CommandContext(t.Context(), "java", append(java, "kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", config)...)
	out, err := format.CombinedOutput()
	require.NoError(t, err, string(out))
	kafka, err := child.Start("java", append(java, "kafka.Kafka", config), os.Environ(), work)
	require.NoError(t, err)
	t.Cleanup(func() {
		kafka.Kill()
		if t.Failed() {
			t.Logf("Kafka's log:\n%s", kafka.Output())
		}
	})
	require.NoError(t, awaitListener(kafka, at.Broker))
	on := newTarget(t, at.Broker, true)
	on.dir = at.Dir
	return on
}

func awaitListener(p *child.Process, addr string) error {
	deadline := time.After(startGuard)
	for {
		if c, err := net.Dial("tcp", addr); err == nil {
			return c.Close()
		}
		select {
		case <-p.Done():
			return fmt.Errorf("Kafka ended with exit code %d:\n%s", p.Wait(), p.Output())
		case <-deadline:
			return fmt.Errorf("Kafka does not listen:\n%s", p.Output())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
