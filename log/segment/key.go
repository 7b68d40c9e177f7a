package segment

import "fmt"

// Key is where a commit's segment stands in the bucket. Digits are padded, so that the
// order of the names is the order of the journal.
func Key(epoch uint32, seq uint64) string {
	return fmt.Sprintf("%s%020d", Prefix(epoch), seq)
}

// Prefix begins the keys of all segments of an epoch.
func Prefix(epoch uint32) string { return fmt.Sprintf("journal/%010d/", epoch) }
