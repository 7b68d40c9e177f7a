package group

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/log"
)

func TestDescribe(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		_, err := g.registry.Describe("g")
		fails(t, ErrUnknownGroup, err)
		_, err = g.registry.Describe(strings.Repeat("g", log.MaxGroupName+1))
		fails(t, log.ErrInvalidGroup, err)

		fails(t, ErrMemberIDRequired, g.member("pending").join().answer().err)
		d, err := g.registry.Describe("g")
		require.NoError(t, err)
		require.Equal(t, Description{Name: "g"}, d)
		require.Equal(t, "Empty", d.State.String())

		a := g.staticMember("a")
		a.protocols = reading("x")
		join := a.join()
		want := Description{Name: "g", State: PreparingRebalance, ProtocolType: "consumer", Members: []MemberDescription{
			{InstanceID: a.instance, ClientID: "client-of-a", ClientHost: "10.0.0.1"},
		}}
		d, err = g.registry.Describe("g")
		require.NoError(t, err)
		want.Members[0].MemberID = d.Members[0].MemberID
		require.Equal(t, want, d)

		a.in(join)
		want.State, want.Members[0].MemberID = CompletingRebalance, a.id
		d, err = g.registry.Describe("g")
		require.NoError(t, err)
		require.Equal(t, want, d)

		g.synced(a)
		want.State, want.Protocol = Stable, "range"
		want.Members[0].Metadata, want.Members[0].Assignment = reading("x")[0].Metadata, []byte("0/1")
		d, err = g.registry.Describe("g")
		require.NoError(t, err)
		require.Equal(t, want, d)

		g.registry.Close()
		_, err = g.registry.Describe("g")
		fails(t, ErrClosed, err)
	})
}

func TestList(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		all, err := g.registry.List()
		require.NoError(t, err)
		require.Empty(t, all)
		a, b := g.member("a"), g.member("b")
		a.group, b.group = "x", "y"
		g.stable(a)
		fails(t, ErrMemberIDRequired, b.join().answer().err)
		all, err = g.registry.List()
		require.NoError(t, err)
		slices.SortFunc(all, func(a, b Summary) int { return strings.Compare(a.Name, b.Name) })
		require.Equal(t, []Summary{{"x", "consumer", Stable}, {"y", "", Empty}}, all)
		g.registry.Close()
		_, err = g.registry.List()
		fails(t, ErrClosed, err)
	})
}
