package kafka

import "streamhouse/log"

// Whatever a request repeats is answered once: an answer is longer than its question, so that a small request
// could otherwise ask for a giant one. Where Kafka has a rule it is Kafka's: some requests
// refuse what stands in them twice, in the others the last mention counts, at the place of the first,
// as in the ordered maps that its broker reads them into.

// distinct returns each thing of a list once, and which of them stood there more than once, by
// their index in what is returned. It changes the list.
func distinct[T any, K comparable](list []T, key func(*T) K) (once []T, twice map[int]bool) {
	seen := places[K]{room: len(list)}
	once = list[:0]
	for i := range list {
		at, again := seen.of(key(&list[i]))
		if !again {
			once = append(once, list[i])
			continue
		}
		if once[at] = list[i]; twice == nil {
			twice = make(map[int]bool)
		}
		twice[at] = true
	}
	return once, twice
}

// distinctPartitions is distinct for the partitions of topics. The topics are distinct as well: a topic has the
// partitions of all its mentions. Indexes are those of the topic, and of the partition in it. It changes the lists.
func distinctPartitions[T, P any](topics []T, of func(*T) (topicKey, *[]P), index func(*P) int32) (once []T, twice map[[2]int]bool) {
	// The usual request, which costs nothing.
	if len(topics) == 1 {
		if _, parts := of(&topics[0]); len(*parts) <= 1 {
			return topics, nil
		}
	}
	seen := places[topicKey]{room: len(topics)}
	within := make([]places[int32], 0, len(topics))
	once = topics[:0]
	for i := range topics {
		key, parts := of(&topics[i])
		list := *parts
		t, again := seen.of(key)
		if !again {
			once, within = append(once, topics[i]), append(within, places[int32]{room: len(list)})
		}
		_, parts = of(&once[t])
		if !again {
			*parts = (*parts)[:0]
		}
		for j := range list {
			p, again := within[t].of(index(&list[j]))
			if !again {
				*parts = append(*parts, list[j])
				continue
			}
			if (*parts)[p] = list[j]; twice == nil {
				twice = make(map[[2]int]bool)
			}
			twice[[2]int{t, p}] = true
		}
	}
	return once, twice
}

// topicKey is how a request names a topic: by its name, or from some version on by its id.
type topicKey struct {
	name string
	id   log.TopicID
}

// places numbers keys in the order in which they are first asked for. A few need no memory of their own.
type places[K comparable] struct {
	room int // how many there may be
	n    int
	few  [4]K
	many map[K]int
}

// of returns the number of a key, from 0, and whether it had one before.
func (p *places[K]) of(k K) (at int, again bool) {
	if p.many != nil {
		if at, again = p.many[k]; !again {
			at = len(p.many)
			p.many[k] = at
		}
		return at, again
	}
	for i := range p.n {
		if p.few[i] == k {
			return i, true
		}
	}
	if p.n < len(p.few) {
		p.few[p.n] = k
		p.n++
		return p.n - 1, false
	}
	p.many = make(map[K]int, p.room)
	for i, k := range p.few {
		p.many[k] = i
	}
	return p.of(k)
}

// itself is the key of what is a name.
func itself(name *string) string { return *name }
