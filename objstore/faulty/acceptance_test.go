package faulty

import (
	"testing"

	"streamhouse/objstore"
	"streamhouse/objstore/mem"
	"streamhouse/objstore/storetest"
)

func TestStoreWithoutFaults(t *testing.T) {
	storetest.Run(t, func(*testing.T) objstore.Store { return New(mem.New(), 1) })
}
