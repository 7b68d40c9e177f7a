package kafka

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
)

// answerRoom is what is left of the room for an answer that describes many things, each far longer than its name.
type answerRoom struct {
	most, left int
}

func (s *Server) answerRoom() answerRoom { return answerRoom{s.o.MaxAnswerBytes, s.o.MaxAnswerBytes} }

// check refuses a further description once there is no more room.
func (r *answerRoom) check() error {
	if r.left > 0 {
		return nil
	}
	return fmt.Errorf("%w: the answer has %d bytes already, ask for less in one request", kerr.InvalidRequest, r.most)
}

// take counts a description of about so many bytes.
func (r *answerRoom) take(bytes int) { r.left -= bytes }
