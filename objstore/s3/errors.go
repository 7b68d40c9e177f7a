package s3

import (
	"errors"
	"fmt"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"streamhouse/objstore"
)

// refusals are the error codes that a retry does not mend, with what to do. They are those of
// Amazon S3 (API reference, "Error responses") and what MinIO and others add.
var refusals = map[string]string{
	"NoSuchBucket":                       "create the bucket or correct its name",
	"InvalidBucketName":                  "correct the name of the bucket",
	"AccessDenied":                       "allow s3:PutObject, s3:GetObject, s3:DeleteObject and s3:ListBucket to these credentials",
	"AllAccessDisabled":                  "the bucket is disabled: ask its owner",
	"AccountProblem":                     "there is a problem with the AWS account: ask its owner",
	"InvalidAccessKeyId":                 "correct AWS_ACCESS_KEY_ID or the profile",
	"SignatureDoesNotMatch":              "correct AWS_SECRET_ACCESS_KEY or the profile",
	"InvalidToken":                       "correct AWS_SESSION_TOKEN",
	"ExpiredToken":                       "renew the session's credentials",
	"TokenRefreshRequired":               "renew the session's credentials",
	"RequestTimeTooSkewed":               "set the clock of this machine",
	"PermanentRedirect":                  "set AWS_REGION to the region of the bucket",
	"AuthorizationHeaderMalformed":       "set AWS_REGION to the region of the bucket",
	"IllegalLocationConstraintException": "set AWS_REGION to the region of the bucket",
	"NotImplemented":                     "use a store that has conditional writes (If-None-Match)",
	"QuotaExceeded":                      "the bucket is full: free some space or raise its quota",
	"XMinioStorageFull":                  "the store is full: free some space",
	"KMS.DisabledException":              "enable the key that encrypts the bucket",
	"KMS.NotFoundException":              "restore the key that encrypts the bucket",
}

// credentialsError marks a failure to get credentials at all, which nothing else in
// the SDK's errors tells from failures of the bucket.
type credentialsError struct{ err error }

// Error is the provider's own text.
func (e *credentialsError) Error() string { return e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// explain marks with objstore.ErrPermanent what a retry will not mend, and says what to do. Everything else it
// returns as it is.
func explain(err error) error {
	advice := refusal(err)
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w: %s: %w", objstore.ErrPermanent, advice, err)
}

// refusal returns what to do about an error, or nothing where it may pass.
func refusal(err error) string {
	var credentials *credentialsError
	if errors.As(err, &credentials) {
		return "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or run with a role"
	}
	code := errorCode(err)
	if code == "" {
		return "" // no answer, or not the store's own
	}
	if advice, known := refusals[code]; known {
		if region := bucketRegion(err); region != "" {
			advice += " (it is in " + region + ")"
		}
		return advice
	}
	if status := statusCode(err); !passingCodes[code] && refusedStatus(status) {
		return fmt.Sprintf("the request is refused with status %d", status)
	}
	return ""
}

// refusedStatus reports a status that blames the request, of those whose
// meaning is not known more closely.
func refusedStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	case http.StatusNotImplemented, http.StatusInsufficientStorage:
		return true
	}
	return status >= 300 && status < 500
}

// explainGet is explain for reads, which know two more answers. Only the store's
// own word makes an object missing or short: a status alone may be a proxy's.
func explainGet(key string, err error) error {
	switch errorCode(err) {
	case "NoSuchKey":
		return objstore.NotFound(key)
	case "InvalidRange":
		return fmt.Errorf("%w: %s", objstore.ErrRange, key)
	}
	return fmt.Errorf("get %s: %w", key, explain(err))
}

// precondition reports that a create-only PUT found its key taken (412, If-None-Match: *).
func precondition(err error) bool { return errorCode(err) == "PreconditionFailed" }

// tooLarge reports that a PUT was refused for the object's size, by the store or by a proxy before
// it: an answer in HTML says nothing about objects, but with this status it does say that none of this size gets through.
func tooLarge(err error) bool {
	var foreign *foreignAnswer
	if errors.As(err, &foreign) {
		return foreign.status == http.StatusRequestEntityTooLarge
	}
	return errorCode(err) == "EntityTooLarge" || statusCode(err) == http.StatusRequestEntityTooLarge
}

// errorCode returns the code in the store's own answer, or "" where the error is none: no answer, or not a store's.
func errorCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// statusCode returns the status of the answer that an error is, or 0.
func statusCode(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// bucketRegion is where S3 says that a bucket is which was looked for elsewhere.
func bucketRegion(err error) string {
	var response *awshttp.ResponseError
	if !errors.As(err, &response) || response.Response == nil {
		return ""
	}
	return response.Response.Header.Get("X-Amz-Bucket-Region")
}
