package kafka

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/kafka/wire"
	"streamhouse/log"
)

// repeatedBytes is how large a request is whose list repeats one thing as often as it can.
const repeatedBytes = 64 << 10

// Whatever list of whatever request repeats a thing, the answer is not much longer than what the thing costs once and
// the request itself: a small request does not ask for a giant answer.
func TestAnswersToWhatIsRepeated(t *testing.T) {
	table, err := NewServer(nil, Options{})
	require.NoError(t, err)
	lists := make(map[string]bool)
	for _, row := range table.table() {
		for _, name := range []string{"t", strings.Repeat("unknown", 30)} {
			t.Run(row.name+" "+name[:1], func(t *testing.T) {
				inDoor(t, nil, func(d *door) {
					id := d.costly("t")
					for version := row.min; version <= row.max; version++ {
						for _, path := range d.repeat(&row, version, name, id) {
							lists[row.name+" "+path] = true
						}
					}
				})
			})
		}
	}
	require.Subset(t, slicesOf(lists), []string{
		"Produce Topics.Partitions", "Fetch Topics.Partitions", "OffsetFetch Groups", "OffsetFetch Topics.Partitions", "Metadata Topics",
		"DescribeGroups Groups", "DescribeConfigs Resources", "CreateTopics Topics",
		"DeleteTopics TopicNames", "DeleteTopics Topics", "FindCoordinator CoordinatorKeys", "LeaveGroup Members",
		"DescribeLogDirs Topics.Partitions", "DescribeProducers Topics.Partitions", "ElectLeaders Topics.Partitions", "AlterPartitionAssignments Topics.Partitions",
		"AlterReplicaLogDirs Dirs.Topics.Partitions", "DescribeQuorum Topics.Partitions", "ListConfigResources ResourceTypes", "DescribeTopicPartitions Topics", "ListOffsets Topics.Partitions",
	}, "the lists are found")
}

func slicesOf(set map[string]bool) (all []string) {
	for v := range set {
		all = append(all, v)
	}
	return all
}

// costly makes a topic and a group of one name whose descriptions are long.
func (d *door) costly(name string) log.TopicID {
	id := d.topic(name, 200, "retention.ms", "1000")
	long := strings.Repeat("m", log.MaxOffsetMetadata)
	var commits []log.OffsetCommit
	for i := range int32(50) {
		commits = append(commits, log.OffsetCommit{Partition: log.PartitionID{Topic: id, Index: i}, Offset: 1, Metadata: long})
	}
	_, err := d.log.CommitOffsets(name, commits).Wait(d.Context())
	require.NoError(d, err)
	d.costlyGroup(name)
	return id
}

// costlyGroup makes a group whose only member has much to tell.
func (d *door) costlyGroup(name string) {
	c, long := d.dial(), strings.Repeat("m", log.MaxOffsetMetadata)
	join := staticJoin(name, "instance")
	join.SessionTimeoutMillis = int32(30 * time.Minute / time.Millisecond)
	join.Protocols[0].Metadata = []byte(long)
	joined := ask[*kmsg.JoinGroupResponse](c, join)
	requireCode(d, nil, joined.ErrorCode)
	sync := kmsg.NewPtrSyncGroupRequest()
	sync.Version, sync.Group, sync.Generation, sync.MemberID, sync.InstanceID = 4, name, joined.Generation, joined.MemberID, join.InstanceID
	sync.GroupAssignment = []kmsg.SyncGroupRequestGroupAssignment{{MemberID: joined.MemberID, MemberAssignment: []byte(long)}}
	requireCode(d, nil, ask[*kmsg.SyncGroupResponse](c, sync).ErrorCode)
}

// repeat asks a version of a request once for each of its lists with one thing in it many times, and returns the lists.
func (d *door) repeat(row *api, version int16, name string, id log.TopicID) (lists []string) {
	for _, want := range []askFor{{name, id, false, false}, {name, id, true, false}, {name, id, false, true}, {name, id, true, true}} {
		make1 := func() kmsg.Request {
			req := row.request()
			req.SetVersion(version)
			want.fill(reflect.ValueOf(req).Elem())
			return req
		}
		for _, path := range listsOf(reflect.TypeOf(make1()).Elem(), "") {
			if want.all && strings.Contains(path, ".") {
				continue
			}
			req := make1()
			once := len(req.AppendTo(nil))
			stretch(reflect.ValueOf(req).Elem(), path, 2)
			each := len(req.AppendTo(nil)) - once
			if each == 0 {
				continue // not in this version
			}
			req = make1()
			stretch(reflect.ValueOf(req).Elem(), path, repeatedBytes/each)
			body := req.AppendTo(nil)
			many, one := d.answerTo(row, version, body), d.answerTo(row, version, make1().AppendTo(nil))
			require.LessOrEqual(d, many, one+2*len(body), "%s version %d: %d times in %s, once it is %d bytes", row.name, version, repeatedBytes/each, path, one)
			lists = append(lists, path)
		}
	}
	return lists
}

