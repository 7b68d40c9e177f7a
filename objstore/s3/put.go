package s3

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"streamhouse/objstore"
)

// castagnoli is CRC-32C, which S3 has as x-amz-checksum-crc32c.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Put implements [objstore.Store]. The object's CRC-32C travels in a signed header: S3
// refuses a body that does not match it, keeps it with the object, and sends it
// along with a Get. ErrTooLarge comes only where there was one attempt: an earlier one may be carried out yet.
func (s *Store) Put(ctx context.Context, key string, body []byte) error {
	name, err := s.key(key)
	if err != nil {
		return err
	}
	checksum, attempts := crc32cHeader(body), 0
	out, err := s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket:         &s.bucket,
		Key:            name,
		Body:           bytes.NewReader(body),
		ContentLength:  aws.Int64(int64(len(body))),
		ContentType:    aws.String("application/octet-stream"),
		IfNoneMatch:    aws.String("*"),
		ChecksumCRC32C: &checksum,
	}, s.payload, counting(&attempts))
	if err == nil {
		if got := aws.ToString(out.ChecksumCRC32C); got != "" && got != checksum {
			return fmt.Errorf("put %s: %w: its CRC-32C is %s, the store's %s", key, errBody, checksum, got)
		}
		return nil
	}
	if precondition(err) {
		return objstore.Exists(key)
	}
	if tooLarge(err) {
		if attempts == 1 {
			return fmt.Errorf("put %s: %w: %w", key, objstore.ErrTooLarge, err)
		}
		return fmt.Errorf("put %s: an attempt before may be carried out yet: %w", key, err)
	}
	return fmt.Errorf("put %s: %w", key, explain(err))
}

// counting counts the attempts of an operation: one that is not the first may follow one that was carried out. It is
// an option of one call; attempts may be read when that has returned.
func counting(attempts *int) func(*s3.Options) {
	count := middleware.FinalizeMiddlewareFunc("CountAttempts", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		*attempts++
		return next.HandleFinalize(ctx, in)
	})
	return func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Finalize.Insert(count, "Retry", middleware.After)
		})
	}
}

// crc32cHeader is a body's checksum in the form of S3's headers.
func crc32cHeader(body []byte) string {
	sum := binary.BigEndian.AppendUint32(nil, crc32.Checksum(body, castagnoli))
	return base64.StdEncoding.EncodeToString(sum)
}

// payload leaves the body out of the signature of a request where it need not be in it.
func (s *Store) payload(o *s3.Options) {
	if s.unsigned {
		o.APIOptions = append(o.APIOptions, v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware)
	}
}

// signsBodies reports whether a body must be part of the request's signature,
// which costs a SHA-256 over it here and another in the server. Over TLS
// nobody can change a body unseen, and on a loopback connection nobody else is:
// there the CRC-32C is enough, against faults of hardware and software. On a
// plain connection through a network it is not, against people.
func signsBodies(endpoint string) bool {
	if endpoint == "" {
		return false // AWS itself, by TLS
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return true
	}
	if u.Scheme == "https" || u.Hostname() == "localhost" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return ip == nil || !ip.IsLoopback()
}
