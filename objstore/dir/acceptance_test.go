package dir

import (
	"testing"

	"streamhouse/objstore"
	"streamhouse/objstore/storetest"
)

func TestStore(t *testing.T) {
	// A directory has no pages, but each Put waits for the disk.
	storetest.RunWith(t, storetest.Options{ListObjects: 300}, func(t *testing.T) objstore.Store {
		return openDir(t, t.TempDir())
	})
}
