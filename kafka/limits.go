package kafka

// Limits of connections, each with its reason.
const (
	// minFrameLimit is the smallest limit of a request that leaves clients able to work.
	minFrameLimit = 1 << 20
	// frameStep is what a frame gets before its bytes have come: a client that
	// announces 100 MiB and sends nothing costs no more.
	frameStep = 1 << 20
	// maxInFlight bounds the requests of a connection that are not answered yet; clients send up to 5, librdkafka
	// can be set to 1,000,000. Beyond it the connection is not read on.
	maxInFlight = 128
	// readBuffer serves the small requests of idle connections, of which there may be 10,000.
	readBuffer = 4 << 10
	// writeStep is how much of an answer has to get through within the stall timeout.
	writeStep = 1 << 20

	// maxFetchBytes bounds an answer to Fetch, whatever the client asks for.
	maxFetchBytes = 100 << 20
	// maxFetchWait bounds a long poll in milliseconds: half of what clients wait for an answer.
	maxFetchWaitMillis = 15_000
	// maxProduceWaitMillis bounds how long an answer to Produce waits for its flush.
	maxProduceWaitMillis = 60_000
	// maxAdminWaitMillis bounds how long an administrative request waits for its flush.
	maxAdminWaitMillis = 60_000
	// maxTopicsAtOnce bounds what one request can create.
	maxTopicsAtOnce = 1000
)
