package meta

import (
	"fmt"
	"math"
)

// Apply brings the state from one commit to the next and returns what became of
// each entry. It needs exclusive access. It fails with ErrSequence for a commit
// that does not follow the state; then nothing has changed. The commit has passed
// [Commit.Validate]; nothing of it is kept except its strings.
//
// Equal states and equal commits give equal states and outcomes. Nothing here
// may look at a clock, at random numbers, at the order of a map's keys, or at
// who wrote the commit.
func (s *State) Apply(c *Commit) ([]Outcome, error) {
	a, err := s.Begin(c)
	if err != nil {
		return nil, err
	}
	for !a.Step(math.MaxInt) {
	}
	return a.Outcomes(), nil
}

// Application is a commit that is being applied in steps, so that readers of the state
// can look at it in between. They see some entries of the commit applied, in order, and
// the others not, never half of one. In how many steps a commit is applied
// makes no difference to the state and to the outcomes.
type Application struct {
	*State
	commit   *Commit
	batches  []BatchOutcome // room for the outcomes of the appends to come, made in one piece
	outcomes []Outcome      // of the entries applied so far
	begun    bool
	expiry   *expiry // set when all entries are applied
}

// Begin makes ready to apply a commit. It changes nothing, and may run beside readers. From
// now on until the last step no other commit may begin, and no changes be taken. Errors are
// those of Apply.
func (s *State) Begin(c *Commit) (*Application, error) {
	if s.applying || c.Seq != s.Seq+1 || c.Epoch != s.Epoch {
		return nil, fmt.Errorf("%w: commit %d of epoch %d where %d of epoch %d follows", ErrSequence, c.Seq, c.Epoch, s.Seq+1, s.Epoch)
	}
	if len(c.Entries) == 1 {
		if seal, ok := c.Entries[0].(*Seal); ok && seal.Next != s.Epoch+1 {
			return nil, fmt.Errorf("%w: a seal of epoch %d begins epoch %d", ErrSequence, s.Epoch, seal.Next)
		}
	}
	return &Application{
		State: s, commit: c,
		batches: make([]BatchOutcome, countBatches(c)), outcomes: make([]Outcome, 0, len(c.Entries)),
	}, nil
}

// Step applies entries until about work of batches, offsets, partitions, or entries of
// other kinds are done, and returns whether the commit is applied. It needs
// exclusive access. An entry is applied whole, however much it is: one that creates or
// deletes a topic takes as long as its partitions do, see the package's documentation.
func (a *Application) Step(work int) (done bool) {
	if !a.begun {
		a.begun, a.applying = true, true
		a.Seq, a.SeqEpoch = a.commit.Seq, a.commit.Epoch
		a.Time = max(a.Time, a.commit.Time)
	}
	for len(a.outcomes) < len(a.commit.Entries) {
		if work <= 0 {
			return false
		}
		e := a.commit.Entries[len(a.outcomes)]
		work -= workOf(e)
		a.outcomes = append(a.outcomes, e.apply(a))
	}
	// Last, so that a producer that writes after a long pause is still recognised.
	if a.expiry == nil {
		a.expiry = a.newExpiry()
	}
	if a.expiry.step(work) {
		a.applying = false
	}
	return !a.applying
}

// Outcomes returns what became of the entries that were applied so far.
func (a *Application) Outcomes() []Outcome { return a.outcomes }

// workOf is how much of a step an entry takes. It must not depend on anything but the
// entry, though only how soon readers come in depends on it.
func workOf(e Entry) int {
	switch e := e.(type) {
	case *Append:
		return len(e.Batches)
	case *CommitOffsets:
		return len(e.Offsets)
	case *DeleteOffsets:
		return len(e.Partitions) + 1
	case *CreateTopic:
		return int(e.Partitions)
	}
	return 1
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
func (a *Application) room(n int) []BatchOutcome {
	out := a.batches[:n:n]
	a.batches = a.batches[n:]
	return out
}
