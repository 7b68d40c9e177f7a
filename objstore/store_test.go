package objstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
	"streamhouse/objstore/storetest"
)

// Each store passes the acceptance suite. S3 does so in the integration tests,
// where there is a server.

func TestDirStore(t *testing.T) {
	// A directory has no pages, but each Put waits for the disk.
	storetest.RunWith(t, storetest.Options{ListObjects: 300}, func(t *testing.T) objstore.Store {
		d, err := objstore.NewDir(t.TempDir())
		require.NoError(t, err)
		return d
	})
}

func TestMemStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) objstore.Store { return objstore.NewMem() })
}

func TestFaultyStoreWithoutFaults(t *testing.T) {
	storetest.Run(t, func(*testing.T) objstore.Store { return objstore.NewFaulty(objstore.NewMem(), 1) })
}

func TestTraceStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) objstore.Store { return objstore.NewTrace(objstore.NewMem()) })
}
