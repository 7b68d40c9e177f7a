package wire

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// frameOf is a request as a frame holds it.
func frameOf(req kmsg.Request, o ...kmsg.RequestFormatterOpt) []byte {
	return kmsg.NewRequestFormatter(o...).AppendRequest(nil, req, 7)[4:]
}

// Every request comes out as it went in, in all versions.
func TestRequestsAreReadAsTheyWereWritten(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	eachVersion(t, func(t *testing.T, v versioned) {
		req := v.request()
		randomize(random, reflect.ValueOf(req).Elem())
		h, body, err := ReadHeader(frameOf(req, kmsg.FormatterClientID("me")))
		require.NoError(t, err)
		require.Equal(t, RequestHeader{v.key, v.version, 7, "me"}, h)
		again := v.request()
		require.NoError(t, DecodeRequest(again, v.shape, body))
		require.Equal(t, req.AppendTo(nil), again.AppendTo(nil))
	})
}

func TestHeaderWithoutAClientID(t *testing.T) {
	req := kmsg.NewPtrListGroupsRequest()
	h, body, err := ReadHeader(frameOf(req))
	require.NoError(t, err)
	require.Equal(t, RequestHeader{Key: int16(kmsg.ListGroups), CorrelationID: 7}, h)
	require.Empty(t, body)
}

// A frame that ends anywhere before its end is no request.
func TestRequestsThatAreCutShort(t *testing.T) {
	req := kmsg.NewPtrMetadataRequest()
	req.Version = 12
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = kmsg.StringPtr("t")
	req.Topics = append(req.Topics, topic)
	whole, shape := frameOf(req, kmsg.FormatterClientID("me")), ShapeOf(int16(kmsg.Metadata), 12)
	decode := func(frame []byte) error {
		_, body, err := ReadHeader(frame)
		if err != nil {
			return err
		}
		again := kmsg.NewPtrMetadataRequest()
		again.Version = 12
		return DecodeRequest(again, shape, body)
	}
	require.NoError(t, decode(whole))
	for n := range whole {
		require.ErrorIs(t, decode(whole[:n]), ErrMalformed, "%d of %d bytes", n, len(whole))
	}
	require.ErrorContains(t, decode(whole[:12]), "Metadata version 12: the header's tags are cut short")
	require.ErrorContains(t, decode(whole[:14]), "Metadata version 12: not a Kafka request")
}

// The check before the decoding, and the decoding, of a Metadata of 100 topics.
func BenchmarkDecodeRequest(b *testing.B) {
	req := kmsg.NewPtrMetadataRequest()
	req.Version = 12
	for range 100 {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = kmsg.StringPtr("a topic of usual length")
		req.Topics = append(req.Topics, topic)
	}
	shape := ShapeOf(int16(kmsg.Metadata), 12)
	_, body, err := ReadHeader(frameOf(req))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		again := kmsg.NewPtrMetadataRequest()
		again.Version = 12
		if err := DecodeRequest(again, shape, body); err != nil {
			b.Fatal(err)
		}
	}
}
