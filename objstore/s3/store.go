package s3

import (
	"cmp"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"streamhouse/objstore"
)

// Store keeps objects in a bucket of Amazon S3 or of a server that speaks its
// protocol and honours If-None-Match on PUT and lists in the order of the keys.
//
// It needs s3:PutObject, s3:GetObject and s3:DeleteObject on the objects and
// s3:ListBucket on the bucket. Without s3:ListBucket a missing object is answered
// with AccessDenied, so that it cannot be told from a refusal.
//
// An attempt that fails in passing is made anew a few times within a second or
// so; a longer outage is the caller's to sit out. Credentials that the store refuses
// are looked up anew, so that keys may be replaced in the shared files. A Put that was repeated so can
// find its own object and return objstore.ErrExists: the caller compares.
//
// All methods may be called concurrently.
type Store struct {
	client   *s3.Client
	bucket   string
	prefix   string // empty or ending in a slash
	where    string // for messages
	unsigned bool   // a body needs no signature; see signsBodies
	delay    objstore.Backoff

	credentials *renewable
}

var _ objstore.Store = (*Store)(nil)

// Open returns a store over a bucket. It reads the configuration but does not
// speak to the bucket; see CheckBucket. An error that wraps objstore.ErrPermanent says
// what to set.
func Open(ctx context.Context, o Options) (*Store, error) {
	return open(ctx, o, standardBackoff)
}

// open is Open with other waits between attempts, for tests.
func open(ctx context.Context, o Options, delay objstore.Backoff) (*Store, error) {
	prefix, err := o.validate()
	if err != nil {
		return nil, err
	}
	cfg, credentials, err := loadConfig(ctx, o)
	if err != nil {
		return nil, err
	}
	store := &Store{bucket: o.Bucket, prefix: prefix, delay: delay, credentials: credentials}
	store.client = s3.NewFromConfig(cfg, func(so *s3.Options) { store.configure(so, o) })
	so := store.client.Options()
	if err := cmp.Or(validEndpoint(aws.ToString(so.BaseEndpoint)), validRegion(so.Region)); err != nil {
		return nil, fmt.Errorf("%w: %w", objstore.ErrPermanent, err)
	}
	return store, nil
}

// loadConfig reads the environment and the shared files. It asks for the
// credentials at once: missing ones shall end the start, not the first write.
func loadConfig(ctx context.Context, o Options) (cfg aws.Config, credentials *renewable, err error) {
	settings := []func(*config.LoadOptions) error{
		config.WithLogger(logging.Nop{}), // else the SDK writes to standard error
		config.WithHTTPClient(newHTTPClient(cmp.Or(o.StallTimeout, defaultStallTimeout))),
	}
	if o.Region != "" {
		settings = append(settings, config.WithRegion(o.Region))
	}
	if o.Credentials != nil {
		settings = append(settings, config.WithCredentialsProvider(o.Credentials))
	}
	if cfg, err = config.LoadDefaultConfig(ctx, settings...); err != nil {
		return cfg, nil, fmt.Errorf("%w: AWS configuration: %w", objstore.ErrPermanent, err)
	}
	credentials = newRenewable(cfg.Credentials, func(ctx context.Context) (aws.CredentialsProvider, error) {
		if cache, ok := o.Credentials.(*aws.CredentialsCache); ok {
			cache.Invalidate()
		}
		again, err := config.LoadDefaultConfig(ctx, settings...)
		return again.Credentials, err
	})
	cfg.Credentials = credentials
	found, err := credentials.Retrieve(ctx)
	if err != nil {
		return cfg, nil, explain(err)
	}
	if err := validKeys(found); err != nil {
		return cfg, nil, fmt.Errorf("%w: %w", objstore.ErrPermanent, err)
	}
	return cfg, credentials, nil
}

// configure sets what the SDK is to do our way. The SDK has put the endpoint of
// the environment into so by now.
func (s *Store) configure(so *s3.Options, o Options) {
	if o.Endpoint != "" {
		so.BaseEndpoint = aws.String(o.Endpoint)
	}
	endpoint := aws.ToString(so.BaseEndpoint)
	// Servers other than AWS seldom have a host name per bucket, and seldom care
	// about the region, but a signature must name one.
	so.UsePathStyle = o.PathStyle || endpoint != ""
	if endpoint != "" {
		so.Region = cmp.Or(so.Region, "us-east-1")
	}
	so.Retryer = newRetryer(s.delay)
	so.APIOptions = append(so.APIOptions, checkAnswers, s.credentials.retryRenewed)
	// Put brings its own checksum, Get asks for one; elsewhere only where S3 insists.
	so.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	so.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	so.DisableLogOutputChecksumValidationSkipped = true
	// No "Expect: 100-continue": it costs a round trip per large PUT, and a second
	// each on servers that do not know it.
	so.ContinueHeaderThresholdBytes = -1
	s.unsigned = !signsBodies(endpoint)
	s.where = fmt.Sprintf("bucket %q, region %q", s.bucket, so.Region)
	if endpoint != "" {
		s.where = fmt.Sprintf("bucket %q at %s", s.bucket, endpoint)
	}
}

// CheckBucket asks for one key, so as to tell early and in one line that the
// bucket is missing, elsewhere or closed to us. It needs s3:ListBucket, and writes nothing: whether the bucket
// may be written shows with the first Put.
func (s *Store) CheckBucket(ctx context.Context) error {
	_, err := s.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
		Bucket: &s.bucket, Prefix: &s.prefix, MaxKeys: aws.Int32(1),
	})
	if err != nil {
		return fmt.Errorf("%s: %w", s.where, explain(err))
	}
	return nil
}

// key returns where in the bucket an object is. Its error is objstore.ErrKey.
func (s *Store) key(key string) (*string, error) {
	if err := objstore.ValidKey(key); err != nil {
		return nil, err
	}
	if n := len(s.prefix) + len(key); n > objstore.MaxKeyBytes {
		return nil, fmt.Errorf("%w: %d bytes with the prefix, at most %d are allowed", objstore.ErrKey, n, objstore.MaxKeyBytes)
	}
	return aws.String(s.prefix + key), nil
}
