package child

import "sync"

// maxOutput bounds what is kept of one stream: enough for any failure, too
// little for a program that prints in a loop to fill memory.
const maxOutput = 4 << 20

// output keeps the first and the last half of what is written to it. It may be used concurrently.
type output struct {
	mu         sync.Mutex
	head, tail []byte
	dropped    bool
}

// Write never fails, so that a program never blocks or dies for what it prints.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(p)
	if room := maxOutput/2 - len(o.head); room > 0 {
		k := min(room, len(p))
		o.head = append(o.head, p[:k]...)
		p = p[k:]
	}
	o.tail = append(o.tail, p...)
	if len(o.tail) > maxOutput {
		o.tail = append(o.tail[:0], o.tail[len(o.tail)-maxOutput/2:]...)
		o.dropped = true
	}
	return n, nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dropped {
		return string(o.head) + "\n[… some output is not kept …]\n" + string(o.tail)
	}
	return string(o.head) + string(o.tail)
}
