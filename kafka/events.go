package kafka

import "time"

// Events are called as things happen; each may be nil, must be quick and must
// not block. Logs, metrics and tests subscribe to the same ones.
type Events struct {
	// Opened and Closed are called for each connection that is served.
	Opened, Closed func()
	// Request is called when a request has its answer, with the time since its last byte came.
	Request func(api string, took time.Duration)
	// Failed is called when an answer has an error code: the name of the first one that stands in it.
	Failed func(api, code string)
	// Refused is called when a connection is closed upon. The reasons are the few of this package.
	Refused func(reason string)
}

// Reasons for closing a connection, as [Events.Refused] names them.
const (
	refusedCrowd   = "too many connections"
	refusedFrame   = "not a request"       // bytes that are no Kafka request
	refusedRequest = "unsupported request" // an API or version that is not in the table
	refusedStall   = "stalled"             // stopped in the middle of a request
	refusedSlow    = "does not read"       // takes none of its answers
	refusedProduce = "produce failed"      // and an answer was not asked for, or could not be in order
	refusedPanic   = "panic"
)
