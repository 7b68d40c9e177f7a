package wire

// Limits of what is read and written, each with its reason.
const (
	// minFrame is a header without a client id: key, version, correlation id.
	minFrame = 8
	// readBuffer serves the small requests of idle connections, of which there may be 10,000.
	readBuffer = 4 << 10
	// firstRead is what a request gets before its bytes have come: a client
	// that announces 100 MiB and sends nothing costs no more.
	firstRead = 64 << 10
	// frameGrowth is by how much the room for a request grows once it is
	// full. A large factor saves copying; memory is at most so many times what the client has sent.
	frameGrowth = 16
	// maxElements bounds the array elements and tags of one request: an element
	// takes many times the memory of its bytes once it is decoded. Kafka clients send a few per partition.
	maxElements = 1 << 18

	// writeStep is how much of a response has to get through within the stall timeout.
	writeStep = 1 << 20
	// copiedPiece is the size up to which a piece of records is copied into the response: below it the
	// copy is cheaper than one more piece for the kernel to gather.
	copiedPiece = 2 << 10
)
