package group

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/log"
)

func TestWithSubscriptions(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		expect := func(members int, read, unread []string) {
			t.Helper()
			fails(t, nil, g.registry.WithSubscriptions("g", func(s Subscriptions) error {
				require.Equal(t, members, s.Members)
				for _, topic := range read {
					require.True(t, s.Include(topic), topic)
				}
				for _, topic := range unread {
					require.False(t, s.Include(topic), topic)
				}
				return nil
			}))
		}
		expect(0, nil, []string{"a", "b", "c", ""})
		a, b := g.member("a"), g.member("b")
		a.protocols, b.protocols = reading("a"), reading("b", "a")
		join := a.enter()
		expect(1, []string{"a"}, []string{"b", "c"})
		a.in(join)
		expect(1, []string{"a"}, []string{"b", "c"})
		g.synced(a)
		join = b.enter()
		expect(2, []string{"a", "b"}, []string{"c"})
		a.in(a.join())
		b.in(join)
		g.synced(a, b)
		expect(2, []string{"a", "b"}, []string{"c"})
		b.protocols = protocols("range") // its metadata cannot be read: it may be reading anything
		g.stable(a, b)
		expect(2, []string{"a", "b", "c"}, nil)
	})
}

// Before a protocol is chosen, and after, the metadata that counts is that of the right one.
func TestSubscriptionIsThatOfTheChosenProtocol(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		a, b := g.member("a"), g.member("b")
		a.protocols = []Protocol{{Name: "odd", Metadata: reading("of odd")[0].Metadata}, reading("of range")[0]}
		b.protocols = reading("of b")
		g.stable(a, b)
		require.Equal(t, "range", a.protocol)
		fails(t, nil, g.registry.WithSubscriptions("g", func(s Subscriptions) error {
			require.Equal(t, []bool{false, true, true}, []bool{s.Include("of odd"), s.Include("of range"), s.Include("of b")})
			return nil
		}))
	})
}

func TestWithSubscriptionsRefusals(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		never := func(Subscriptions) error {
			t.Error("called all the same")
			return nil
		}
		fails(t, log.ErrInvalidGroup, g.registry.WithSubscriptions("", never))
		fails(t, log.ErrInvalidGroup, g.registry.WithSubscriptions(strings.Repeat("g", log.MaxGroupName+1), never))
		req := g.member("connect").joinRequest()
		req.RequireMemberID, req.ProtocolType = false, "connect"
		_, err := g.registry.Join(req).Wait(g.ctx)
		require.NoError(t, err)
		fails(t, ErrNotEmpty, g.registry.WithSubscriptions("g", never))
		own := errors.New("own")
		fails(t, own, g.registry.WithSubscriptions("h", func(Subscriptions) error { return own }))
		g.registry.Close()
		fails(t, ErrClosed, g.registry.WithSubscriptions("h", never))
	})
}
