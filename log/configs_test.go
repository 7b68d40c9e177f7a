package log

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/objstore"
	"streamhouse/objstore/mem"
)

// alter changes the configs of one topic.
func (e *engine) alter(c ConfigChange) error {
	e.t.Helper()
	return outcome(e.t, e.AlterConfigs([]ConfigChange{c}, false))[0]
}

// inForce is the value that DescribeConfigs shows.
func (e *engine) inForce(topic, config string) Config {
	e.t.Helper()
	all, err := e.DescribeConfigs(topic)
	require.NoError(e.t, err)
	i := slices.IndexFunc(all, func(c Config) bool { return c.Name == config })
	require.NotEqual(e.t, -1, i, config)
	return all[i]
}

func TestConfigValues(t *testing.T) {
	const most = "9223372036854775807"
	e := newEngine(t)
	e.topic("t", 1)
	for name, values := range map[string]struct{ good, bad []string }{
		"cleanup.policy":                  {[]string{"delete"}, []string{"compact", "delete,compact", "", "Delete"}},
		"compression.type":                {[]string{"producer"}, []string{"zstd", "none", ""}},
		"max.message.bytes":               {[]string{"61", "104857600"}, []string{"60", "104857601", "-1", "0", "", "1e6", "1.5", " 61"}},
		"message.timestamp.after.max.ms":  {[]string{"0", most}, []string{"-1", "9223372036854775808", "x"}},
		"message.timestamp.before.max.ms": {[]string{"0", most}, []string{"-1", "9223372036854775808", "x"}},
		"message.timestamp.type":          {[]string{"CreateTime", "LogAppendTime"}, []string{"createtime", ""}},
		"min.insync.replicas":             {[]string{"1", "2147483647"}, []string{"0", "2147483648"}},
		"retention.bytes":                 {[]string{"-1", "0", most}, []string{"-2", "9223372036854775808"}},
		"retention.ms":                    {[]string{"-1", "0", most}, []string{"-2", "9223372036854775808"}},
		"segment.ms":                      {nil, []string{"1"}},
		"":                                {nil, []string{""}},
	} {
		for i, v := range append(slices.Clone(values.good), values.bad...) {
			set := map[string]string{name: v}
			altered := e.alter(ConfigChange{Topic: "t", Set: set})
			validated := e.ValidateTopics([]TopicSpec{{Name: "other", Partitions: 1, Configs: set}})[0].Err
			if i < len(values.good) {
				require.NoError(t, altered, "%s=%q", name, v)
				require.NoError(t, validated, "%s=%q", name, v)
				require.Equal(t, v, e.inForce("t", name).Value)
				continue
			}
			for _, err := range []error{altered, validated} {
				require.ErrorIs(t, err, ErrInvalidConfig, "%s=%q", name, v)
				require.ErrorContains(t, err, name)
			}
		}
	}
}

// The names and built-in defaults are Kafka's; a client compares them with what it wants.
func TestDescribeConfigs(t *testing.T) {
	e := newEngine(t)
	e.topic("t", 1)
	_, err := e.DescribeConfigs("nobody")
	require.ErrorIs(t, err, ErrTopicNotFound)
	all, err := e.DescribeConfigs("t")
	require.NoError(t, err)
	var lines []string
	for _, c := range all {
		require.NotEmpty(t, c.Doc, c.Name)
		require.Equal(t, c.Default, c.Value, c.Name)
		require.False(t, c.Set, c.Name)
		require.NoError(t, e.alter(ConfigChange{Topic: "t", Set: map[string]string{c.Name: c.Default}}), "a default is an allowed value")
		lines = append(lines, fmt.Sprint(c.Name, "=", c.Value, " ", c.Type))
	}
	require.Equal(t, strings.Split(strings.TrimSpace(fmt.Sprintf(`
cleanup.policy=delete %[4]d
compression.type=producer %[3]d
max.message.bytes=1048588 %[1]d
message.timestamp.after.max.ms=3600000 %[2]d
message.timestamp.before.max.ms=9223372036854775807 %[2]d
message.timestamp.type=CreateTime %[3]d
min.insync.replicas=1 %[1]d
retention.bytes=-1 %[2]d
retention.ms=604800000 %[2]d`, ConfigInt, ConfigLong, ConfigString, ConfigList)), "\n"), lines)
}

func TestWhereConfigsComeFrom(t *testing.T) {
	e := newEngine(t, func(o *Options) { o.TopicDefaults = map[string]string{"retention.ms": "5"} })
	e.topic("plain", 1)
	e.topic("sets", 1, "retention.ms", "7", "retention.bytes", "-1")
	e.everAfter(func(when string) {
		c := e.inForce("plain", "retention.ms")
		require.Equal(t, []any{"5", "5", false}, []any{c.Value, c.Default, c.Set}, when)
		c = e.inForce("sets", "retention.ms")
		require.Equal(t, []any{"7", "5", true}, []any{c.Value, c.Default, c.Set}, when)
		c = e.inForce("sets", "retention.bytes")
		require.Equal(t, []any{"-1", "-1", true}, []any{c.Value, c.Default, c.Set}, "a topic may set what is the default anyway")
	})
}

