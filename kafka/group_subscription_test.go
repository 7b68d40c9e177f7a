package kafka

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log/group"
)

// FuzzGroupSubscription: subscriptions are bytes from outside, and the broker reads them.
func FuzzGroupSubscription(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("of range"))
	f.Add(reading("b", "a")[0].Metadata)
	f.Add((&kmsg.ConsumerMemberMetadata{Version: 3, Topics: []string{"x"}, Rack: kmsg.StringPtr("r")}).AppendTo(nil))
	f.Fuzz(func(t *testing.T, metadata []byte) {
		groups := newGroups(noDelay, slog.New(slog.DiscardHandler))
		defer groups.Close()
		_, err := groups.Join(group.JoinRequest{
			Group: "g", SessionTimeout: time.Minute, ProtocolType: "consumer",
			Protocols: []group.Protocol{{Name: "range", Metadata: metadata}},
		}).Wait(t.Context())
		require.NoError(t, err)
		topics, err := subscribedTopics(metadata)
		require.NoError(t, groups.WithSubscriptions("g", func(s group.Subscriptions) error {
			require.Equal(t, 1, s.Members)
			for _, topic := range topics {
				require.True(t, s.Include(topic))
			}
			const none = "\x00 no topic has this name"
			require.Equal(t, err != nil || slices.Contains(topics, none), s.Include(none))
			return nil
		}))
	})
}
