package group

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/log"
)

func TestLeave(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		m := g.member("a")
		m.in(m.enter())
		leave := func(name string, ids ...string) ([]error, error) {
			var leaving []Leaving
			for _, id := range ids {
				leaving = append(leaving, Leaving{MemberID: id, Reason: "done"})
			}
			return g.registry.Leave(name, leaving)
		}
		for _, name := range []string{"", strings.Repeat("g", log.MaxGroupName+1)} {
			_, err := leave(name, m.id)
			fails(t, log.ErrInvalidGroup, err)
		}
		errs, err := leave("none", m.id, "x")
		require.NoError(t, err)
		require.Len(t, errs, 2)
		fails(t, ErrUnknownMember, errs[0])
		fails(t, ErrUnknownMember, errs[1])
		errs, err = leave("g")
		require.NoError(t, err)
		require.Empty(t, errs)
		require.Equal(t, "CompletingRebalance", g.state(), "nobody left")
		errs, err = leave("g", "x", m.id, m.id)
		require.NoError(t, err)
		for i, want := range []error{ErrUnknownMember, nil, ErrUnknownMember} {
			fails(t, want, errs[i])
		}
		require.Equal(t, "none", g.state())
		g.registry.Close()
		_, err = leave("g", m.id)
		fails(t, ErrClosed, err)
	})
}
