package s3

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// deleteBatch is how many keys S3 takes in one request.
const deleteBatch = 1000

// Delete implements [objstore.Store], 1,000 keys per request. All keys are checked before the first request.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	names := make([]types.ObjectIdentifier, 0, len(keys))
	for _, key := range keys {
		name, err := s.key(key)
		if err != nil {
			return err
		}
		names = append(names, types.ObjectIdentifier{Key: name})
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for batch := range slices.Chunk(names, deleteBatch) {
		if err := s.deleteBatch(ctx, batch); err != nil {
			return fmt.Errorf("delete: %w", err)
		}
	}
	return nil
}

// deleteBatch repeats the request for the keys that failed in passing: a request
// can succeed as a whole and fail for some of its keys. A key that is deleted twice is no error.
func (s *Store) deleteBatch(ctx context.Context, names []types.ObjectIdentifier) error {
	for attempt := 1; ; attempt++ {
		out, err := s.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &s.bucket,
			Delete: &types.Delete{Objects: names, Quiet: aws.Bool(true)},
		})
		if err != nil {
			return explain(err)
		}
		again, failed := failedKeys(out.Errors)
		if failed == nil {
			return nil
		}
		if len(again) == 0 || attempt == maxAttempts {
			return failed
		}
		if err := s.delay.Wait(ctx, attempt); err != nil {
			return err
		}
		names = again
	}
}

// failedKeys returns the keys to try again and one of the errors. There are none
// to try again where any failed for good. Keys are those of the bucket, with the prefix.
func failedKeys(errs []types.Error) (again []types.ObjectIdentifier, failed error) {
	for _, e := range errs {
		code := aws.ToString(e.Code)
		if code == "NoSuchKey" {
			continue
		}
		api := &smithy.GenericAPIError{Code: code, Message: aws.ToString(e.Message)}
		failed = fmt.Errorf("%s: %w", aws.ToString(e.Key), explain(api))
		if !passingCodes[code] {
			return nil, failed
		}
		again = append(again, types.ObjectIdentifier{Key: e.Key})
	}
	return again, failed
}
