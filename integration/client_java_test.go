package integration

import (
	"path/filepath"
	"testing"
)

// Java programs with Kafka's own client, one of 2021 and a new one, run as they would against Kafka.
func TestClientJava(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2.8.2", "4.1.0"} {
		t.Run(version, func(t *testing.T) {
			jars := foreignClient(t, "java-"+version)
			b := startBroker(t, localStore(t))
			runForeign(t, "java", "-cp", filepath.Join(jars, "*"), "clients/JavaClient.java", b.Kafka)
		})
	}
}
