package record

// Header is one header of a record. Order and duplicates are kept.
type Header struct {
	Key   string
	Value []byte // nil is null
}

// Record is one record, for the callers that do not speak in batches.
type Record struct {
	Offset    int64  // on reading
	Timestamp int64  // milliseconds since 1970
	Key       []byte // nil is null
	Value     []byte // nil is null
	Headers   []Header
}

// Sequence numbers a batch of an idempotent producer (KIP-98); a nil *Sequence means none.
type Sequence struct {
	ProducerID    int64
	ProducerEpoch int16
	Base          int32
}
