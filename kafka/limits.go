package kafka

import "time"

// Limits of connections and requests, each with its reason. Those of groups
// stand in group_limits.go.
const (
	// minFrameLimit is the smallest limit of a request that leaves clients able to work.
	minFrameLimit = 1 << 20
	// firstRead is what a request gets before its bytes have come: a client
	// that announces 100 MiB and sends nothing costs no more.
	firstRead = 64 << 10
	// frameGrowth is by how much the room for a request grows once it is
	// full. A large factor saves copying; memory is at most so many times what the client has sent.
	frameGrowth = 16
	// maxElements bounds the array elements and tags of one request: an element
	// takes many times the memory of its bytes once it is decoded. Kafka clients send a few per partition.
	maxElements = 1 << 18
	// maxInFlight bounds the requests of a connection that are not answered yet; clients send up to 5,
	// librdkafka can be set to 1,000,000. Beyond it the connection is not read on.
	maxInFlight = 64
	// readBuffer serves the small requests of idle connections, of which there may be 10,000.
	readBuffer = 4 << 10

	// writeStep is how much of an answer has to get through within the stall timeout.
	writeStep = 1 << 20
	// keptBuffer is the largest buffer for answers that is kept for the next one.
	keptBuffer = 64 << 10
	// copiedPiece is the size up to which a piece of records is copied into the answer: below it the
	// copy is cheaper than one more piece for the kernel to gather.
	copiedPiece = 2 << 10

	// maxFetchBytes bounds an answer to Fetch, whatever the client asks for: Kafka's fetch.max.bytes.
	maxFetchBytes = 55 << 20
	// maxFetchWait bounds a long poll: half of what clients wait for an answer.
	maxFetchWait = 15 * time.Second
	// minFetchWait is what the store gets to answer a client that does not want to wait.
	minFetchWait = 100 * time.Millisecond

	// maxProduceWait bounds how long a Produce waits for its flush.
	maxProduceWait = time.Minute
	// maxAdminWait bounds how long a change of topics waits for its flush.
	maxAdminWait = time.Minute
	// autoCreateWait bounds how long Metadata waits for the topics that it creates: within what clients wait for an answer.
	autoCreateWait = 10 * time.Second
	// lookupWait bounds how long one ListOffsets reads the store.
	lookupWait = 20 * time.Second
	// lookupsAtOnce bounds the partitions whose records one ListOffsets searches side by side.
	lookupsAtOnce = 16
	// maxTopicsAtOnce bounds the topics that one request can create.
	maxTopicsAtOnce = 1000
)
