package grpcapi

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"streamhouse/grpcapi/pb"
	"streamhouse/log/record"
)

func TestHeadersOfAMapStandByKey(t *testing.T) {
	got, err := toHeaders(map[string]string{"b": "2", "a": "", "c": "3"}, nil)
	require.NoError(t, err)
	require.Equal(t, []record.Header{{Key: "a", Value: []byte{}}, {Key: "b", Value: []byte("2")}, {Key: "c", Value: []byte("3")}}, got)
	got, err = toHeaders(nil, nil)
	require.NoError(t, err)
	require.Nil(t, got)
}

func TestOrderedHeadersCount(t *testing.T) {
	list := []*pb.Header{{Key: "b", Value: []byte("2")}, {Key: "a"}, {Key: "b", Value: []byte{}}, {Key: "shown", RawKey: []byte("\xff")}}
	want := []record.Header{{Key: "b", Value: []byte("2")}, {Key: "a"}, {Key: "b", Value: []byte{}}, {Key: "\xff"}}
	for _, agreeing := range []map[string]string{nil, {"b": "2"}, {"b": ""}} {
		got, err := toHeaders(agreeing, list)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, contradicting := range []map[string]string{{"c": ""}, {"b": "3"}, {"a": ""}, {"shown": ""}} {
		_, err := toHeaders(contradicting, list)
		refused(t, err, codes.InvalidArgument, "Contradicting headers")
	}
}

func TestHeadersMapHoldsWhatFits(t *testing.T) {
	var r pb.ConsumedRecord
	setHeaders(&r, []record.Header{
		{Key: "twice", Value: []byte("1")}, {Key: "twice", Value: []byte("2")},
		{Key: "empty", Value: []byte{}}, {Key: "null"}, {Key: "binary", Value: []byte{0xff}}, {Key: "\xffkey", Value: []byte("x")},
		{Key: "hidden", Value: []byte("1")}, {Key: "hidden"},
	})
	require.Equal(t, map[string]string{"twice": "2", "empty": ""}, r.Headers)
	require.Len(t, r.OrderedHeaders, 8)
	require.Equal(t, "\uFFFDkey", r.OrderedHeaders[5].GetKey())
	require.Equal(t, []byte("\xffkey"), r.OrderedHeaders[5].GetRawKey())
}

// FuzzHeaders: whatever a Kafka producer put into headers can be sent, and
// comes back the same when it is produced again.
func FuzzHeaders(f *testing.F) {
	f.Add("k", []byte("v"), "\xff", []byte{0xfe}, uint8(0))
	f.Add("", []byte{}, "", []byte{}, uint8(1))
	f.Fuzz(func(t *testing.T, k1 string, v1 []byte, k2 string, v2 []byte, nulls uint8) {
		want := []record.Header{{Key: k1, Value: v1}, {Key: k2, Value: v2}, {Key: k1, Value: v2}}
		for i := range want {
			if nulls&(1<<i) != 0 {
				want[i].Value = nil
			} else if want[i].Value == nil {
				want[i].Value = []byte{}
			}
		}
		var r, back pb.ConsumedRecord
		setHeaders(&r, want)
		for k, v := range r.Headers {
			require.True(t, utf8.ValidString(k) && utf8.ValidString(v))
		}
		src, err := proto.Marshal(&r)
		require.NoError(t, err)
		require.NoError(t, proto.Unmarshal(src, &back))
		got, err := toHeaders(back.Headers, back.OrderedHeaders)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}
