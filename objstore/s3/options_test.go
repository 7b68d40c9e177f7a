package s3

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
)

func TestEndpoints(t *testing.T) {
	for _, good := range []string{
		"http://localhost:9000", "https://s3.example.com", "http://10.0.0.1:9000/", "https://host/behind/a/path", "http://[::1]:9000", "HTTP://minio:9000",
	} {
		require.NoError(t, validEndpoint(good), good)
	}
	for bad, says := range map[string]string{
		"localhost:9000":           "does not begin with http://",
		"minio":                    "does not begin with http://",
		"10.0.0.1:9000":            "does not begin with http://",
		"//host":                   "does not begin with http://",
		"http:/host":               "does not begin with http://",
		"s3://bucket":              "is not of HTTP",
		"tcp://10.0.0.1:9000":      "is not of HTTP",
		" http://host":             "blank",
		"http://host ":             "blank",
		"http://host\n":            "blank",
		"http://my host":           "blank",
		"http://host\u00a0":        "blank",
		"http://":                  "no host",
		"http://:9000":             "no host",
		"http:///path":             "no host",
		"http://host:port":         "no URL",
		"http://[::1":              "no URL",
		"http://host?x=1":          "behind its path",
		"http://host/#":            "behind its path",
		"https://key:s3cret@host/": "has a user in it",
	} {
		err := validEndpoint(bad)
		require.ErrorContains(t, err, says, "%q", bad)
		require.ErrorContains(t, err, "AWS_ENDPOINT_URL_S3", "%q", bad)
		require.NotContains(t, err.Error(), "s3cret")
	}
}

// Wherever an endpoint or a region comes from, a bad one ends the start.
func TestSettingsOfTheEnvironmentAreChecked(t *testing.T) {
	profileWith := func(lines string) func(*testing.T) {
		return func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config")
			require.NoError(t, os.WriteFile(path, []byte("[default]\n"+lines+"\n"), 0o600))
			t.Setenv("AWS_CONFIG_FILE", path)
		}
	}
	variable := func(name, value string) func(*testing.T) { return func(t *testing.T) { t.Setenv(name, value) } }
	for name, c := range map[string]struct {
		set  func(*testing.T)
		says string
	}{
		"AWS_ENDPOINT_URL":        {variable("AWS_ENDPOINT_URL", "minio:9000"), "does not begin with http://"},
		"AWS_ENDPOINT_URL_S3":     {variable("AWS_ENDPOINT_URL_S3", "http://minio:9000 "), "blank"},
		"profile's endpoint":      {profileWith("endpoint_url = minio:9000"), "does not begin with http://"},
		"AWS_REGION":              {variable("AWS_REGION", "eu-central-1 "), "AWS_REGION"},
		"AWS_REGION, two words":   {variable("AWS_REGION", "eu central"), "AWS_REGION"},
		"AWS_REGION, as a host":   {variable("AWS_REGION", "eu-central-1.amazonaws.com"), "AWS_REGION"},
		"region beside endpoints": {func(t *testing.T) { t.Setenv("AWS_REGION", "a b"); t.Setenv("AWS_ENDPOINT_URL", "http://minio") }, "AWS_REGION"},
	} {
		t.Run(name, func(t *testing.T) {
			bareEnvironment(t)
			t.Setenv("AWS_REGION", "us-east-1")
			c.set(t)
			_, err := Open(t.Context(), Options{Bucket: "bucket", Credentials: testCredentials})
			require.ErrorIs(t, err, objstore.ErrPermanent)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []Options{
		{}, {Bucket: "a/b"}, {Bucket: " bucket"}, {Bucket: "bucket "}, {Bucket: "my bucket"}, {Bucket: "bucket\n"}, {Bucket: "s3://bucket"}, {Bucket: "eimer-für-daten"},
		{Bucket: "b", Prefix: "../up"}, {Bucket: "b", Prefix: "a//b"}, {Bucket: "b", Region: "eu central"}, {Bucket: "b", Endpoint: "host:9000"},
	} {
		o.Credentials = testCredentials
		if o.Region == "" {
			o.Region = "us-east-1"
		}
		_, err := Open(t.Context(), o)
		require.ErrorIs(t, err, objstore.ErrPermanent, "%+v", o)
	}
	for _, o := range []Options{{Bucket: "b", Prefix: "/"}, {Bucket: "My_Bucket.1"}, {Bucket: "b", Region: "auto"}, {Bucket: "b", Region: strings.Repeat("a", 63)}} {
		o.Credentials = testCredentials
		if o.Region == "" {
			o.Region = "us-east-1"
		}
		_, err := Open(t.Context(), o)
		require.NoError(t, err, "%+v", o)
	}
}

func TestKeysWithBlanks(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		for _, bad := range []string{"s3cret\n", " s3cret", "s3 cret", "s3cret\u00a0"} {
			bareEnvironment(t)
			t.Setenv("AWS_ACCESS_KEY_ID", "key")
			t.Setenv("AWS_SECRET_ACCESS_KEY", "key")
			t.Setenv(name, bad)
			_, err := Open(t.Context(), Options{Bucket: "bucket", Region: "us-east-1"})
			require.ErrorIs(t, err, objstore.ErrPermanent, "%s=%q", name, bad)
			require.ErrorContains(t, err, name)
			require.NotContains(t, err.Error(), "s3cret", "it is a secret")
		}
	}
}
