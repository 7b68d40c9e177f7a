package log

import (
	"fmt"
	"strings"
)

// reservedTopic is where Kafka keeps its metadata: it lets nobody create it.
const reservedTopic = "__cluster_metadata"

// CheckTopicName returns ErrInvalidTopic where no topic can have a name. The rules
// are Kafka's, so that a topic can move to any Kafka.
func CheckTopicName(name string) error {
	legal := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-'
	}
	switch {
	case name == "" || name == "." || name == "..":
		return fmt.Errorf("%w: %q", ErrInvalidTopic, name)
	case len(name) > MaxTopicName:
		return fmt.Errorf("%w: %d characters, at most %d are allowed", ErrInvalidTopic, len(name), MaxTopicName)
	case strings.ContainsFunc(name, func(r rune) bool { return !legal(r) }):
		return fmt.Errorf("%w: %q: letters, digits, '.', '_' and '-' are allowed", ErrInvalidTopic, name)
	}
	return nil
}

// checkNewName is CheckTopicName for a topic that is to be created.
func checkNewName(name string) error {
	if name == reservedTopic {
		return fmt.Errorf("%w: %q", ErrReservedTopic, name)
	}
	return CheckTopicName(name)
}
