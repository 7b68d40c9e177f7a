package oracle

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A difference is a field that is not the same in Kafka's answer and in ours.
type difference struct {
	where       string // case/step
	field       string // with its path
	kafka, ours string
}

// Values of a field that is not there, because its struct is not, and of one that has its default.
const (
	missing   = "missing"
	ordinary  = "default"
	something = "there"
)

// compare returns the differences of a case in some versions, each with those in which it shows.
func compare(name string, versions []int16, kafka, ours *transcript) map[difference][]int16 {
	all := make(map[difference][]int16)
	for _, s := range kafka.steps {
		for _, version := range versions {
			want, wanted := s.answers[version]
			got, found := ours.answer(s.name, version)
			if !wanted {
				continue
			}
			differ := compareAnswers(want, got)
			if !found {
				differ = []difference{{field: "step", kafka: something, ours: missing}}
			}
			for _, d := range differ {
				d.where = name + "/" + s.name
				all[d] = append(all[d], version)
			}
		}
	}
	return all
}

func compareAnswers(kafka, ours answer) (all []difference) {
	cells := maps.Clone(kafka)
	maps.Copy(cells, ours)
	for c := range cells {
		if follows(c, kafka, ours) {
			continue
		}
		if c.path != "" && c.field == "" && sameThere(parent(c.path), kafka, ours) {
			continue // its parent is missing already
		}
		k, o := at(kafka, c), at(ours, c)
		if k == o || c.field != "" && (!has(kafka, c.path) || !has(ours, c.path)) && !isWord(answer{c: ""}) {
			continue
		}
		if isWord(answer{c: ""}) || c == (cell{}) {
			c, k, o = cell{}, word(kafka), word(ours)
		}
		d := difference{field: strings.TrimSuffix(join(c.path, c.field), "."), kafka: k, ours: o}
		if c.field == "" {
			d.field = cmp.Or(c.path, "answer")
		}
		if !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	return all
}

// follows tells whether a field is of an answer, or of a part of it, that is an error on one side
// only, or another one: the rest then differs as well.
func follows(c cell, kafka, ours answer) bool {
	if c.field == "" && c.path == "" {
		return false
	}
	for path := c.path; ; path = parent(path) {
		code := cell{path, "ErrorCode"}
		if c != code && has(kafka, path) && has(ours, path) && kafka[code] != ours[code] && !(c.field == "" && c.path == path) {
			return true
		}
		if path == "" {
			return false
		}
	}
}

// sameThere tells that a struct is in one of two answers only.
func sameThere(path string, a, b answer) bool { return has(a, path) != has(b, path) }

func has(a answer, path string) bool { _, ok := a[cell{path, ""}]; return ok }

// parent is the path of the struct that a struct stands in.
func parent(path string) string {
	depth := 0
	for i := len(path) - 1; i >= 0; i-- {
		switch {
		case path[i] == ']':
			depth++
		case path[i] == '[':
			depth--
		case path[i] == '.' && depth == 0:
			return path[:i]
		}
	}
	return ""
}

func at(a answer, c cell) string {
	value, ok := a[c]
	switch {
	case ok && c.field == "":
		return something
	case ok:
		return value
	case c.field == "":
		return missing
	}
	return ordinary
}

// word says whether there is an answer, or what there is instead.
func word(a answer) string {
	for c := range a {
		if isWord(answer{c: ""}) {
			return c.field
		}
	}
	return "answered"
}

// A reason is why differences are there, and who is to mend them.
type reason struct {
	owner    string
	text     string
	patterns []string
	lines    []string // of differences
}

// owners are what can become of a difference.
var owners = []string{"by design", "answers", "records", "configs", "groups and offsets", "tools"}

const noReason = "no reason yet"

// parseReasons reads the file of differences:
//
//	# owner: reason
//	> pattern
//	difference
func parseReasons(text string) ([]*reason, error) {
	var all []*reason
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, "\n ")
		if head, ok := strings.CutPrefix(l, "# "); ok {
			owner, text, _ := strings.Cut(head+" ", ": ")
			text = strings.TrimSpace(text)
			if owner != noReason && (!slices.Contains(owners, owner) || text == "") {
				return nil, fmt.Errorf("%q: it begins with one of %q and has a reason", l, owners)
			}
			all = append(all, &reason{owner: owner, text: text})
			continue
		}
		if l == "" || len(all) == 0 {
			continue // what stands above is for readers
		}
		last := all[len(all)-1]
		if pattern, ok := strings.CutPrefix(l, "> "); ok {
			last.patterns = append(last.patterns, pattern)
		} else {
			last.lines = append(last.lines, l)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no reason at all")
	}
	return all, nil
}

// explain sorts differences under the first reason that has a pattern for them. What none has is
// under the last one, which has none.
func explain(reasons []*reason, lines []string) []*reason {
	var sorted []*reason
	for _, r := range reasons {
		if r.owner != noReason {
			sorted = append(sorted, &reason{owner: r.owner, text: r.text, patterns: r.patterns})
		}
	}
	slices.Sort(lines)
	unknown := &reason{owner: noReason}
	for _, l := range lines {
		i := slices.IndexFunc(sorted, func(r *reason) bool {
			return slices.ContainsFunc(r.patterns, func(p string) bool { return matches(p, l) })
		})
		if i < 0 {
			unknown.lines = append(unknown.lines, l)
		} else {
			sorted[i].lines = append(sorted[i].lines, l)
		}
	}
	if len(unknown.lines) > 0 {
		sorted = append(sorted, unknown)
	}
	return sorted
}

// matches tells whether a line has all parts of a pattern, in their order; * stands for anything, and
// so do the beginning and the end.
func matches(pattern, line string) bool {
	for part := range strings.SplitSeq(pattern, "*") {
		i := strings.Index(line, part)
		if i < 0 {
			return false
		}
		line = line[i+len(part):]
	}
	return true
}

func writeReasons(head string, reasons []*reason) string {
	var b strings.Builder
	b.WriteString(head)
	for _, r := range reasons {
		b.WriteString("\n" + strings.TrimSpace("# "+r.owner+": "+r.text) + "\n")
		for _, p := range r.patterns {
			b.WriteString("> " + p + "\n")
		}
		for _, l := range r.lines {
			b.WriteString(l + "\n")
		}
	}
	return b.String()
}

// linesOf writes differences down. Those of neighbours in a list that are the same are one.
func linesOf(all map[difference][]int16) []string {
	together := make(map[string][]string) // the keys of neighbours by the line that they share
	for d, versions := range all {
		head, key, tail := lastKey(d.field)
		l := fmt.Sprintf("%s @%s %s\x00%s: Kafka %s, ours %s", d.where, ranges(versions), head, tail, d.kafka, d.ours)
		together[l] = append(together[l], key)
	}
	var lines []string
	for l, keys := range together {
		slices.Sort(keys)
		lines = append(lines, strings.Replace(l, "\x00", strings.Join(keys, ","), 1))
	}
	return lines
}

// lastKey splits a field's path around the last key in brackets.
func lastKey(field string) (head, key, tail string) {
	end := strings.LastIndexByte(field, ']')
	if end < 0 {
		return field, "", ""
	}
	depth := 0
	for i := end; i >= 0; i-- {
		switch field[i] {
		case ']':
			depth++
		case '[':
			if depth--; depth == 0 {
				return field[:i+1], field[i+1 : end], field[end:]
			}
		}
	}
	return field, "", ""
}
