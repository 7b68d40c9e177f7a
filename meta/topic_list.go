package meta

import (
	"slices"
	"strings"
)

// topicList holds topics, ascending by name, in runs of a few hundred: to add one to
// 100,000 others moves a run and not all of them.
type topicList struct {
	runs [][]*Topic // none is empty
	n    int
}

// maxRun is the length at which a run is cut in two.
const maxRun = 512

func (l *topicList) len() int { return l.n }

// all yields the topics in order.
func (l *topicList) all(yield func(*Topic) bool) {
	for _, run := range l.runs {
		for _, t := range run {
			if !yield(t) {
				return
			}
		}
	}
}

// find returns where a name stands or belongs.
func (l *topicList) find(name string) (run, at int, there bool) {
	if l.n == 0 {
		return 0, 0, false
	}
	run, there = slices.BinarySearchFunc(l.runs, name, func(r []*Topic, name string) int { return strings.Compare(r[0].Name, name) })
	if there {
		return run, 0, true
	}
	run = max(0, run-1)
	at, there = slices.BinarySearchFunc(l.runs[run], name, func(t *Topic, name string) int { return strings.Compare(t.Name, name) })
	return run, at, there
}

func (l *topicList) add(t *Topic) {
	i, at, _ := l.find(t.Name)
	if l.n++; l.n == 1 {
		l.runs = [][]*Topic{{t}}
		return
	}
	run := slices.Insert(l.runs[i], at, t)
	l.runs[i] = run
	if len(run) > maxRun {
		half := len(run) / 2
		l.runs[i] = run[:half:half]
		l.runs = slices.Insert(l.runs, i+1, slices.Clone(run[half:]))
	}
}

// remove takes out a topic that is in the list.
func (l *topicList) remove(t *Topic) {
	i, at, there := l.find(t.Name)
	if !there {
		return
	}
	l.n--
	if l.runs[i] = slices.Delete(l.runs[i], at, at+1); len(l.runs[i]) == 0 {
		l.runs = slices.Delete(l.runs, i, i+1)
	}
}
