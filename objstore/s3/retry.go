package s3

import (
	"errors"
	"time"

	"streamhouse/objstore"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// maxAttempts bounds the attempts of one request. It is small, and the waits
// between are short, because the caller retries as well and for longer, tells
// its operator about it, and knows when it has become pointless.
const maxAttempts = 4

// passingCodes are the error codes that say "again, please". The SDK knows some
// of them; those of damaged uploads and of two PUTs that met are ours.
var passingCodes = map[string]bool{
	"BadDigest":                   true,
	"BandwidthLimitExceeded":      true,
	"ConditionalRequestConflict":  true,
	"IncompleteBody":              true,
	"InternalError":               true,
	"OperationAborted":            true,
	"RequestTimeout":              true,
	"RequestTimeoutException":     true,
	"ServiceUnavailable":          true,
	"SlowDown":                    true,
	"Throttling":                  true,
	"ThrottlingException":         true,
	"TooManyRequests":             true,
	"XAmzContentChecksumMismatch": true,
	"XAmzContentSHA256Mismatch":   true,
}

// standardBackoff lets a request wait for 700 ms at most, between its attempts; tests have a shorter one.
var standardBackoff = objstore.Backoff{First: 100 * time.Millisecond, Most: time.Second}

// newRetryer is the SDK's with our waits and codes. It has no bucket of retry
// tokens: a storm of SlowDown would empty it, and then fail requests that
// only needed another try. It may be used concurrently.
func newRetryer(delay objstore.Backoff) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		o.RateLimiter = ratelimit.None
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
			return delay.After(attempt), nil
		})
		first := []retry.IsErrorRetryable{retry.IsErrorRetryableFunc(retryable)}
		o.Retryables = append(first, o.Retryables...)
	})
}

// retryable decides what the SDK would decide otherwise; unknown leaves it to the SDK.
func retryable(err error) aws.Ternary {
	var credentials *credentialsError
	var renewed *renewedError
	switch {
	case errors.As(err, &renewed):
		return aws.TrueTernary
	case errors.As(err, &credentials): // their provider has its own retries
		return aws.FalseTernary
	case passingCodes[errorCode(err)], statusCode(err) == 429:
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}
