// Package kafka is the Kafka door: it speaks the Kafka protocol on any number
// of listeners and turns requests into calls of the engine (package log) and of
// the consumer groups (package log/group). It keeps nothing itself.
//
// # Where to look
//
//	server.go           NewServer, Serve, Shutdown; options.go, limits.go, events.go
//	conn.go             a connection: its life; conn_read.go and conn_write.go: its two goroutines; conn_linger.go: its end
//	client.go           who sends a request; broker.go: where it is told that the broker is
//	table.go            the request table: the one list of keys and versions
//	wire                the bytes: cutting requests off the stream, checking their structure, encoding responses
//	errors.go           engine errors to Kafka codes, one table; error_fields.go: where they stand in an answer
//	refusal.go          why a connection is closed upon
//	changes.go          waiting for changes that requests make, and telling what became of them
//	distinct.go         what stands twice in a request is answered once; answer_room.go: how long an answer may be
//	throttle.go         how long a client is to wait before it creates or deletes more
//	topics.go           topics by name or id; configs.go, leader_epoch.go, operations.go, timeout.go: what else several requests need
//	<request>.go        one file per request
//	groups.go           what the requests of groups share
//
// # A request's way
//
// The reader of a connection cuts off a frame, checks its structure, decodes
// it and starts it; the writer waits for the answer and writes it. Both go in the
// order of the requests.
//
//   - A request declared with on runs by itself, on the writer: after all that
//     came before it is answered and before anything behind it starts. That is how Kafka
//     treats every request.
//   - One declared with wait is started by the reader and answered by the writer, so
//     that several share a flush: five Produce requests in flight cost one round trip to the store.
//   - One declared with poll is like wait, but its context ends when no more requests are taken: its answer can be cut short.
//
// The end of the requests is not the connection's. When one is refused, when a client sends no more, when a handler
// panics or the server shuts down, what was taken is answered first, in order. Only a write that fails or a reset cancels.
//
// # Not obvious
//
//   - The memory of a Produce frame belongs to the engine for good. No frame is used again.
//   - kmsg trusts the counts in a request: an array or tag count that lies makes it allocate gigabytes
//     or loop for minutes. wire.Shape checks all counts against the bytes that are there, first.
//   - Fetch is not encoded by kmsg: the records go from the engine's memory to the socket, uncopied.
//   - An Append that was rejected by back pressure ends its connection: the next one could overtake it.
//   - Produce is advertised from version 0 on: librdkafka takes a broker without it for one that
//     knows no newer codecs. Versions 0 to 2 get an error.
package kafka
