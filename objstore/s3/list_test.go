package s3

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
	"streamhouse/objstore/storetest"
)

// listPage answers with a page; next is the token of the one after it.
func listPage(next string, keys ...string) answer {
	var b strings.Builder
	fmt.Fprintf(&b, `<ListBucketResult><IsTruncated>%v</IsTruncated>`, next != "")
	if next != "" && next != "?" {
		fmt.Fprintf(&b, `<NextContinuationToken>%s</NextContinuationToken>`, next)
	}
	for i, key := range keys {
		fmt.Fprintf(&b, `<Contents><Key>%s</Key><Size>%d</Size></Contents>`, key, i)
	}
	b.WriteString(`</ListBucketResult>`)
	return ok(200, b.String(), "Content-Type", "application/xml")
}

func TestListPages(t *testing.T) {
	s, server := scripted(t,
		listPage("t1", "p/a/1", "p/a/2"), refuse(503, "SlowDown"), listPage("t2"), listPage("", "p/a/3"))
	s.prefix = "p/"
	infos, err := storetest.ListAll(t.Context(), s, "a/", "a/0")
	require.NoError(t, err)
	require.Equal(t, []objstore.Info{{Key: "a/1", Size: 0}, {Key: "a/2", Size: 1}, {Key: "a/3", Size: 0}}, infos)
	require.Equal(t, 4, server.count())
	first, last := server.requests[0].URL.Query(), server.requests[3].URL.Query()
	require.Equal(t, "p/a/", first.Get("prefix"))
	require.Equal(t, "p/a/0", first.Get("start-after"))
	require.Equal(t, "t2", last.Get("continuation-token"))
}

func TestListStopsAsking(t *testing.T) {
	s, server := scripted(t, listPage("t1", "a", "b"))
	for range s.List(t.Context(), "", "") {
		break
	}
	require.Equal(t, 1, server.count())
}

func TestListLeavesOutForeignKeys(t *testing.T) {
	s, _ := scripted(t, listPage("", "a/", "a//b", "a/1", "ä"))
	infos, err := storetest.ListAll(t.Context(), s, "", "")
	require.NoError(t, err)
	require.Equal(t, []objstore.Info{{Key: "a/1", Size: 2}}, infos)
}

func TestListDistrustsTheServer(t *testing.T) {
	for name, c := range map[string]struct {
		answers []answer
		want    string
	}{
		"wrong order":              {[]answer{listPage("", "a/2", "a/1")}, "order"},
		"the same twice":           {[]answer{listPage("", "a/1", "a/1")}, "order"},
		"pages that go round":      {[]answer{listPage("t1", "a/1", "a/2")}, "order"},
		"start ignored":            {[]answer{listPage("", "a/0")}, "order"},
		"prefix ignored":           {[]answer{listPage("", "b/1")}, "under the prefix"},
		"more, but not where":      {[]answer{listPage("?", "a/1")}, "not where"},
		"empty pages without end":  {[]answer{listPage("t1")}, "100 pages"},
		"something else than S3's": {[]answer{ok(200, "<html>")}, "does not speak S3"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := scripted(t, c.answers...)
			_, err := storetest.ListAll(t.Context(), s, "a/", "a/0")
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestDeleteTriesFailedKeysAgain(t *testing.T) {
	s, server := scripted(t,
		ok(200, `<DeleteResult>
			<Error><Key>b</Key><Code>InternalError</Code></Error>
			<Error><Key>c</Key><Code>NoSuchKey</Code></Error></DeleteResult>`, "Content-Type", "application/xml"),
		ok(200, `<DeleteResult/>`, "Content-Type", "application/xml"))
	require.NoError(t, s.Delete(t.Context(), "a", "b", "c"))
	require.Equal(t, 2, server.count())
	require.Contains(t, string(server.bodies[0]), "<Key>a</Key>")
	require.NotContains(t, string(server.bodies[1]), "<Key>a</Key>")
	require.Contains(t, string(server.bodies[1]), "<Key>b</Key>")
	require.NotContains(t, string(server.bodies[1]), "<Key>c</Key>")
	require.NotEmpty(t, server.requests[0].Header.Get("X-Amz-Checksum-Crc32"), "S3 insists on a checksum")
}

func TestDeleteReportsKeys(t *testing.T) {
	failed := func(code string) answer {
		return ok(200, `<DeleteResult><Error><Key>b</Key><Code>`+code+`</Code></Error></DeleteResult>`, "Content-Type", "application/xml")
	}
	s, server := scripted(t, failed("AccessDenied"))
	err := s.Delete(t.Context(), "a", "b")
	require.ErrorIs(t, err, objstore.ErrPermanent)
	require.ErrorContains(t, err, "b: ")
	require.Equal(t, 1, server.count())

	s, server = scripted(t, failed("SlowDown"))
	err = s.Delete(t.Context(), "a", "b")
	require.ErrorContains(t, err, "SlowDown")
	require.NotErrorIs(t, err, objstore.ErrPermanent)
	require.Equal(t, maxAttempts, server.count())
}

func TestDeleteBatches(t *testing.T) {
	s, server := scripted(t, ok(200, `<DeleteResult/>`, "Content-Type", "application/xml"))
	require.NoError(t, s.Delete(t.Context()))
	require.Zero(t, server.count())
	keys := make([]string, 2*deleteBatch+1)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
	}
	require.NoError(t, s.Delete(t.Context(), keys...))
	require.Equal(t, 3, server.count())
	for i, want := range []int{deleteBatch, deleteBatch, 1} {
		require.Equal(t, want, strings.Count(string(server.bodies[i]), "<Key>"))
		require.Equal(t, http.MethodPost, server.requests[i].Method)
	}
}
