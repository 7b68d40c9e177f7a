package s3

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"streamhouse/objstore"
)

// maxBarrenPages bounds the pages in a row that bring no object and promise more.
const maxBarrenPages = 100

// List implements [objstore.Store], a page of 1,000 objects per request. Objects whose
// keys are not valid, such as the folder marks of some tools, are left out. A page that fails for good ends
// the listing; the caller may go on behind the last key.
func (s *Store) List(ctx context.Context, prefix, after string) iter.Seq2[objstore.Info, error] {
	return func(yield func(objstore.Info, error) bool) {
		if err := objstore.ValidPrefix(prefix); err != nil {
			yield(objstore.Info{}, err)
			return
		}
		l := &listing{store: s, prefix: s.prefix + prefix, last: s.prefix + after, yield: yield}
		if _, err := l.run(ctx); err != nil {
			yield(objstore.Info{}, fmt.Errorf("list %q: %w", prefix, err))
		}
	}
}

// listing is one run of a listing. Its keys are those of the bucket.
type listing struct {
	store  *Store
	prefix string
	last   string // the key before the next one
	yield  func(objstore.Info, error) bool
}

// run asks for one page after the other. goOn is false when the loop over the listing has ended, or with an error.
func (l *listing) run(ctx context.Context) (goOn bool, err error) {
	in := &s3.ListObjectsV2Input{Bucket: &l.store.bucket, Prefix: &l.prefix}
	if l.last != "" {
		in.StartAfter = aws.String(l.last)
	}
	for barren := 0; barren < maxBarrenPages; barren++ {
		page, err := l.store.client.ListObjectsV2(ctx, in)
		if err != nil {
			return false, explain(err)
		}
		if goOn, err = l.page(page.Contents); !goOn || err != nil {
			return false, err
		}
		if page.IsTruncated == nil {
			return false, errors.New("the store does not say whether there is more")
		}
		if !*page.IsTruncated {
			return true, nil
		}
		if in.ContinuationToken = page.NextContinuationToken; aws.ToString(in.ContinuationToken) == "" {
			return false, errors.New("the store says that there is more but not where")
		}
		if len(page.Contents) > 0 {
			barren = -1
		}
	}
	return false, fmt.Errorf("%d pages without an object", maxBarrenPages)
}

// page yields a page's objects. The order is checked because what reads a
// listing relies on it, and not every server keeps it.
func (l *listing) page(contents []types.Object) (goOn bool, err error) {
	for _, object := range contents {
		full := aws.ToString(object.Key)
		if full <= l.last {
			return false, fmt.Errorf("%w: it does not list in the order of the keys: %q after %q", objstore.ErrPermanent, full, l.last)
		}
		if !strings.HasPrefix(full, l.prefix) {
			return false, fmt.Errorf("%w: it lists %q under the prefix %q", objstore.ErrPermanent, full, l.prefix)
		}
		l.last = full
		key := full[len(l.store.prefix):]
		if objstore.ValidKey(key) != nil {
			continue
		}
		if !l.yield(objstore.Info{Key: key, Size: aws.ToInt64(object.Size)}, nil) {
			return false, nil
		}
	}
	return true, nil
}
