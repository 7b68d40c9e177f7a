package kafka

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
)

// answerRoom is what is left of the room for an answer that describes many things, each far longer than its name. It is
// for one request: see [Options.MaxAnswerBytes].
type answerRoom struct {
	most, left int
}

// answerRoom is all the room that an answer may have.
func (s *Server) answerRoom() answerRoom { return answerRoom{s.o.MaxAnswerBytes, s.o.MaxAnswerBytes} }

// check refuses a further description once there is no more room, with kerr.InvalidRequest. The one that goes beyond it is
// still let in, so an answer may be larger by one.
func (r *answerRoom) check() error {
	if r.left > 0 {
		return nil
	}
	return fmt.Errorf("%w: the answer has %d bytes already, ask for less in one request", kerr.InvalidRequest, r.most)
}

// take counts a description of about so many bytes.
func (r *answerRoom) take(bytes int) { r.left -= bytes }
