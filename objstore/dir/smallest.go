package dir

import "slices"

const (
	// maxListedNames bounds the names that a listing keeps of a folder at a time, to
	// some 40 MiB. A folder of more is read once for each so many.
	maxListedNames = 1 << 18
	// folderBatch is how many entries of a folder are read at a time.
	folderBatch = 1 << 10
)

// smallest keeps the first of the names that are added, by their order. limit is 1 at least, and is what sorted returns at
// most; names grows to twice as many.
type smallest struct {
	limit int
	names []string
	more  bool // some were left out; all of them come behind names
}

// add takes a name in, which may come twice. It sorts when twice the limit is kept, so that each name
// costs about the same however many there are.
func (s *smallest) add(name string) {
	if s.names = append(s.names, name); len(s.names) >= 2*s.limit {
		s.cut()
	}
}

// cut sorts what is kept, and lets go of what is over the limit.
func (s *smallest) cut() {
	slices.Sort(s.names)
	s.names = slices.Compact(s.names)
	if len(s.names) > s.limit {
		s.more = true
		clear(s.names[s.limit:])
		s.names = s.names[:s.limit]
	}
}

// sorted returns the names in their order, and whether more follow. It ends the use of s.
func (s *smallest) sorted() (names []string, more bool) {
	s.cut()
	return s.names, s.more
}
