package s3

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
)

const digits = "123456789"

// digitsCRC is the header of their checksum.
var digitsCRC = []string{"X-Amz-Checksum-Crc32c", "4waSgw=="}

func TestGetChecksTheBody(t *testing.T) {
	spoilt := strings.Replace(digits, "5", "6", 1)
	for name, c := range map[string]struct {
		answers  []answer
		want     string
		requests int
	}{
		"whole":                {[]answer{ok(200, digits, digitsCRC...)}, digits, 1},
		"without a checksum":   {[]answer{ok(200, digits)}, digits, 1},
		"checksum of parts":    {[]answer{ok(200, digits, "X-Amz-Checksum-Crc32c", "AAAAAA==-3")}, digits, 1},
		"empty":                {[]answer{ok(200, "")}, "", 1},
		"damaged once":         {[]answer{ok(200, spoilt, digitsCRC...), ok(200, digits, digitsCRC...)}, digits, 2},
		"cut short once":       {[]answer{cutShort(200, "1234", 9, digitsCRC...), ok(200, digits, digitsCRC...)}, digits, 2},
		"cut off at the start": {[]answer{cutShort(200, "", 9), ok(200, digits)}, digits, 2},
		"throttled":            {[]answer{refuse(503, "SlowDown"), ok(200, digits)}, digits, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s, server := scripted(t, c.answers...)
			body, err := s.Get(t.Context(), "key")
			require.NoError(t, err)
			require.Equal(t, c.want, string(body))
			require.Equal(t, c.requests, server.count())
			require.Equal(t, "ENABLED", server.requests[0].Header.Get("X-Amz-Checksum-Mode"))
		})
	}
}

func TestGetNeverServesADamagedBody(t *testing.T) {
	for name, a := range map[string]answer{
		"damaged":   ok(200, "123466789", digitsCRC...),
		"cut short": cutShort(200, "1234", 9),
		"no length": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Amz-Request-Id", "1")
			w.WriteHeader(200)
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, digits)
		},
		"incredible length": cutShort(200, "", maxObjectBytes+1),
	} {
		t.Run(name, func(t *testing.T) {
			s, server := scripted(t, a)
			body, err := s.Get(t.Context(), "key")
			require.ErrorIs(t, err, errBody)
			require.NotErrorIs(t, err, objstore.ErrPermanent)
			require.Nil(t, body)
			require.Equal(t, maxAttempts, server.count())
		})
	}
}

func TestGetRange(t *testing.T) {
	s, server := scripted(t, ok(206, "345", "Content-Range", "bytes 2-4/9"))
	body, err := s.GetRange(t.Context(), "key", 2, 3)
	require.NoError(t, err)
	require.Equal(t, "345", string(body))
	require.Equal(t, "bytes=2-4", server.requests[0].Header.Get("Range"))
}

func TestGetRangeAnswers(t *testing.T) {
	right := ok(206, "345", "Content-Range", "bytes 2-4/9")
	for name, c := range map[string]struct {
		answers  []answer
		want     error
		requests int
	}{
		"beyond the end":     {[]answer{refuse(416, "InvalidRange")}, objstore.ErrRange, 1},
		"across the end":     {[]answer{ok(206, "34", "Content-Range", "bytes 2-3/4")}, objstore.ErrRange, 1},
		"less than there is": {[]answer{ok(206, "34", "Content-Range", "bytes 2-3/9")}, errBody, maxAttempts},
		"less than it says":  {[]answer{ok(206, "34", "Content-Range", "bytes 2-4/9")}, errBody, maxAttempts},
		"of an unknown size": {[]answer{ok(206, "345", "Content-Range", "bytes 2-4/*")}, errBody, maxAttempts},
		"a range of nothing": {[]answer{ok(206, "", "Content-Range", "bytes 2-1/9")}, errBody, maxAttempts},
		"beyond its size":    {[]answer{ok(206, "345", "Content-Range", "bytes 2-4/4")}, errBody, maxAttempts},
		"empty":              {[]answer{ok(200, "")}, errBody, maxAttempts},
		"cut short once":     {[]answer{cutShort(206, "3", 3, "Content-Range", "bytes 2-4/9"), right}, nil, 2},
		"range ignored":      {[]answer{ok(200, digits)}, errBody, maxAttempts},
		"another range":      {[]answer{ok(206, "456", "Content-Range", "bytes 3-5/9")}, errBody, maxAttempts},
		"more than asked":    {[]answer{ok(206, "3456", "Content-Range", "bytes 2-5/9")}, errBody, maxAttempts},
		"range ignored once": {[]answer{ok(200, digits), right}, nil, 2},
		"cut short always":   {[]answer{cutShort(206, "3", 3, "Content-Range", "bytes 2-4/9")}, io.ErrUnexpectedEOF, maxAttempts},
	} {
		t.Run(name, func(t *testing.T) {
			s, server := scripted(t, c.answers...)
			body, err := s.GetRange(t.Context(), "key", 2, 3)
			require.ErrorIs(t, err, c.want)
			require.Equal(t, c.requests, server.count())
			if c.want == nil {
				require.Equal(t, "345", string(body))
			}
		})
	}
}

func TestGetMissing(t *testing.T) {
	s, server := scripted(t, refuse(404, "NoSuchKey"))
	_, err := s.Get(t.Context(), "key")
	require.ErrorIs(t, err, objstore.ErrNotFound)
	_, err = s.GetRange(t.Context(), "key", 1, 1)
	require.ErrorIs(t, err, objstore.ErrNotFound)
	_, err = s.GetRange(t.Context(), "key", 1, 0)
	require.ErrorIs(t, err, objstore.ErrNotFound)
	require.Equal(t, 3, server.count())
}

func TestGetRangeOfNoBytes(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		offset int64
		want   error
	}{
		"within":             {ok(206, "1", "Content-Range", "bytes 0-0/9"), 4, nil},
		"at the end":         {ok(206, "1", "Content-Range", "bytes 0-0/9"), 9, nil},
		"beyond the end":     {ok(206, "1", "Content-Range", "bytes 0-0/9"), 10, objstore.ErrRange},
		"of nothing":         {refuse(416, "InvalidRange"), 0, nil},
		"beyond nothing":     {refuse(416, "InvalidRange"), 1, objstore.ErrRange},
		"of nothing, as 200": {ok(200, "", "Content-Length", "0"), 0, nil},
		"range ignored":      {ok(200, digits), 4, errBody},
	} {
		t.Run(name, func(t *testing.T) {
			s, server := scripted(t, c.answer)
			body, err := s.GetRange(t.Context(), "key", c.offset, 0)
			require.ErrorIs(t, err, c.want)
			require.Equal(t, http.MethodGet, server.requests[0].Method)
			if c.want == nil {
				require.Equal(t, []byte{}, body)
			}
		})
	}
}
