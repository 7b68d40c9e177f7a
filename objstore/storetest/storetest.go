// Package storetest is the acceptance suite of every [objstore.Store]: the
// contract of the interface as tests.
package storetest

import (
	"testing"

	"streamhouse/objstore"
)

// Options bend the suite to a store.
type Options struct {
	// ListObjects is how many objects the listing in pages and the large delete
	// put first; 0 means 2,100, which is more than two pages of S3.
	ListObjects int
	// LargeBytes is the size of the large object; 0 means 32 MiB.
	LargeBytes int
	// NoListOrder leaves out the listings in which a folder and a file share the
	// beginning of their names, for servers that keep files and do not sort those as
	// S3 does.
	NoListOrder bool
}

// Run runs the suite. open returns an empty store for each test; stores may be
// open at the same time. What open has to clean up it gives to t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) objstore.Store) {
	RunWith(t, Options{}, open)
}

// RunWith is Run with options.
func RunWith(t *testing.T, o Options, open func(t *testing.T) objstore.Store) {
	if o.ListObjects == 0 {
		o.ListObjects = 2100
	}
	if o.LargeBytes == 0 {
		o.LargeBytes = 32 << 20
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.run(&suite{T: t, Options: o, store: open(t)})
		})
	}
}

// suite is what a test of the suite works with. Its helpers end the test at the first failure, so they are for the
// test's own goroutine.
type suite struct {
	*testing.T
	Options
	store objstore.Store
}

// cases are the tests by name. The comment of each says what a store must do to pass.
var cases = []struct {
	name string
	run  func(*suite)
}{
	{"PutThenRead", putThenRead},
	{"PutIsCreateOnly", putIsCreateOnly},
	{"PutIsCreateOnlyAmongMany", putIsCreateOnlyAmongMany},
	{"PutsOfManyKeysAtOnce", putsOfManyKeysAtOnce},
	{"PutKeepsNoReference", putKeepsNoReference},
	{"PutAfterDelete", putAfterDelete},
	{"EmptyObject", emptyObject},
	{"LargeObject", largeObject},
	{"ReadsAreTheCallers", readsAreTheCallers},
	{"MissingObject", missingObject},
	{"Ranges", ranges},
	{"RangesBeyondTheEnd", rangesBeyondTheEnd},
	{"RangesOfAnEmptyObject", rangesOfAnEmptyObject},
	{"ListNothing", listNothing},
	{"ListInOrder", listInOrder},
	{"ListByPrefix", listByPrefix},
	{"ListAfter", listAfter},
	{"ListInPages", listInPages},
	{"ListStopsEarly", listStopsEarly},
	{"ListSeesEveryPut", listSeesEveryPut},
	{"DeleteThenRead", deleteThenRead},
	{"DeleteMissing", deleteMissing},
	{"DeleteNothing", deleteNothing},
	{"DeleteMany", deleteMany},
	{"InvalidKeys", invalidKeys},
	{"UnusualKeys", unusualKeys},
	{"EndedContext", endedContext},
}
