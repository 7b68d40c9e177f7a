package meta

import "fmt"

// Apply brings the state from one commit to the next and returns what became
// of each entry. It needs exclusive access. It fails only for a commit that does not follow the state, or
// contradicts itself; then nothing has changed. The commit is not kept and must not be
// changed meanwhile.
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
	s.expireProducers()
	outcomes := make([]Outcome, len(c.Entries))
	for i, e := range c.Entries {
		outcomes[i] = e.apply(s, c)
	}
	return outcomes, nil
}
