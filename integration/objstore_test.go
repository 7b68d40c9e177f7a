package integration

import (
	"testing"

	"streamhouse/integration/faultproxy"
	"streamhouse/objstore"
	"streamhouse/objstore/storetest"
)

// The suite that every object store passes, over a real S3 server.
func TestObjectStore_S3(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objstore.Store { return bareS3(t).open(t) })
}

// The same while the server throttles some of the requests, cuts connections and
// fails: a few attempts are enough, and nobody sees more than a delay.
func TestObjectStore_S3WithFaults(t *testing.T) {
	random := seeded(t)
	storetest.Run(t, func(t *testing.T) objstore.Store {
		s := bareS3(t)
		s.proxy.SetFault(some(random, 0.02, faultproxy.SlowDown, faultproxy.Fail, faultproxy.Cut))
		return s.open(t)
	})
}

// bareS3 is a bucket that no broker uses.
func bareS3(t *testing.T) *store {
	t.Helper()
	s := s3Store(t)
	*s.broken = true
	return s
}
