package s3

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
	"streamhouse/objstore/storetest"
)

var sentinels = []error{objstore.ErrExists, objstore.ErrNotFound, objstore.ErrRange, objstore.ErrPermanent, objstore.ErrKey}

func requireAway(t *testing.T, err error, call string) {
	t.Helper()
	require.Error(t, err, call)
	for _, sentinel := range sentinels {
		require.NotErrorIs(t, err, sentinel, call)
	}
}

// What stands before a store may answer in its place. Whatever it says, the store
// is away: no object is missing, short, there or deleted because of it.
func TestAnswersThatAreNotTheStores(t *testing.T) {
	for _, status := range []int{200, 204, 206, 301, 302, 400, 401, 403, 404, 405, 407, 409, 410, 412, 416, 421, 451, 500, 501, 502, 503, 504, 507, 511} {
		html := func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"page"`)
			page(status)(w, r)
		}
		xhtml := func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, `<?xml version="1.0"?><html><Code>NoSuchKey</Code></html>`)
		}
		empty := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
		json := func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, `{"error":"no route"}`)
		}
		for name, a := range map[string]answer{"html": html, "xhtml": xhtml, "empty": empty, "json": json} {
			t.Run(fmt.Sprint(status, " ", name), func(t *testing.T) {
				s, _ := scripted(t, a)
				for call, err := range callEverything(t, s) {
					requireAway(t, err, fmt.Sprint("call ", call))
					require.ErrorContains(t, err, fmt.Sprintf("does not speak S3: status %d", status))
				}
				_, err := s.GetRange(t.Context(), "key", 1, 0)
				requireAway(t, err, "a range of no bytes")
				requireAway(t, s.CheckBucket(t.Context()), "check")
			})
		}
	}
}

// The store's own answers are told by their code and not by their status.
func TestOnlyTheStoresWordCounts(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		get    error // of a read
		put    error
	}{
		{404, "NoSuchKey", objstore.ErrNotFound, objstore.ErrPermanent},
		{404, "NoSuchBucket", objstore.ErrPermanent, objstore.ErrPermanent},
		{404, "InvalidAccessKeyId", objstore.ErrPermanent, objstore.ErrPermanent},
		{404, "SomethingNew", objstore.ErrPermanent, objstore.ErrPermanent},
		{412, "PreconditionFailed", objstore.ErrPermanent, objstore.ErrExists},
		{412, "SomethingNew", objstore.ErrPermanent, objstore.ErrPermanent},
		{416, "InvalidRange", objstore.ErrRange, objstore.ErrPermanent},
		{416, "SomethingNew", objstore.ErrPermanent, objstore.ErrPermanent},
		{409, "ConditionalRequestConflict", nil, nil},
		{409, "OperationAborted", nil, nil},
		{503, "NoSuchUpload", nil, nil},
	} {
		t.Run(fmt.Sprint(c.status, " ", c.code), func(t *testing.T) {
			s, _ := scripted(t, refuse(c.status, c.code))
			require.NotEmpty(t, sentinels)
			_, err := s.Get(t.Context(), "key")
			requireOnly(t, err, c.get)
			_, err = s.GetRange(t.Context(), "key", 0, 1)
			requireOnly(t, err, c.get)
			if c.code != "InvalidRange" {
				_, err = s.GetRange(t.Context(), "key", 0, 0)
				requireOnly(t, err, c.get)
			}
			requireOnly(t, s.Put(t.Context(), "key", nil), c.put)
		})
	}
}

// requireOnly requires an error that is one sentinel and no other, or none.
func requireOnly(t *testing.T, err, want error) {
	t.Helper()
	require.Error(t, err)
	for _, sentinel := range sentinels {
		if sentinel == want {
			require.ErrorIs(t, err, sentinel)
		} else {
			require.NotErrorIs(t, err, sentinel)
		}
	}
}

// An answer that ends too early although its length is right is none.
func TestListingThatIsCut(t *testing.T) {
	whole := `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>`
	s, _ := scripted(t, ok(200, whole, "Content-Type", "application/xml"))
	infos, err := storetest.ListAll(t.Context(), s, "", "")
	require.NoError(t, err)
	require.Len(t, infos, 1)
	for n := range whole {
		s, _ := scripted(t, ok(200, whole[:n], "Content-Type", "application/xml"))
		_, err := storetest.ListAll(t.Context(), s, "", "")
		requireAway(t, err, whole[:n])
	}
	s, _ = scripted(t, ok(200, `<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>`))
	_, err = storetest.ListAll(t.Context(), s, "", "")
	requireAway(t, err, "no word on whether there is more")
}

func TestErrorThatIsCut(t *testing.T) {
	whole := `<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>gone</Message></Error>`
	for n := range whole {
		s, _ := scripted(t, ok(404, whole[:n], "Content-Type", "application/xml"))
		_, err := s.Get(t.Context(), "key")
		requireAway(t, err, whole[:n])
	}
}

func TestPutWhoseChecksumDiffers(t *testing.T) {
	s, _ := scripted(t, ok(200, "", "X-Amz-Checksum-Crc32c", "AAAAAA=="))
	requireAway(t, s.Put(t.Context(), "key", []byte(digits)), "put")
	s, _ = scripted(t, ok(200, "", digitsCRC...))
	require.NoError(t, s.Put(t.Context(), "key", []byte(digits)))
}

func TestStoreIsToldByItsHeaders(t *testing.T) {
	s, _ := scripted(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Amz-Request-Id", "1") })
	require.NoError(t, s.Put(t.Context(), "key", nil), "a store without ETags")
}
