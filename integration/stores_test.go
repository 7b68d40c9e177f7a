package integration

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"streamhouse/integration/faultproxy"
	"streamhouse/integration/s3server"
	"streamhouse/log"
	"streamhouse/objstore"
	"streamhouse/objstore/dir"
	"streamhouse/objstore/s3"
)

// store is where a broker under test keeps its log.
type store struct {
	env    []string          // settings that point a broker at it
	root   string            // the folder in which each object is a file, named by its key
	proxy  *faultproxy.Proxy // between the broker and the S3 server; nil for a local directory
	server *s3server.Server  // nil for a local directory
	bucket string            // "" for a local directory

	// broken tells that the test leaves damage behind, which a check would find.
	broken *bool
}

// onBothStores runs a test on a local directory and on S3.
func onBothStores(t *testing.T, test func(*testing.T, *store)) {
	t.Run("local", func(t *testing.T) { t.Parallel(); test(t, localStore(t)) })
	t.Run("s3", func(t *testing.T) { t.Parallel(); test(t, s3Store(t)) })
}

// onSuiteStores runs a stranger's suite on a local directory, and with -long on S3 too.
func onSuiteStores(t *testing.T, test func(*testing.T, *store)) {
	t.Run("local", func(t *testing.T) { t.Parallel(); test(t, localStore(t)) })
	if *long {
		t.Run("s3", func(t *testing.T) { t.Parallel(); test(t, s3Store(t)) })
	}
}

// localStore returns an empty local directory.
func localStore(t testing.TB) *store {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "storage")
	s := &store{root: dir, env: []string{"USE_LOCAL_STORAGE=true", "LOCAL_STORAGE_PATH=" + dir}, broken: new(bool)}
	t.Cleanup(func() { s.check(t) })
	return s
}

// s3Store returns an empty bucket on the shared S3 server, behind a proxy of its own.
func s3Store(t testing.TB) *store {
	t.Helper()
	server, err := sharedS3.get()
	require.NoError(t, err)
	return bucketOn(t, server)
}

// ownS3Store returns an empty bucket on an S3 server that the test may stop.
func ownS3Store(t *testing.T) *store {
	t.Helper()
	server, err := s3server.Start(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(server.Kill)
	return bucketOn(t, server)
}

var buckets atomic.Int32

func bucketOn(t testing.TB, server *s3server.Server) *store {
	t.Helper()
	bucket := fmt.Sprintf("bucket-%d", buckets.Add(1))
	require.NoError(t, server.CreateBucket(guarded(t), bucket))
	proxy, err := faultproxy.Start(server.URL())
	require.NoError(t, err)
	t.Cleanup(proxy.Close)
	s := &store{
		broken: new(bool),
		root:   server.BucketPath(bucket),
		proxy:  proxy,
		server: server,
		bucket: bucket,
		env: []string{
			"STREAMHOUSE_BUCKET=" + bucket,
			"STREAMHOUSE_FLUSH_INTERVAL=10ms", // most tests wait for many flushes, one after the other
			"AWS_ENDPOINT_URL_S3=" + proxy.URL(),
			"AWS_REGION=" + s3server.Region,
			"AWS_ACCESS_KEY_ID=" + s3server.AccessKey,
			"AWS_SECRET_ACCESS_KEY=" + s3server.SecretKey,
		},
	}
	t.Cleanup(func() { s.check(t) })
	return s
}

// open opens the store as a broker does.
func (s *store) open(t testing.TB) objstore.Store {
	t.Helper()
	if s.server == nil {
		dir, err := dir.Open(s.root)
		require.NoError(t, err)
		return dir
	}
	bucket, err := s3.Open(context.Background(), s3.Options{
		Bucket:      s.bucket,
		Region:      s3server.Region,
		Endpoint:    s.proxy.URL(),
		Credentials: credentials.NewStaticCredentialsProvider(s3server.AccessKey, s3server.SecretKey, ""),
	})
	require.NoError(t, err)
	return bucket
}

// check opens the log that a test has left in the store, with nothing but the
// store, and verifies all its invariants. It runs when the test's brokers are gone.
func (s *store) check(t testing.TB) {
	if t.Failed() || *s.broken {
		return
	}
	if s.proxy != nil {
		s.proxy.SetFault(nil)
	}
	ctx, cancel := context.WithTimeout(context.Background(), guard) // the test's own is over
	defer cancel()
	l, err := log.Open(ctx, s.open(t), log.Options{
		MetadataPath: filepath.Join(t.TempDir(), "metadata.db"),
		Logger:       slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	require.NoError(t, l.Check(ctx))
	require.NoError(t, l.Close(ctx))
}

// with returns the same store with further settings for its brokers.
func (s *store) with(env ...string) *store {
	c := *s
	c.env = append(slices.Clone(s.env), env...)
	return &c
}

// journal returns the files of the journal's segments, oldest first.
func (s *store) journal(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(filepath.Join(s.root, "journal"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && !strings.HasPrefix(d.Name(), ".") {
			files = append(files, path)
		}
		return err
	})
	require.NoError(t, err)
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	return files
}

// key is the object key of a file that journal returned.
func (s *store) key(t *testing.T, file string) string {
	t.Helper()
	key, err := filepath.Rel(s.root, file)
	require.NoError(t, err)
	return filepath.ToSlash(key)
}
