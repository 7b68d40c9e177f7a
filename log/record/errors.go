package record

import (
	"errors"
	"fmt"
)

// Why a batch is not taken. Test with [errors.Is]: what is returned is wrapped with the values that disagree.
var (
	ErrCorrupt          = errors.New("corrupt record batch")         // length or CRC-32C wrong; on reading: records that cannot be read
	ErrUnsupported      = errors.New("unsupported record batch")     // magic below 2
	ErrInvalid          = errors.New("invalid record batch")         // contradicts itself, or its records cannot be read
	ErrInvalidTimestamp = errors.New("record timestamp not allowed") // comes as a *RecordsError
	ErrTooLarge         = errors.New("record batch too large")
	ErrTransactional    = errors.New("transactions are not supported")
)

// RecordsError is the refusal of a batch for what some of its records say. The other records are as they should be, and
// could be sent again without those.
type RecordsError struct {
	Err     error         // what kind it is, with how many they are
	Records []RecordError // the first maxRecordErrors of them, ascending
}

// RecordError says what is wrong with one record.
type RecordError struct {
	Index int32 // in the batch, from 0
	Text  string
}

func (e *RecordsError) Error() string {
	return fmt.Sprintf("%v; the first is record %d: %s", e.Err, e.Records[0].Index, e.Records[0].Text)
}

func (e *RecordsError) Unwrap() error { return e.Err }
