// Command corpus records the batches that a producer sends, byte for byte. It stands between a client and a broker, which
// has to name it in its metadata:
//
//	STREAMHOUSE_KAFKA_ADVERTISED_ADDR=localhost:9192 USE_LOCAL_STORAGE=true go run ./cmd/streamhouse
//	cd integration && go run ./corpus -listen localhost:9192 -broker localhost:9092 -client franz-go -out ../log/record/testdata/clients
//
// and the client produces to localhost:9192. Each batch becomes a file CLIENT-CODEC-NUMBER.batch; what is special about how
// the client was set goes into its name. TestClients of package log/record holds the check of batches to what was recorded once.
package main
