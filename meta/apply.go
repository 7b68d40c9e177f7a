package meta

import "fmt"

// Apply brings the state from one commit to the next and returns what became of
// each entry. It needs exclusive access. It fails with ErrSequence for a commit
// that does not follow the state; then nothing has changed. The commit has passed
// [Commit.Validate]; nothing of it is kept except its strings.
//
// Equal states and equal commits give equal states and outcomes. Nothing here
// may look at a clock, at random numbers, at the order of a map's keys, or at
// who wrote the commit.
func (s *State) Apply(c *Commit) ([]Outcome, error) {
	if c.Seq != s.Seq+1 || c.Epoch != s.Epoch {
		return nil, fmt.Errorf("%w: commit %d of epoch %d where %d of epoch %d follows", ErrSequence, c.Seq, c.Epoch, s.Seq+1, s.Epoch)
	}
	if len(c.Entries) == 1 {
		if seal, ok := c.Entries[0].(*Seal); ok && seal.Next != s.Epoch+1 {
			return nil, fmt.Errorf("%w: a seal of epoch %d begins epoch %d", ErrSequence, s.Epoch, seal.Next)
		}
	}
	s.Seq, s.SeqEpoch = c.Seq, c.Epoch
	s.Time = max(s.Time, c.Time)
	a := application{State: s, commit: c, batches: make([]BatchOutcome, countBatches(c))}
	outcomes := make([]Outcome, len(c.Entries))
	for i, e := range c.Entries {
		outcomes[i] = e.apply(&a)
	}
	// Last, so that a producer that writes after a long pause is still recognised.
	s.expireProducers()
	return outcomes, nil
}

// application is the state while a commit is being applied to it.
type application struct {
	*State
	commit  *Commit
	batches []BatchOutcome // room for the outcomes of the appends to come, made in one piece
}

func countBatches(c *Commit) int {
	n := 0
	for _, e := range c.Entries {
		if a, ok := e.(*Append); ok {
			n += len(a.Batches)
		}
	}
	return n
}

// room returns the outcomes of the next n batches.
func (a *application) room(n int) []BatchOutcome {
	out := a.batches[:n:n]
	a.batches = a.batches[n:]
	return out
}
