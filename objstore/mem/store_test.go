package mem

import (
	"testing"

	"streamhouse/objstore"
	"streamhouse/objstore/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) objstore.Store { return New() })
}
