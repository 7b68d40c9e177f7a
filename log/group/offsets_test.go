package group

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log"
)

// commit commits as somebody, and tells whether the commit was let through.
func (g *groupTest) commit(name string, who Identity) error {
	done := false
	err := g.registry.Commit(name, who, func() { done = true })
	require.Equal(g, err == nil, done, "%v", err)
	return err
}

func TestCommitWithoutMembers(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		fails(t, nil, g.commit("g", Identity{Generation: -1}))
		fails(t, nil, g.commit("", Identity{Generation: -1}))
		fails(t, ErrIllegalGeneration, g.commit("g", Identity{MemberID: "m", Generation: 0}))
		fails(t, log.ErrInvalidGroup, g.commit(strings.Repeat("g", log.MaxGroupName+1), Identity{Generation: -1}))
		require.Empty(t, g.registry.byName)

		fails(t, ErrMemberIDRequired, g.member("pending").join().answer().err)
		fails(t, nil, g.commit("g", Identity{Generation: -1}))
		fails(t, ErrUnknownMember, g.commit("g", Identity{MemberID: "m", Generation: 0}))
		g.registry.Close()
		fails(t, ErrClosed, g.commit("g", Identity{Generation: -1}))
	})
}

func TestCommitOfMembers(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		m, other := g.staticMember("m"), g.member("other")
		m.in(m.join())
		fails(t, ErrRebalanceInProgress, g.commit("g", m.identity())) // between its join and its assignment
		g.synced(m)
		fails(t, nil, g.commit("g", m.identity()))
		fails(t, ErrUnknownMember, g.commit("g", Identity{Generation: -1}))
		fails(t, ErrUnknownMember, g.commit("g", Identity{MemberID: "x", Generation: 1}))
		fails(t, ErrFencedInstanceID, g.commit("g", Identity{MemberID: "x", InstanceID: m.instance, Generation: 1}))
		fails(t, ErrIllegalGeneration, g.commit("g", Identity{MemberID: m.id, InstanceID: m.instance, Generation: 2}))

		join := other.enter()
		join.waits()
		fails(t, nil, g.commit("g", m.identity())) // before it gives partitions up
		m.in(m.join())
		other.in(join)
	})
}

func TestCommitIsASignOfLife(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		m := g.member("m")
		g.stable(m)
		for range 5 {
			time.Sleep(m.session - time.Second)
			fails(t, nil, g.commit("g", m.identity()))
		}
	})
}

func TestWhileEmpty(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		called := 0
		count := func() { called++ }
		fails(t, nil, g.registry.WhileEmpty("g", count))
		fails(t, nil, g.registry.WhileEmpty("", count))
		require.Equal(t, 2, called)
		require.Empty(t, g.registry.byName)
		fails(t, log.ErrInvalidGroup, g.registry.WhileEmpty(strings.Repeat("g", log.MaxGroupName+1), count))

		m := g.member("m")
		g.stable(m)
		fails(t, ErrNotEmpty, g.registry.WhileEmpty("g", count))
		fails(t, nil, m.leave())
		m.id = ""
		fails(t, ErrMemberIDRequired, m.join().answer().err)
		fails(t, nil, g.registry.WhileEmpty("g", count)) // who only has an id is no member yet
		g.registry.Close()
		fails(t, ErrClosed, g.registry.WhileEmpty("g", count))
		require.Equal(t, 3, called)
	})
}

// Nobody can join while an empty group's offsets are about to go.
func TestWhileEmptyKeepsMembersOut(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		m := g.member("m")
		m.requireID = false
		var joining chan *call[Joined]
		fails(t, nil, g.registry.WhileEmpty("g", func() {
			joining = make(chan *call[Joined], 1)
			go func() { joining <- m.join() }()
			for range 1000 {
				runtime.Gosched() // fake time stands still while it waits for the lock
			}
			require.Empty(t, joining)
		}))
		m.in(<-joining)
	})
}
