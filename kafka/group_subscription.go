package kafka

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// topics returns what a member subscribes to, sorted, and whether the broker can
// tell: it reads the subscriptions of consumers only.
func (g *group) topics(m *member) ([]string, bool) {
	if g.protocolType != consumerProtocol {
		return nil, false
	}
	metadata := m.protocols[0].Metadata // assignors differ in user data, not in topics
	if g.protocol != "" {
		metadata = m.metadata(g.protocol)
	}
	var subscription kmsg.ConsumerMemberMetadata
	if err := subscription.ReadFrom(metadata); err != nil {
		return nil, false
	}
	slices.Sort(subscription.Topics)
	return subscription.Topics, true
}

// subscribed tells for a topic whether a member may be reading it. Where the
// broker cannot tell, one may.
func (g *group) subscribed() func(topic string) bool {
	topics := make(map[string]bool)
	for _, m := range g.members {
		list, ok := g.topics(m)
		if !ok {
			return func(string) bool { return true }
		}
		for _, topic := range list {
			topics[topic] = true
		}
	}
	return func(topic string) bool { return topics[topic] }
}
