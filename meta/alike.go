package meta

import (
	"slices"
	"strings"
)

// alike finds topics whose names differ in dots and underscores only. Kafka lets nobody create such a pair,
// as its metrics would take the two for one. What is here already stays: Apply does not ask.
type alike map[string][]*Topic

// likeness is the same for names that are alike. It is empty where no other name can be.
func likeness(name string) string {
	if !strings.ContainsAny(name, "._") {
		return ""
	}
	return strings.ReplaceAll(name, ".", "_")
}

func (a alike) add(t *Topic) {
	if k := likeness(t.Name); k != "" {
		a[k] = append(a[k], t)
	}
}

func (a alike) remove(t *Topic) {
	k := likeness(t.Name)
	left := slices.DeleteFunc(a[k], func(other *Topic) bool { return other == t })
	if len(left) == 0 {
		delete(a, k)
		return
	}
	a[k] = left
}

// TopicLike returns a topic whose name differs from the given one, but in dots and underscores only, or nil.
func (s *State) TopicLike(name string) *Topic {
	for _, t := range s.alike[likeness(name)] {
		if t.Name != name {
			return t
		}
	}
	return nil
}
