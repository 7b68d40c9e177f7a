package kafka

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// FuzzGroupSubscription: subscriptions are bytes from outside, and the broker reads them.
func FuzzGroupSubscription(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("of range"))
	f.Add(reading("b", "a")[0].Metadata)
	f.Add((&kmsg.ConsumerMemberMetadata{Version: 3, Topics: []string{"x"}, Rack: kmsg.StringPtr("r")}).AppendTo(nil))
	f.Fuzz(func(t *testing.T, metadata []byte) {
		g := newGroup(nil, "g")
		g.protocolType = consumerProtocol
		m := &member{id: "m", protocols: []kmsg.JoinGroupRequestProtocol{{Name: "range", Metadata: metadata}}}
		g.members["m"] = m
		topics, ok := g.topics(m)
		require.True(t, slices.IsSorted(topics))
		subscribed := g.subscribed()
		for _, topic := range topics {
			require.True(t, subscribed(topic))
		}
		require.Equal(t, !ok, subscribed("\x00 no topic has this name") && !slices.Contains(topics, "\x00 no topic has this name"))
	})
}
