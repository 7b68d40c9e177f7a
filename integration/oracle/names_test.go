package oracle

import (
	"encoding/hex"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// runPrefix begins the name of every topic and group of a run.
const runPrefix = "o."

// names knows what one run has met that is another in the next run, and calls it by
// what stays.
type names struct {
	target    *target
	prefix    string          // of this run's topics and groups, runPrefix included
	internal  map[string]bool // topics that are not told of where all are
	fold      map[string]bool // lists of which only matters that they are there
	hide      map[string]bool // fields that do not matter
	topics    map[[16]byte]string
	producers map[int64]string  // by the step that brought them
	members   map[string]string // the same
	step      string            // the present one
	setUps    int
}

func newNames(t *target, prefix string) *names {
	return &names{
		target: t, prefix: prefix,
		internal:  map[string]bool{"__consumer_offsets": true, "__transaction_state": true, "__share_group_state": true, barrierTopic: true},
		fold:      map[string]bool{},
		hide:      map[string]bool{},
		topics:    map[[16]byte]string{},
		producers: map[int64]string{},
		members:   map[string]string{},
	}
}

// learn remembers the ids of topics that an answer names.
func (n *names) learn(v reflect.Value) {
	id, topic := v.FieldByName("TopicID"), v.FieldByName("Topic")
	if id.IsValid() && topic.IsValid() {
		topic = reflect.Indirect(topic)
		if topic.IsValid() && topic.String() != "" && !id.IsZero() {
			if key := id.Interface().([16]byte); n.topics[key] == "" { // the first to name it is right
				n.topics[key] = strings.TrimPrefix(topic.String(), n.prefix)
			}
		}
	}
	for i := range v.NumField() {
		if isStructs(v.Field(i).Type()) {
			for j := range v.Field(i).Len() {
				n.learn(v.Field(i).Index(j))
			}
		}
	}
}

// value writes a field down.
func (n *names) value(name string, v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "null"
		}
		v = v.Elem()
	}
	switch name {
	case "ErrorMessage", "Documentation":
		if v.String() == "" {
			return `""`
		}
		return "<text>"
	case "RecordBatches", "Records":
		return n.records(v.Bytes())
	}
	switch {
	case v.Type() == reflect.TypeFor[[16]byte]():
		return n.topicID(v.Interface().([16]byte))
	case v.CanInt():
		return n.number(name, v.Int())
	case v.Kind() == reflect.String:
		return strconv.Quote(n.text(name, v.String()))
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return strconv.Quote(string(v.Bytes()))
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String:
		return fmt.Sprintf("%q", v.Interface())
	}
	return fmt.Sprint(v.Interface())
}

func (n *names) topicID(id [16]byte) string {
	if topic, ok := n.topics[id]; ok {
		return "<" + topic + ">"
	}
	return hex.EncodeToString(id[:])
}

func (n *names) number(name string, i int64) string {
	switch {
	case name == "ErrorCode":
		if err, ok := kerr.ErrorForCode(int16(i)).(*kerr.Error); ok {
			return err.Message
		}
	case name == "FinalizedFeaturesEpoch" && i >= 0, name == "TotalBytes", name == "UsableBytes":
		return "<some>" // they change all the time
	case name == "Port" && i == int64(n.target.port):
		return "<port>"
	case strings.HasSuffix(name, "LeaderEpoch") && i == int64(n.target.epoch):
		return "<epoch>"
	case name == "ProducerID" && i >= 0:
		return label(n.producers, i, n.step)
	case name == "SessionID" && i > 0:
		return "<some>"
	case isTime(i):
		return "<now>"
	}
	return strconv.FormatInt(i, 10)
}

// isTime tells whether a number is a time of this run.
func isTime(millis int64) bool {
	age := time.Since(time.UnixMilli(millis))
	return age > -time.Hour && age < time.Hour
}

// memberID is an id that a coordinator has made: it ends in what nobody can guess.
var memberID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}`)

// address is where Kafka listens, in its configs.
var address = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)

func (n *names) text(name, s string) string {
	if s == n.target.cluster {
		return "<cluster>"
	}
	s = address.ReplaceAllString(strings.ReplaceAll(s, n.prefix, ""), "<address>")
	if n.target.dir != "" {
		s = strings.ReplaceAll(s, n.target.dir, "<dir>")
	}
	if len(s) > maxText {
		s = fmt.Sprintf("%s…(%d)", s[:8], len(s))
	}
	return memberID.ReplaceAllStringFunc(s, func(id string) string { return label(n.members, id, n.step) })
}

// maxText is what is kept of longer texts than anybody wants to read.
const maxText = 100

// label calls what it sees for the first time by the step that brings it.
func label[K comparable](known map[K]string, k K, step string) string {
	if _, ok := known[k]; !ok {
		name := "<" + step + ">"
		for i := 2; slices.Contains(slices.Collect(maps.Values(known)), name); i++ {
			name = fmt.Sprintf("<%s#%d>", step, i)
		}
		known[k] = name
	}
	return known[k]
}
