package meta

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStepsMakeNoDifference: however a commit is cut into steps, state and outcomes are those
// of one go, and between the steps every reader finds a state without a contradiction.
func TestStepsMakeNoDifference(t *testing.T) {
	for seed := range uint64(20) {
		c := newChaos(t, 3000+seed)
		stepped := NewState()
		between := 0
		for range 300 {
			commit := c.commit()
			want, err := c.state.Apply(commit)
			require.NoError(t, err)
			a, err := stepped.Begin(commit)
			require.NoError(t, err)
			for work := c.IntN(3); !a.Step(work); work = c.IntN(6) {
				between++
				require.NoError(t, stepped.Check())
			}
			require.Equal(t, want, a.Outcomes())
			require.Empty(t, c.state.Diff(stepped))
		}
		require.Greater(t, between, 100)
	}
}

func TestStepEndsWhenItsWorkIsDone(t *testing.T) {
	s, id := wideState(t, 100)
	a, err := s.Begin(wideCommit(id, 100, 0, 2))
	require.NoError(t, err)
	require.Zero(t, s.Partition(at(id, 0)).HighWatermark, "nothing has begun")
	for done := 10; done <= 100; done += 10 {
		require.Equal(t, done == 100, a.Step(10))
		require.Len(t, a.Outcomes(), done)
		require.EqualValues(t, 10, s.Partition(at(id, int32(done-1))).HighWatermark)
		if done < 100 {
			require.Zero(t, s.Partition(at(id, int32(done))).HighWatermark)
		}
	}
}

func TestNothingComesBetweenTheSteps(t *testing.T) {
	s, id := wideState(t, 10)
	a, err := s.Begin(wideCommit(id, 10, 0, 2))
	require.NoError(t, err)
	require.False(t, a.Step(5))
	_, err = s.Begin(wideCommit(id, 10, 0, 3))
	require.ErrorIs(t, err, ErrSequence)
	require.Panics(t, func() { s.TakeChanges() }, "it would be the state at no sequence number")
	for !a.Step(5) {
	}
	_, err = s.Begin(wideCommit(id, 10, 0, 3))
	require.NoError(t, err)
	s.TakeChanges()
}

// TestTakenChangesStayAsTheyAre: they share with the state what is not changed in place.
func TestTakenChangesStayAsTheyAre(t *testing.T) {
	for seed := range uint64(20) {
		c := newChaos(t, 4000+seed)
		var d testDB
		d.open(t)
		d.save(t, c.state)
		replayed := NewState()
		for range 10 {
			for range 20 {
				commit := c.commit()
				for _, s := range []*State{c.state, replayed} {
					_, err := s.Apply(commit)
					require.NoError(t, err)
				}
			}
			changes := c.state.TakeChanges()
			later := c.state.Seq
			c.apply(t, 30)
			require.NoError(t, d.Write(changes))
			then, err := d.Load()
			require.NoError(t, err)
			require.Equal(t, later, then.Seq)
			require.Empty(t, replayed.Diff(then))
			c.state = then
		}
	}
}
