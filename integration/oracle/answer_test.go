package oracle

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// A cell is one field of an answer: the path of the struct that it stands in
// ("Topics[orders].Partitions[0]", "" for the answer itself), and its name. A cell without a
// name says that the struct is there.
type cell struct{ path, field string }

// An answer is what came back for one request, without what may differ from run to run. A field
// that has its default is left out.
type answer map[cell]string

// Answers that are no answers.
const (
	closed  = "closed"  // the connection was closed instead
	silence = "silence" // nothing came, and the next request was answered
	unasked = "unasked" // the broker does not know the request
)

// only is the answer that is one word.
func only(word string) answer { return answer{{"", word}: ""} }

// flatten takes an answer of kmsg to a step apart.
func (n *names) flatten(step string, resp kmsg.Response) answer {
	a := make(answer)
	n.step = strings.ReplaceAll(step, " ", "␣")
	n.learn(reflect.ValueOf(resp).Elem())
	n.flattenStruct(a, "", "", reflect.ValueOf(resp).Elem())
	return a
}

// flattenStruct leaves out the field by which the struct is called already.
func (n *names) flattenStruct(a answer, path, called string, v reflect.Value) {
	a[cell{path, ""}] = ""
	defaults := defaultsOf(v.Type())
	for i := range v.NumField() {
		field, name := v.Field(i), v.Type().Field(i).Name
		switch {
		case name == "Version" || name == "UnknownTags" || name == called || n.hide[name]:
		case isStructs(field.Type()):
			n.flattenSlice(a, path, name, field)
		case field.Kind() == reflect.Pointer && field.Type().Elem().Kind() == reflect.Struct:
			if !field.IsNil() {
				n.flattenStruct(a, join(path, name), "", field.Elem())
			}
		case field.Kind() == reflect.Struct:
			if !reflect.DeepEqual(field.Interface(), defaults.Field(i).Interface()) {
				n.flattenStruct(a, join(path, name), "", field)
			}
		case !reflect.DeepEqual(field.Interface(), defaults.Field(i).Interface()):
			a[cell{path, name}] = n.value(name, field)
		}
	}
}

func (n *names) flattenSlice(a answer, path, name string, slice reflect.Value) {
	if slice.Len() == 0 && !slice.IsNil() {
		a[cell{path, name}] = "[]" // kmsg has nil for null, where there is null
		return
	}
	if n.fold[name] && slice.Len() > 0 {
		a[cell{path, name}] = "<some>"
		return
	}
	seen := make(map[string]int)
	for i := range slice.Len() {
		called, key := n.key(slice.Index(i), i)
		if strings.HasPrefix(key, runPrefix) || n.internal[key] {
			continue // of another run
		}
		if seen[key]++; seen[key] > 1 {
			key = fmt.Sprintf("%s#%d", key, seen[key])
		}
		n.flattenStruct(a, join(path, name+"["+key+"]"), called, slice.Index(i))
	}
}

func isStructs(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

// defaultsOf returns a struct as it is where nothing of it was sent.
func defaultsOf(t reflect.Type) reflect.Value {
	p := reflect.New(t)
	if d, ok := p.Interface().(interface{ Default() }); ok {
		d.Default()
	}
	return p.Elem()
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// keys are the fields that an element of a list is called by, the best first.
var keys = []string{"Topic", "TopicID", "Partition", "Group", "Name", "ResourceName", "Key", "ApiKey", "MemberID", "InstanceID", "NodeID"}

// key is what an element of a list is called by, in place of its number: brokers differ in the
// order of what has none. It returns the name of the field, too.
func (n *names) key(v reflect.Value, index int) (field, key string) {
	for _, name := range keys {
		f := v.FieldByName(name)
		if !f.IsValid() || f.Kind() == reflect.Pointer && f.IsNil() {
			continue
		}
		if id := v.FieldByName("TopicID"); name == "Topic" && id.IsValid() && reflect.Indirect(f).String() == "" {
			if topic, ok := n.topics[id.Interface().([16]byte)]; ok {
				return "", topic
			}
		}
		text := n.value(name, f)
		if unquoted, err := strconv.Unquote(text); err == nil {
			text = unquoted
		}
		return name, strings.NewReplacer(" ", "␣", "\n", "␊", "\x00", "␀").Replace(text)
	}
	return "", strconv.Itoa(index)
}