// answerTo returns how long an answer is.
func (d *door) answerTo(row *api, version int16, body []byte) int {
	req := row.request()
	req.SetVersion(version)
	if req.IsFlexible() {
		body = append([]byte{0}, body...) // the header's tags
	}
	require.NoError(d, wire.DecodeRequest(req, row.shapes[version], body))
	resp := d.s.apis[row.key].start(d.Context(), &client{host: "127.0.0.1"}, req)() // the broker's address is a setting here
	return len(resp.AppendTo(nil))
}

// askFor fills a request in: one thing in each list, of one name.
type askFor struct {
	name string
	id   log.TopicID
	byID bool // topics go by id where they can
	all  bool // lists in the elements of others are null, which means all there is
}

func (a askFor) fill(v reflect.Value) {
	if def := v.Addr().MethodByName("Default"); def.IsValid() {
		def.Call(nil)
	}
	for i := range v.NumField() {
		f, field := v.Field(i), v.Type().Field(i)
		switch {
		case field.Name == "Version" || field.Name == "TransactionID" || field.Name == "TransactionalID" || field.Name == "UnknownTags":
		case field.Name == "Acks":
			f.SetInt(-1)
		case field.Name == "ResourceType":
			f.SetInt(int64(kmsg.ConfigResourceTypeTopic))
		case field.Name == "Topic" && f.Kind() == reflect.Pointer && a.byID:
		case field.Name == "TopicID" && a.byID:
			f.Set(reflect.ValueOf([16]byte(a.id)))
		case f.Kind() == reflect.Slice:
			a.list(f)
		default:
			a.set(f)
		}
	}
}

func (a askFor) list(f reflect.Value) {
	if f.Type().Elem().Kind() == reflect.Uint8 {
		return // bytes are no list
	}
	f.Set(reflect.MakeSlice(f.Type(), 1, 1))
	if !a.all || f.Type().Elem().Kind() != reflect.Struct {
		a.set(f.Index(0))
		return
	}
	one := f.Index(0)
	a.fill(one)
	for i := range one.NumField() {
		if one.Field(i).Kind() == reflect.Slice {
			one.Field(i).SetZero()
		}
	}
}

func (a askFor) set(f reflect.Value) {
	switch f.Kind() {
	case reflect.Bool:
		f.SetBool(true)
	case reflect.String:
		f.SetString(a.name)
	case reflect.Struct:
		a.fill(f)
	case reflect.Pointer:
		p := reflect.New(f.Type().Elem())
		a.set(p.Elem())
		f.Set(p)
	}
}

// listsOf names the lists of a request, and those in their elements.
func listsOf(t reflect.Type, within string) (paths []string) {
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Type.Kind() != reflect.Slice || field.Type.Elem().Kind() == reflect.Uint8 {
			continue
		}
		paths = append(paths, within+field.Name)
		if field.Type.Elem().Kind() == reflect.Struct {
			paths = append(paths, listsOf(field.Type.Elem(), within+field.Name+".")...)
		}
	}
	return paths
}

// stretch makes a list of one element one of n.
func stretch(v reflect.Value, path string, n int) {
	name, rest, deeper := strings.Cut(path, ".")
	list := v.FieldByName(name)
	if deeper {
		stretch(list.Index(0), rest, n)
		return
	}
	long := reflect.MakeSlice(list.Type(), n, n)
	for i := range n {
		long.Index(i).Set(list.Index(0))
	}
	list.Set(long)
}

// manyNames are names that differ.
func manyNames(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint(i))
	}
	return names
}

// The names of a request are told apart where they differ, whatever their number.
func TestManyNames(t *testing.T) {
	once, twice := distinct(manyNames(10_000), itself)
	require.True(t, slices.IsSortedFunc(once, func(a, b string) int { return len(a) - len(b) }))
	require.Len(t, once, 10_000)
	require.Nil(t, twice)
}
