package s3

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
	"streamhouse/objstore/storetest"
)

// keyed is an S3 server that takes one access key at a time.
type keyed struct {
	valid   atomic.Value // string
	refusal answer
	refused atomic.Int64
}

func (k *keyed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.Header.Get("Authorization"), "Credential="+k.valid.Load().(string)+"/") {
		k.refused.Add(1)
		k.refusal(w, r)
		return
	}
	switch {
	case r.URL.Query().Has("list-type"):
		listPage("", "a")(w, r)
	case r.URL.Query().Has("delete"):
		ok(200, `<DeleteResult/>`)(w, r)
	default:
		ok(200, "body")(w, r)
	}
}

// withSharedFile opens a store whose keys come from a credentials file, which the
// returned function writes.
func withSharedFile(t *testing.T, k *keyed) (*Store, func(content string)) {
	t.Helper()
	bareEnvironment(t)
	path := filepath.Join(t.TempDir(), "credentials")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", path)
	write := func(content string) { require.NoError(t, os.WriteFile(path, []byte(content), 0o600)) }
	write(profile("first"))
	k.valid.Store("first")
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	s, err := open(t.Context(), Options{Bucket: "bucket", Endpoint: server.URL}, quickly)
	require.NoError(t, err)
	s.credentials.every = 0
	return s, write
}

func profile(key string) string {
	return fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = secret-of-%s\n", key, key)
}

var credentialRefusals = []struct {
	status int
	code   string
}{
	{403, "InvalidAccessKeyId"}, {403, "SignatureDoesNotMatch"}, {403, "AccessDenied"}, {400, "ExpiredToken"}, {400, "TokenRefreshRequired"},
	{400, "InvalidToken"}, {401, "Unauthorized"}, {403, "SomethingNew"},
}

func TestKeysThatAreReplacedInTheSharedFile(t *testing.T) {
	for _, c := range credentialRefusals {
		t.Run(c.code, func(t *testing.T) {
			k := &keyed{refusal: refuse(c.status, c.code)}
			s, write := withSharedFile(t, k)
			calls := map[string]func() error{
				"put":    func() error { return s.Put(t.Context(), "a", []byte("x")) },
				"get":    func() error { _, err := s.Get(t.Context(), "a"); return err },
				"list":   func() error { _, err := storetest.ListAll(t.Context(), s, "", ""); return err },
				"delete": func() error { return s.Delete(t.Context(), "a") },
			}
			n := 0
			for name, call := range calls {
				require.NoError(t, call())
				n++
				next := fmt.Sprint("key", n)
				write(profile(next))
				require.NoError(t, call(), "%s: the old ones are taken as long as they hold", name)
				k.valid.Store(next)
				require.NoError(t, call(), name)
				require.EqualValues(t, n, k.refused.Load(), name)
			}
		})
	}
}

func TestKeysThatAreReplacedUnderLoad(t *testing.T) {
	k := &keyed{refusal: refuse(403, "InvalidAccessKeyId")}
	s, write := withSharedFile(t, k)
	s.credentials.every = time.Hour
	write(profile("second"))
	k.valid.Store("second")
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			_, err := s.Get(t.Context(), "a")
			require.NoError(t, err, "who comes second has no part in the looking")
		})
	}
	wg.Wait()
}

func TestKeysThatStayWrong(t *testing.T) {
	k := &keyed{refusal: refuse(403, "InvalidAccessKeyId")}
	s, write := withSharedFile(t, k)
	k.valid.Store("second")
	for _, content := range []string{profile("first"), "", "[default]\naws_access_key_id = second\n", "[def", profile("third")} {
		write(content)
		err := s.Put(t.Context(), "a", nil)
		require.ErrorIs(t, err, objstore.ErrPermanent, content)
		require.ErrorContains(t, err, "InvalidAccessKeyId", "not what the file is like meanwhile")
		require.NotContains(t, err.Error(), "\n")
	}
	write(profile("second"))
	require.NoError(t, s.Put(t.Context(), "a", nil))
}

func TestLookingForKeysIsBounded(t *testing.T) {
	k := &keyed{refusal: refuse(403, "AccessDenied")}
	s, _ := withSharedFile(t, k)
	s.credentials.every = time.Hour
	looks := 0
	resolve := s.credentials.resolve
	s.credentials.resolve = func(ctx context.Context) (aws.CredentialsProvider, error) { looks++; return resolve(ctx) }
	k.valid.Store("second")
	for range 10 {
		require.ErrorIs(t, s.Put(t.Context(), "a", nil), objstore.ErrPermanent)
	}
	require.Equal(t, 1, looks)
	require.EqualValues(t, 10, k.refused.Load(), "what is still refused is not tried again")
}

func TestRefusalThatIsNotTheStoresLeavesTheKeys(t *testing.T) {
	k := &keyed{refusal: page(403)}
	s, _ := withSharedFile(t, k)
	s.credentials.resolve = func(context.Context) (aws.CredentialsProvider, error) {
		t.Error("looked for others")
		return nil, nil
	}
	k.valid.Store("second")
	requireAway(t, s.Put(t.Context(), "a", nil), "put")
}

// Temporary keys that end before their time are asked for anew.
func TestCachedKeysAreGivenUp(t *testing.T) {
	bareEnvironment(t)
	k := &keyed{refusal: refuse(400, "ExpiredToken")}
	k.valid.Store("key1")
	n := 0
	provider := aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		n++
		return aws.Credentials{AccessKeyID: fmt.Sprint("key", n), SecretAccessKey: "s", CanExpire: true, Expires: time.Now().Add(time.Hour)}, nil
	}))
	s := storeAt(t, k, Options{Credentials: provider})
	require.NoError(t, s.Put(t.Context(), "a", nil))
	k.valid.Store("key2")
	require.NoError(t, s.Put(t.Context(), "a", nil))
	require.Equal(t, 2, n)
}

func TestLookingForKeysEndsWithItsContext(t *testing.T) {
	r := newRenewable(testCredentials, nil)
	r.renewing <- struct{}{} // somebody looks
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.False(t, r.renew(ctx))
}