// What an operator sets holds for all topics that do not say otherwise, from the next start on.
func TestTopicDefaultsChangeWithTheOptions(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1)[0]
	require.NoError(t, e.append(p, testBatch(t, nil, strings.Repeat("v", 200))).Err)
	require.NoError(t, e.Close(t.Context()))
	e.o.TopicDefaults = map[string]string{"max.message.bytes": "100", "message.timestamp.type": "LogAppendTime"}
	e.open()
	require.ErrorIs(t, e.append(p, testBatch(t, nil, strings.Repeat("v", 200))).Err, ErrBatchTooLarge)
	require.Positive(t, e.append(p, testBatch(t, nil, "v")).AppendTime)
}

func TestBadTopicDefaultsAreRefused(t *testing.T) {
	store := objstore.NewTrace(mem.New())
	_, err := Open(t.Context(), store, Options{
		MetadataPath:  t.TempDir() + "/m.db",
		TopicDefaults: map[string]string{"retention.ms": "week", "segment.bytes": "1", "retention.bytes": "1"},
	})
	require.ErrorIs(t, err, ErrInvalidConfig)
	require.ErrorContains(t, err, `retention.ms="week"`)
	require.ErrorContains(t, err, `"segment.bytes"`)
	require.NotContains(t, err.Error(), "retention.bytes")
	require.Empty(t, store.Calls(), "the bucket is not touched")
}

func TestAlterConfigs(t *testing.T) {
	before := map[string]string{"retention.ms": "1", "retention.bytes": "2"}
	for what, c := range map[string]struct {
		change ConfigChange
		want   map[string]string
	}{
		"nothing":                  {ConfigChange{}, before},
		"set one more":             {ConfigChange{Set: map[string]string{"min.insync.replicas": "2"}}, map[string]string{"retention.ms": "1", "retention.bytes": "2", "min.insync.replicas": "2"}},
		"set one anew":             {ConfigChange{Set: map[string]string{"retention.ms": "9"}}, map[string]string{"retention.ms": "9", "retention.bytes": "2"}},
		"remove one":               {ConfigChange{Remove: []string{"retention.ms"}}, map[string]string{"retention.bytes": "2"}},
		"remove what is not set":   {ConfigChange{Remove: []string{"min.insync.replicas"}}, before},
		"remove, then set":         {ConfigChange{Remove: []string{"retention.ms"}, Set: map[string]string{"retention.ms": "3"}}, map[string]string{"retention.ms": "3", "retention.bytes": "2"}},
		"replace by nothing":       {ConfigChange{Replace: true}, map[string]string{}},
		"replace by something":     {ConfigChange{Replace: true, Set: map[string]string{"retention.bytes": "4"}}, map[string]string{"retention.bytes": "4"}},
		"replace and remove a set": {ConfigChange{Replace: true, Remove: []string{"retention.ms"}}, map[string]string{}},
	} {
		t.Run(what, func(t *testing.T) {
			e := newEngine(t)
			e.topic("t", 1, "retention.ms", "1", "retention.bytes", "2")
			c.change.Topic = "t"
			require.NoError(t, outcome(t, e.AlterConfigs([]ConfigChange{c.change}, true))[0])
			topic, err := e.Topic("t")
			require.NoError(t, err)
			require.Equal(t, before, topic.Configs, "nothing but validated so far")
			require.NoError(t, e.alter(c.change))
			e.everAfter(func(when string) {
				topic, err := e.Topic("t")
				require.NoError(t, err)
				require.Len(t, topic.Configs, len(c.want), when)
				for name, v := range c.want {
					require.Equal(t, v, topic.Configs[name], "%s %s", name, when)
				}
			})
		})
	}
}

// Each change of a call stands by itself; the error of a bad one names all that is wrong with it.
func TestAlterConfigsRefuses(t *testing.T) {
	e := newEngine(t)
	e.topic("good", 1)
	e.topic("bad", 1)
	for _, validateOnly := range []bool{true, false} {
		errs := outcome(t, e.AlterConfigs([]ConfigChange{
			{Topic: "nobody", Set: map[string]string{"retention.ms": "1"}},
			{Topic: "bad", Set: map[string]string{"retention.ms": "week", "segment.ms": "1", "retention.bytes": "1"}, Remove: []string{"flush.ms"}},
			{Topic: "good", Set: map[string]string{"retention.ms": "1"}},
		}, validateOnly))
		require.ErrorIs(t, errs[0], ErrTopicNotFound)
		require.ErrorIs(t, errs[1], ErrInvalidConfig)
		for _, name := range []string{`retention.ms="week"`, `"segment.ms"`, `"flush.ms"`} {
			require.ErrorContains(t, errs[1], name)
		}
		require.NoError(t, errs[2])
		require.Equal(t, !validateOnly, e.inForce("good", "retention.ms").Set)
		require.False(t, e.inForce("bad", "retention.bytes").Set)
	}
}

