package meta

import (
	"iter"
	"maps"
	"slices"
)

// ProducerExpiration is how long a partition remembers a producer that does
// not write, in milliseconds of commit time, like Kafka's producer.id.expiration.ms.
const ProducerExpiration = 24 * 60 * 60 * 1000

// expiryPeriod is how often, in milliseconds of commit time, the producers are
// looked through.
const expiryPeriod = 10 * 60 * 1000

// expiry forgets producers that have not written for long, and the names of
// those that no partition knows any more. It compares values of the state's own
// time, which never goes back: while a clock that jumped ahead is set right, nobody
// grows older, and a producer is forgotten early by no more than the jump.
type expiry struct {
	state     *State
	names     func() (string, namedProducer, bool) // the next name to look at; nil when all are
	idle      map[int64]string                     // names that nobody has asked for in a while and no partition so far knows, by id
	topics    []*Topic                             // still to be looked through
	partition int                                  // of the first topic
	over      bool
}

// newExpiry begins to look through the producers, at the end of a commit, if it is time to.
func (s *State) newExpiry() *expiry {
	if s.Time-s.lastExpiry < expiryPeriod {
		return &expiry{over: true}
	}
	s.lastExpiry = s.Time
	x := &expiry{state: s, idle: make(map[int64]string), topics: slices.AppendSeq(make([]*Topic, 0, s.ordered.len()), s.Topics())}
	x.names, _ = iter.Pull2(maps.All(s.names)) // always to its end, so that nothing is to be stopped
	return x
}

// step looks through names, partitions and producers until about work of them are done,
// and returns whether that was all.
func (x *expiry) step(work int) (done bool) {
	for !x.over {
		if work <= 0 {
			return false
		}
		work -= x.next()
	}
	return true
}

// next does a small part, and returns how much that was.
func (x *expiry) next() (work int) {
	switch {
	case x.names != nil:
		if name, n, more := x.names(); !more {
			x.names = nil
		} else if x.state.expired(n.Asked) {
			x.idle[n.ID] = name
		}
		return 1
	case len(x.topics) > 0 && x.partition < len(x.topics[0].Partitions):
		x.partition++
		return x.lookAt(x.topics[0].Partitions[x.partition-1])
	case len(x.topics) > 0:
		x.topics, x.partition = x.topics[1:], 0
		return 1
	}
	return x.dropNames(100)
}

// lookAt forgets the producers of a partition, all in one go.
func (x *expiry) lookAt(p *Partition) (work int) {
	work = 1 + len(p.Producers)
	for id, w := range p.Producers {
		if x.state.expired(w.LastTime) {
			x.state.forget(p, id)
		} else if len(x.idle) > 0 {
			delete(x.idle, id)
		}
	}
	return work
}

// dropNames forgets up to n of the names that are left over.
func (x *expiry) dropNames(n int) (work int) {
	for id, name := range x.idle {
		delete(x.idle, id)
		delete(x.state.names, name)
		x.state.unsaved.name(name)
		if work++; work == n {
			break
		}
	}
	x.over = len(x.idle) == 0
	return work
}

func (s *State) expired(last int64) bool { return s.Time-last >= ProducerExpiration }

func (s *State) forget(p *Partition, id int64) {
	delete(p.Producers, id)
	s.usage.Producers--
	s.unsaved.forget(p.ID, id)
}
