package s3

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"streamhouse/objstore"
)

// Options say where the objects are and how to get there. Beside them all the
// SDK's own settings hold: AWS_PROFILE, AWS_ENDPOINT_URL_S3, AWS_CA_BUNDLE,
// AWS_MAX_ATTEMPTS, the shared configuration files and so on.
type Options struct {
	Bucket string // must exist
	// Prefix is put before every key, with a slash between. Empty: none.
	Prefix string
	// Region; empty: AWS_REGION or the shared configuration.
	Region string
	// Endpoint is the URL of a server that speaks S3; empty:
	// AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or else AWS itself.
	Endpoint string
	// PathStyle puts the bucket into the path of the URL and not into its host
	// name. It is always so where an endpoint is set.
	PathStyle bool
	// Credentials; nil: the standard chain of environment, shared files, web
	// identity, container and instance role.
	Credentials aws.CredentialsProvider
	// StallTimeout is how long a connection may move no byte, in either
	// direction, before the attempt is given up and made anew. 0: 30 s.
	StallTimeout time.Duration
}

// bucketName is what any store may call a bucket: S3 itself takes less.
var bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// validate returns the prefix as it stands before every key: empty, or with a slash at its end. Its errors are
// objstore.ErrPermanent.
func (o Options) validate() (prefix string, err error) {
	if !bucketName.MatchString(o.Bucket) {
		return "", fmt.Errorf("%w: %q is not the name of a bucket: write the name alone, without blanks, s3:// or a folder", objstore.ErrPermanent, o.Bucket)
	}
	if prefix = strings.TrimSuffix(o.Prefix, "/"); prefix == "" {
		return "", nil
	}
	if err := objstore.ValidKey(prefix); err != nil {
		return "", fmt.Errorf("%w: prefix in the bucket: %w", objstore.ErrPermanent, err)
	}
	return prefix + "/", nil
}

// regionName is what fits into a host name, where regions stand.
var regionName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)

// validRegion refuses a region that the SDK would put into a host name as it is. Its error says what to set.
func validRegion(region string) error {
	switch {
	case region == "":
		return errors.New("no region: set AWS_REGION")
	case !regionName.MatchString(region):
		return fmt.Errorf("%q is not the name of a region: write it like eu-central-1, without blanks, in AWS_REGION or the profile", region)
	}
	return nil
}

// validEndpoint refuses what the SDK would take as it is and fail on with every
// request. Empty is AWS itself.
func validEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	const mend = "write AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the profile's endpoint_url as http://host:port or https://host"
	refuse := func(fault string) error {
		return fmt.Errorf("the endpoint %q %s: %s", endpoint, fault, mend)
	}
	if strings.ContainsFunc(endpoint, notInURL) {
		return refuse("has a blank or another character that no URL has")
	}
	scheme, _, found := strings.Cut(endpoint, "://")
	if !found {
		return refuse("does not begin with http:// or https://")
	}
	if scheme = strings.ToLower(scheme); scheme != "http" && scheme != "https" {
		return refuse("is not of HTTP")
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return refuse("is no URL")
	case u.Hostname() == "":
		return refuse("names no host")
	case u.User != nil: // not shown: it may be a secret
		return errors.New("the endpoint has a user in it: " + mend + ", and the keys into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	case u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(endpoint, "?#"):
		return refuse("has something behind its path")
	}
	return nil
}

// validKeys refuses what cannot stand in a request's header, such as the line break
// at the end of a file that was read into a variable. It does not show them.
func validKeys(c aws.Credentials) error {
	for _, part := range []struct{ name, value string }{
		{"access key (AWS_ACCESS_KEY_ID)", c.AccessKeyID}, {"secret key (AWS_SECRET_ACCESS_KEY)", c.SecretAccessKey}, {"session token (AWS_SESSION_TOKEN)", c.SessionToken},
	} {
		if strings.ContainsFunc(part.value, notInURL) {
			return fmt.Errorf("the %s has a blank, a line break or a letter that no key has: write it without", part.name)
		}
	}
	return nil
}

// notInURL reports what stands in no URL and in no key.
func notInURL(r rune) bool { return r <= ' ' || r >= 0x7f }