func TestMaxMessageBytes(t *testing.T) {
	e := newEngine(t)
	size := len(testBatch(t, nil, strings.Repeat("v", 200)))
	p := e.topic("t", 1, "max.message.bytes", fmt.Sprint(size-1))[0]
	res := e.append(p, testBatch(t, nil, strings.Repeat("v", 200)))
	require.ErrorIs(t, res.Err, ErrBatchTooLarge)
	require.ErrorContains(t, res.Err, fmt.Sprint(size))
	require.NoError(t, e.alter(ConfigChange{Topic: "t", Set: map[string]string{"max.message.bytes": fmt.Sprint(size)}}))
	require.NoError(t, e.append(p, testBatch(t, nil, strings.Repeat("v", 200))).Err, "a change is in force when it is answered")
	require.NoError(t, e.alter(ConfigChange{Topic: "t", Set: map[string]string{"max.message.bytes": fmt.Sprint(size - 1)}}))
	e.reopen()
	require.ErrorIs(t, e.append(p, testBatch(t, nil, strings.Repeat("v", 200))).Err, ErrBatchTooLarge)
	half := append(testBatch(t, nil, strings.Repeat("v", 199)), testBatch(t, nil, strings.Repeat("v", 199))[:100]...)
	require.NoError(t, e.append(p, half).Err, "it bounds the batch, not what is cut off behind it")
}

func TestTimestampBounds(t *testing.T) {
	const most = 1<<63 - 1
	day := map[string]string{"message.timestamp.after.max.ms": "1000", "message.timestamp.before.max.ms": "86400000"}
	for what, c := range map[string]struct {
		configs map[string]string
		times   []int64 // from now on, milliseconds
		want    error
	}{
		"by default an hour ahead":         {nil, []int64{3600_000}, nil},
		"by default no more than that":     {nil, []int64{0, 3600_001, 0}, ErrInvalidTimestamp},
		"by default any time ago":          {nil, []int64{-50 * 365 * 86400_000}, nil},
		"ahead as far as may be":           {day, []int64{1000}, nil},
		"too far ahead":                    {day, []int64{0, 1001}, ErrInvalidTimestamp},
		"back as far as may be":            {day, []int64{-86400_000, 0}, nil},
		"too far back":                     {day, []int64{-86400_001, 0}, ErrInvalidTimestamp},
		"no bound":                         {map[string]string{"message.timestamp.after.max.ms": fmt.Sprint(most)}, []int64{1 << 40}, nil},
		"where the broker's clock counts":  {map[string]string{"message.timestamp.after.max.ms": "0", "message.timestamp.type": "LogAppendTime"}, []int64{1 << 40}, nil},
		"zero ahead means not even a tick": {map[string]string{"message.timestamp.after.max.ms": "0"}, []int64{1}, ErrInvalidTimestamp},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEngine(t)
				p := e.topic("t", 1)[0]
				require.NoError(t, e.alter(ConfigChange{Topic: "t", Set: c.configs}))
				records := make([]record.Record, len(c.times))
				for i, d := range c.times {
					records[i].Timestamp = time.Now().UnixMilli() + d
				}
				require.ErrorIs(t, e.append(p, mustBatch(t, 0, records)).Err, c.want)
			})
		})
	}
}

// A batch without a time (-1, and all that lies before 1970) is not refused for its age.
func TestNoTimestampIsNotOld(t *testing.T) {
	e := newEngine(t)
	p := e.topic("t", 1, "message.timestamp.before.max.ms", "1000")[0]
	require.NoError(t, e.append(p, mustBatch(t, 0, []record.Record{{Timestamp: -1}})).Err)
	require.ErrorIs(t, e.append(p, mustBatch(t, 0, []record.Record{{Timestamp: 0}})).Err, ErrInvalidTimestamp)
}

// The journal may hold what a later version allowed; this one goes on with the built-in default.
func TestConfigOfALaterVersion(t *testing.T) {
	table, err := newConfigTable(nil)
	require.NoError(t, err)
	s := table.settings(map[string]string{"max.message.bytes": "unlimited", "retention.ms": "forever", "new.config": "1"})
	require.EqualValues(t, 1048588, s.maxMessageBytes)
	require.False(t, s.logAppendTime)
}
