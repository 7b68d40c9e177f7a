package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"streamhouse/objstore"
)

// maxObjectBytes is the largest object that one PUT can make: what a server says
// beyond it is not believed.
const maxObjectBytes = 5 << 30

// errBody marks a body that did not arrive whole, or a header that contradicts it. The SDK's own retries end with
// the response's header, so these are ours.
var errBody = errors.New("the body is damaged")

// Get implements [objstore.Store]. The body is checked against the checksum that was
// stored with the object, where there is one. It is allocated in the length that the header names.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	return s.get(ctx, key, &s3.GetObjectInput{ChecksumMode: types.ChecksumModeEnabled}, func(out *s3.GetObjectOutput) (int64, error) {
		size := aws.ToInt64(out.ContentLength)
		if out.ContentLength == nil || size < 0 || size > maxObjectBytes {
			return 0, fmt.Errorf("%w: a length of %d bytes", errBody, size)
		}
		return size, nil
	})
}

// GetRange implements [objstore.Store]. S3 has no checksums for parts of an object: who reads them needs
// one of its own.
func (s *Store) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	if err := cmp.Or(objstore.ValidKey(key), objstore.ValidRange(key, offset, length)); err != nil {
		return nil, err
	}
	if length == 0 {
		return s.getNothing(ctx, key, offset)
	}
	bounds := fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)
	return s.get(ctx, key, &s3.GetObjectInput{Range: &bounds}, func(out *s3.GetObjectOutput) (int64, error) {
		got, err := rangeOf(out)
		if err != nil || got.first != offset || got.end > offset+length {
			return 0, fmt.Errorf("%w: asked for %s, answered with %q and %d bytes", errBody, bounds, aws.ToString(out.ContentRange), aws.ToInt64(out.ContentLength))
		}
		if got.end < offset+length {
			if got.end != got.size { // there is more, and it was not sent
				return 0, fmt.Errorf("%w: asked for %s, answered with %q", errBody, bounds, aws.ToString(out.ContentRange))
			}
			return 0, objstore.RangeWithin(key, offset, length, got.size)
		}
		return length, nil
	})
}

// contentRange is what an answer says about the part of an object in it (RFC 9110, 14.4). end is behind the last byte, size
// that of the whole object.
type contentRange struct{ first, end, size int64 }

// rangeOf returns the part of an object that an answer promises. Its length must
// agree with that of the body.
func rangeOf(out *s3.GetObjectOutput) (r contentRange, err error) {
	last := int64(0)
	if _, err = fmt.Sscanf(aws.ToString(out.ContentRange), "bytes %d-%d/%d", &r.first, &last, &r.size); err != nil {
		return r, fmt.Errorf("%w: %w", errBody, err)
	}
	r.end = last + 1
	if r.first < 0 || r.end <= r.first || r.end > r.size || r.size > maxObjectBytes || aws.ToInt64(out.ContentLength) != r.end-r.first {
		return r, errBody
	}
	return r, nil
}

// getNothing reads no byte, which an HTTP range cannot express: it learns the
// object's size from its first byte. HEAD would tell it too, but no answer to a
// HEAD says whose it is.
func (s *Store) getNothing(ctx context.Context, key string, offset int64) ([]byte, error) {
	size := int64(0)
	_, err := s.get(ctx, key, &s3.GetObjectInput{Range: aws.String("bytes=0-0")}, func(out *s3.GetObjectOutput) (int64, error) {
		if out.ContentRange == nil && out.ContentLength != nil && *out.ContentLength == 0 {
			return 0, nil // some servers so answer for an empty object
		}
		got, err := rangeOf(out)
		if err != nil || got.first != 0 || got.end != 1 {
			return 0, fmt.Errorf("%w: asked for the first byte, answered with %q", errBody, aws.ToString(out.ContentRange))
		}
		size = got.size
		return 1, nil
	})
	if err != nil && !errors.Is(err, objstore.ErrRange) { // an empty object has no first byte
		return nil, err
	}
	if err := objstore.RangeWithin(key, offset, 0, size); err != nil {
		return nil, err
	}
	return []byte{}, nil
}

// get sends a request and reads its body, of a length that expect derives from
// the answer's header, until one arrives whole. An error of expect that is errBody is tried again, too; any other one
// is final and returned as it is.
func (s *Store) get(ctx context.Context, key string, in *s3.GetObjectInput, expect func(*s3.GetObjectOutput) (int64, error)) ([]byte, error) {
	name, err := s.key(key)
	if err != nil {
		return nil, err
	}
	in.Bucket, in.Key = &s.bucket, name
	for attempt := 1; ; attempt++ {
		out, err := s.client.GetObject(ctx, in)
		if err != nil {
			return nil, explainGet(key, err)
		}
		body, err := readBody(out, expect)
		if err == nil || !errors.Is(err, errBody) {
			return body, err
		}
		if attempt == maxAttempts || s.delay.Wait(ctx, attempt) != nil {
			return nil, fmt.Errorf("get %s: %w", key, cmp.Or(ctx.Err(), err))
		}
	}
}

// readBody reads and closes an answer's body, which is the caller's.
func readBody(out *s3.GetObjectOutput, expect func(*s3.GetObjectOutput) (int64, error)) ([]byte, error) {
	defer out.Body.Close()
	length, err := expect(out)
	if err != nil {
		return nil, err
	}
	body := make([]byte, length)
	if n, err := io.ReadFull(out.Body, body); err != nil {
		return nil, fmt.Errorf("%w: it ends after %d of %d bytes: %w", errBody, n, length, err)
	}
	// Its end is where the checksum is compared, and where the connection becomes
	// fit for the next request.
	var beyond [1]byte
	if n, err := out.Body.Read(beyond[:]); n != 0 || !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: at its end, after %d bytes: %w", errBody, length, cmp.Or(err, errors.New("it goes on")))
	}
	return body, nil
}
