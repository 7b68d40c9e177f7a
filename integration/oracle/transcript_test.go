package oracle

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A transcript is all that a broker has answered to a case: step by step, each in several versions.
type transcript struct{ steps []*step }

type step struct {
	name    string
	answers map[int16]answer // by version
}

// at returns the step of a name; a new one stands behind the step after.
func (t *transcript) at(name string, after *step) *step {
	for _, s := range t.steps {
		if s.name == name {
			return s
		}
	}
	s := &step{name, make(map[int16]answer)}
	t.steps = slices.Insert(t.steps, slices.Index(t.steps, after)+1, s)
	return s
}

// answer returns what was answered to a step.
func (t *transcript) answer(step string, version int16) (answer, bool) {
	for _, s := range t.steps {
		if s.name == step {
			a, ok := s.answers[version]
			return a, ok
		}
	}
	return nil, false
}

// String writes a transcript down: under the name of a step the versions that it was asked in, and then
// the fields of the answers. A line begins with the versions that it holds for, unless that is all of them.
func (t *transcript) String() string {
	var b strings.Builder
	for _, s := range t.steps {
		all := slices.Sorted(maps.Keys(s.answers))
		fmt.Fprintf(&b, "\n== %s @%s\n", s.name, ranges(all))
		for _, l := range s.lines() {
			if len(l.versions) != len(all) {
				fmt.Fprintf(&b, "@%s ", ranges(l.versions))
			}
			b.WriteString(l.text() + "\n")
		}
	}
	return b.String()
}

// A line has the fields of a struct that are the same in the same versions.
type line struct {
	path     string
	versions []int16
	fields   []string // name=value, sorted
}

func (l line) text() string {
	return strings.TrimSuffix(cmp.Or(l.path, ".")+": "+strings.Join(l.fields, " "), " ")
}

func (s *step) lines() []line {
	type fact struct {
		cell
		value string
	}
	holds := make(map[fact][]int16)
	for _, v := range slices.Sorted(maps.Keys(s.answers)) {
		for c, value := range s.answers[v] {
			holds[fact{c, value}] = append(holds[fact{c, value}], v)
		}
	}
	merged := make(map[string]*line) // by path and versions
	for f, versions := range holds {
		id := f.path + " " + ranges(versions)
		if merged[id] == nil {
			merged[id] = &line{path: f.path, versions: versions}
		}
		if text := f.field; text != "" {
			if f.value != "" {
				text += "=" + f.value
			}
			merged[id].fields = append(merged[id].fields, text)
		}
	}
	var all []line
	for _, l := range merged {
		slices.Sort(l.fields)
		if !goesWithoutSaying(l, merged) {
			all = append(all, *l)
		}
	}
	slices.SortFunc(all, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.path, b.path), slices.Compare(a.versions, b.versions))
	})
	return all
}

// goesWithoutSaying tells that l has no fields, but in each of its versions another line tells of something in the same struct.
func goesWithoutSaying(l *line, lines map[string]*line) bool {
	told := make(map[int16]bool)
	for _, other := range lines {
		if other.path == l.path && len(other.fields) > 0 || strings.HasPrefix(other.path, l.path+".") {
			for _, v := range other.versions {
				told[v] = true
			}
		}
	}
	return len(l.fields) == 0 && (l.path == "" || !slices.ContainsFunc(l.versions, func(v int16) bool { return !told[v] }))
}

// parse reads what String has written.
func parse(text string) (*transcript, error) {
	t := new(transcript)
	var last *step
	var all []int16
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		if name, ok := strings.CutPrefix(l, "== "); ok {
			at := strings.LastIndex(name, " @")
			if at < 0 {
				return nil, fmt.Errorf("no versions: %q", l)
			}
			var err error
			if all, err = versionsOf(name[at+2:]); err != nil {
				return nil, err
			}
			last = t.at(name[:at], last)
			for _, v := range all {
				last.answers[v] = answer{{}: ""}
			}
			continue
		}
		if l == "" || last == nil {
			continue // what stands above the first step is for readers
		}
		if err := last.parseLine(l, all); err != nil {
			return nil, fmt.Errorf("%w: %q", err, l)
		}
	}
	return t, nil
}

func (s *step) parseLine(l string, versions []int16) error {
	if rest, ok := strings.CutPrefix(l, "@"); ok {
		text, after, _ := strings.Cut(rest, " ")
		var err error
		if versions, err = versionsOf(text); err != nil {
			return err
		}
		l = after
	}
	path, fields, _ := strings.Cut(l+" ", ": ")
	if path == "." {
		path = ""
	}
	cells := map[cell]string{}
	for fields = strings.TrimSpace(fields); fields != ""; fields = strings.TrimPrefix(fields, " ") {
		end := endOfField(fields)
		name, value, _ := strings.Cut(fields[:end], "=")
		cells[cell{path, name}], fields = value, fields[end:]
	}
	for _, v := range versions {
		for p := path; p != ""; p = parent(p) {
			s.answers[v][cell{p, ""}] = ""
		}
		if path == "" && isWord(cells) {
			delete(s.answers[v], cell{})
		}
		maps.Copy(s.answers[v], cells)
	}
	return nil
}

func isWord(cells answer) bool {
	for _, word := range []string{closed, silence, unasked} {
		if _, ok := cells[cell{"", word}]; ok {
			return true
		}
	}
	return false
}

// endOfField finds the space that ends a field: none inside quotes or brackets.
func endOfField(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			quoted, err := strconv.QuotedPrefix(s[i:])
			if err != nil {
				return len(s)
			}
			i += len(quoted) - 1
		case '[', '{', '<':
			depth++
		case ']', '}', '>':
			depth--
		case ' ':
			if depth == 0 {
				return i
			}
		}
	}
	return len(s)
}

// ranges writes versions as 0-3,5.
func ranges(versions []int16) string {
	var all []string
	for i := 0; i < len(versions); {
		j := i
		for j+1 < len(versions) && versions[j+1] == versions[j]+1 {
			j++
		}
		text := strconv.Itoa(int(versions[i]))
		if j > i {
			text += "-" + strconv.Itoa(int(versions[j]))
		}
		all, i = append(all, text), j+1
	}
	return strings.Join(all, ",")
}

func versionsOf(text string) (all []int16, err error) {
	for part := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		from, err := strconv.Atoi(low)
		if err != nil {
			return nil, err
		}
		to, err := strconv.Atoi(high)
		if err != nil {
			return nil, err
		}
		for v := from; v <= to; v++ {
			all = append(all, int16(v))
		}
	}
	return all, nil
}
