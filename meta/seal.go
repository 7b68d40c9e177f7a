package meta

import (
	"encoding/binary"
	"errors"
)

func (*Seal) kind() kind { return kindSeal }

// Validate implements Entry.
func (e *Seal) Validate() error {
	if e.Next == 0 {
		return errors.New("it begins epoch 0")
	}
	return nil
}

func (e *Seal) append(dst []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(e.Next)), e.Owner[:]...)
}

func (e *Seal) apply(s *Application) Outcome {
	s.Epoch = e.Next
	return Outcome{}
}
