package integration

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"streamhouse/integration/faultproxy"
	"streamhouse/integration/s3server"
	"streamhouse/objstore"
	"streamhouse/objstore/storetest"
)

// The suite that every object store passes, over a real S3 server.
func TestObjectStore_S3(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objstore.Store { return openS3(t, s3Store(t)) })
}

// The same while the server throttles some of the requests, cuts connections and
// fails: a few attempts are enough, and nobody sees more than a delay.
func TestObjectStore_S3WithFaults(t *testing.T) {
	random := seeded(t)
	storetest.Run(t, func(t *testing.T) objstore.Store {
		s := s3Store(t)
		s.proxy.SetFault(some(random, 0.02, faultproxy.SlowDown, faultproxy.Fail, faultproxy.Cut))
		return openS3(t, s)
	})
}

// openS3 opens the bucket as a broker does.
func openS3(t *testing.T, s *store) objstore.Store {
	t.Helper()
	opened, err := objstore.NewS3(guarded(t), objstore.S3Options{
		Bucket:      s.bucket,
		Region:      s3server.Region,
		Endpoint:    s.proxy.URL(),
		Credentials: credentials.NewStaticCredentialsProvider(s3server.AccessKey, s3server.SecretKey, ""),
	})
	require.NoError(t, err)
	return opened
}
