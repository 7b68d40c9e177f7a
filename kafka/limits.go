package kafka

import "time"

// Limits of connections and requests, each with its reason. Those of groups
// stand in package group, those of bytes on the wire in package wire.
const (
	// minFrameLimit is the smallest limit of a request that leaves clients able to work.
	minFrameLimit = 1 << 20
	// maxInFlight bounds the requests of a connection that are not answered yet; clients send up to 5,
	// librdkafka can be set to 1,000,000. Beyond it the connection is not read on.
	maxInFlight = 64
	// lingerTime and lingerBytes bound how long, and what of it, a connection is still read whose last answer is written:
	// a few round trips, and the requests that a client has on the way meanwhile.
	lingerTime  = time.Second
	lingerBytes = 16 << 20

	// keptBuffer is the largest buffer for answers that is kept for the next one.
	keptBuffer = 64 << 10

	// maxFetchBytes bounds an answer to Fetch, whatever the client asks for: Kafka's fetch.max.bytes.
	maxFetchBytes = 55 << 20
	// maxFetchWait bounds a long poll: half of what clients wait for an answer.
	maxFetchWait = 15 * time.Second
	// fetchStoreWait is what the store gets to bring a block to a client that does not want to wait as long: without
	// it such a client would ask again and again meanwhile.
	fetchStoreWait = 100 * time.Millisecond

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
	// maxDescribedPartitions bounds the partitions in an answer to DescribeTopicPartitions: Kafka's max.request.partition.size.limit.
	maxDescribedPartitions = 2000
	// maxErrorText bounds the text of one error, bytes: a request may be wrong in many places, and old
	// versions cannot hold more than 32 KiB.
	maxErrorText = 512
	// maxGroupNames bounds the groups and coordinator keys named in one request: an answer is longer than
	// its question, so a large frame of short names would ask for a giant one.
	maxGroupNames = 10_000
)
