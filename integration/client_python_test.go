package integration

import (
	"testing"
)

// Python programs, with librdkafka and with kafka-python, run as they would against Kafka.
func TestClientPython(t *testing.T) {
	t.Parallel()
	python := foreignClient(t, "python/bin/python")
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		runForeign(t, python, "clients/librdkafka_client.py", b.Kafka)
		runForeign(t, python, "clients/kafka_python_client.py", b.Kafka)
	})
}
