package meta

import (
	"encoding/binary"
	"errors"
	"fmt"
)

func (*Seal) kind() kind { return kindSeal }

// Validate implements Entry.
func (e *Seal) Validate() error {
	if e.Next == 0 {
		return errors.New("it begins epoch 0")
	}
	return nil
}

// append writes: next epoch uvarint, owner 16 bytes.
func (e *Seal) append(dst []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(e.Next)), e.Owner[:]...)
}

func (e *Seal) apply(s *State, c *Commit) Outcome {
	if e.Next != s.Epoch+1 {
		return Outcome{Err: fmt.Errorf("%w: a seal of epoch %d begins epoch %d", ErrSequence, s.Epoch, e.Next)}
	}
	s.Epoch = e.Next
	return Outcome{}
}
