package s3

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
)

func TestRefusalsArePermanent(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		advice string
	}{
		{403, "AccessDenied", "s3:PutObject"},
		{403, "InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"},
		{403, "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"},
		{403, "RequestTimeTooSkewed", "clock"},
		{404, "NoSuchBucket", "create the bucket"},
		{400, "ExpiredToken", "renew"},
		{400, "AuthorizationHeaderMalformed", "AWS_REGION"},
		{301, "PermanentRedirect", "AWS_REGION"},
		{501, "NotImplemented", "If-None-Match"},
		{403, "SomethingNew", "status 403"},
		{400, "InvalidRequest", "status 400"},
		{507, "InsufficientStorage", "status 507"},
	} {
		t.Run(c.code, func(t *testing.T) {
			s, server := scripted(t, refuse(c.status, c.code))
			for _, err := range callEverything(t, s) {
				require.ErrorIs(t, err, objstore.ErrPermanent)
				require.ErrorContains(t, err, c.advice)
				require.NotContains(t, err.Error(), "\n")
			}
			require.Equal(t, 5, server.count(), "a refusal is not tried again")
		})
	}
}

func TestPassingFaultsAreNotPermanent(t *testing.T) {
	for name, a := range map[string]answer{
		"throttled": refuse(503, "SlowDown"), "broken": refuse(500, "InternalError"), "proxy": page(502), "reset": hangUp,
		"throttled by status": page(429), "conflict": refuse(409, "OperationAborted"), "slow": page(408),
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := scripted(t, a)
			for _, err := range callEverything(t, s) {
				require.Error(t, err)
				for _, sentinel := range []error{objstore.ErrPermanent, objstore.ErrNotFound, objstore.ErrExists, objstore.ErrRange, objstore.ErrKey} {
					require.NotErrorIs(t, err, sentinel)
				}
			}
		})
	}
}

// callEverything makes each kind of call once.
func callEverything(t *testing.T, s *Store) []error {
	_, get := s.Get(t.Context(), "key")
	_, getRange := s.GetRange(t.Context(), "key", 0, 1)
	var list error
	for _, err := range s.List(t.Context(), "", "") {
		list = err
	}
	return []error{s.Put(t.Context(), "key", []byte("x")), get, getRange, list, s.Delete(t.Context(), "key")}
}

func TestCheckBucket(t *testing.T) {
	s, server := scripted(t, ok(200, `<ListBucketResult><Name>bucket</Name></ListBucketResult>`, "Content-Type", "application/xml"))
	require.NoError(t, s.CheckBucket(t.Context()))
	require.Equal(t, "1", server.requests[0].URL.Query().Get("max-keys"))

	s, _ = scripted(t, refuse(404, "NoSuchBucket"))
	err := s.CheckBucket(t.Context())
	require.ErrorIs(t, err, objstore.ErrPermanent)
	require.ErrorContains(t, err, `bucket "bucket" at http://127.0.0.1`)
	require.ErrorContains(t, err, "create the bucket")

	s, _ = scripted(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amz-Bucket-Region", "eu-north-1")
		refuse(301, "PermanentRedirect")(w, r)
	})
	err = s.CheckBucket(t.Context())
	require.ErrorIs(t, err, objstore.ErrPermanent)
	require.ErrorContains(t, err, "eu-north-1")
}

// bareEnvironment hides what this machine knows about AWS.
func bareEnvironment(t *testing.T) {
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
		"AWS_ENDPOINT_URL_S3", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/config")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/credentials")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func TestWithoutCredentials(t *testing.T) {
	bareEnvironment(t)
	_, err := Open(t.Context(), Options{Bucket: "bucket", Region: "us-east-1"})
	require.ErrorIs(t, err, objstore.ErrPermanent)
	require.ErrorContains(t, err, "set AWS_ACCESS_KEY_ID")
}

func TestLosesItsCredentials(t *testing.T) {
	lost := errors.New("the role is gone")
	s, server := scripted(t, ok(200, ""))
	n := 0
	provider := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		if n++; n > 1 {
			return aws.Credentials{}, lost
		}
		return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
	})
	s, err := Open(t.Context(), Options{Bucket: "bucket", Endpoint: *s.client.Options().BaseEndpoint, Credentials: aws.NewCredentialsCache(provider)})
	require.NoError(t, err)
	require.NoError(t, s.Put(t.Context(), "key", []byte("x")), "they are kept")
	require.Equal(t, 1, server.count())

	_, err = Open(t.Context(), Options{Bucket: "bucket", Endpoint: "http://127.0.0.1:1", Credentials: provider})
	require.ErrorIs(t, err, objstore.ErrPermanent)
	require.ErrorIs(t, err, lost)
}

func TestWithoutRegion(t *testing.T) {
	bareEnvironment(t)
	_, err := Open(t.Context(), Options{Bucket: "bucket", Credentials: testCredentials})
	require.ErrorIs(t, err, objstore.ErrPermanent)
	require.ErrorContains(t, err, "set AWS_REGION")
	t.Setenv("AWS_REGION", "eu-west-1")
	s, err := Open(t.Context(), Options{Bucket: "bucket", Credentials: testCredentials})
	require.NoError(t, err)
	require.Equal(t, "eu-west-1", s.client.Options().Region)
	require.False(t, s.client.Options().UsePathStyle)
	require.True(t, s.unsigned, "AWS itself is spoken to by TLS")
}

func TestEndpointOfTheEnvironment(t *testing.T) {
	bareEnvironment(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "http://10.1.2.3:9000")
			s, err := Open(t.Context(), Options{Bucket: "bucket"})
			require.NoError(t, err)
			require.Equal(t, "http://10.1.2.3:9000", *s.client.Options().BaseEndpoint)
			require.True(t, s.client.Options().UsePathStyle)
			require.False(t, s.unsigned)
			require.Equal(t, "us-east-1", s.client.Options().Region)
		})
	}
}
