package objstore

// Op is a set of the kinds of a store's calls.
type Op uint8

// The kinds of calls, each named for a method of [Store].
const (
	OpPut Op = 1 << iota
	OpGet
	OpGetRange
	OpList
	OpDelete
)

// Ops returns each kind of call, in a fixed order.
func Ops() []Op { return []Op{OpPut, OpGet, OpGetRange, OpList, OpDelete} }

// String returns the name of a single kind of call.
func (o Op) String() string {
	switch o {
	case OpPut:
		return "put"
	case OpGet:
		return "get"
	case OpGetRange:
		return "get-range"
	case OpList:
		return "list"
	case OpDelete:
		return "delete"
	}
	return "?"
}
