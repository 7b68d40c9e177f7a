package oracle

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// sample is an answer with what answers can have in them.
func sample(code int16, name string, indexes ...int32) answer {
	resp := kmsg.NewPtrMetadataResponse()
	topic := kmsg.NewMetadataResponseTopic()
	topic.Topic, topic.ErrorCode = &name, code
	for _, i := range indexes {
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Partition, p.Replicas = i, []int32{1, 2}
		topic.Partitions = append(topic.Partitions, p)
	}
	resp.Topics = append(resp.Topics, topic)
	return newNames(&target{epoch: -5}, "o.x.").flatten("step", resp)
}

// transcriptOf has one step, with the answers of versions 0, 1, 2 ….
func transcriptOf(answers ...answer) *transcript {
	s := &step{"a step, @1", map[int16]answer{}}
	for v, a := range answers {
		s.answers[int16(v)] = a
	}
	return &transcript{[]*step{s}}
}

func TestTranscriptIsReadAsItWasWritten(t *testing.T) {
	for _, want := range []*transcript{
		transcriptOf(sample(0, "t", 0, 1)),
		transcriptOf(sample(0, "t", 0), sample(3, `quo"te ] x=y: z`), sample(0, "t", 0)),
		transcriptOf(only(closed), only(silence), sample(0, "")),
	} {
		got, err := parse(want.String())
		require.NoError(t, err, want.String())
		assert.Equal(t, want, got, want.String())
	}
}

func TestTranscriptIsShort(t *testing.T) {
	got := transcriptOf(sample(0, "t", 0, 1), sample(0, "t", 0, 1), sample(3, "t")).String()
	assert.Equal(t, `
== a step, @1 @0-2
@2 Topics[t]: ErrorCode=UNKNOWN_TOPIC_OR_PARTITION
@0-1 Topics[t].Partitions[0]: Replicas=[1 2]
@0-1 Topics[t].Partitions[1]: Replicas=[1 2]
`, got)
}

func TestEveryDifferenceIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		kafka, ours answer
		want        []string
	}{
		"none":                 {sample(0, "t", 0), sample(0, "t", 0), nil},
		"a code":               {sample(3, "t"), sample(0, "t", 0, 1), []string{"case/a step, @1 @0 Topics[t].ErrorCode: Kafka UNKNOWN_TOPIC_OR_PARTITION, ours default"}},
		"a partition too many": {sample(0, "t", 0), sample(0, "t", 0, 1), []string{"case/a step, @1 @0 Topics[t].Partitions[1]: Kafka missing, ours there"}},
		"two are missing":      {sample(0, "t", 0, 1), sample(0, "t"), []string{"case/a step, @1 @0 Topics[t].Partitions[0,1]: Kafka there, ours missing"}},
		"hung up":              {sample(0, "t"), only(closed), []string{"case/a step, @1 @0 answer: Kafka answered, ours closed"}},
		"hung up, Kafka":       {only(closed), sample(0, "t"), []string{"case/a step, @1 @0 answer: Kafka closed, ours answered"}},
		"silence":              {only(silence), only(closed), []string{"case/a step, @1 @0 answer: Kafka silence, ours closed"}},
	} {
		got := linesOf(compare("case", []int16{0}, transcriptOf(c.kafka), transcriptOf(c.ours)))
		assert.Equal(t, c.want, got, name)
	}
	gone := linesOf(compare("case", []int16{0}, transcriptOf(sample(0, "t")), new(transcript)))
	assert.Equal(t, []string{"case/a step, @1 @0 step: Kafka there, ours missing"}, gone)
}

func TestDifferencesStandUnderTheirReason(t *testing.T) {
	text := "head\n\n# by design: one\n> a/*Offset\n\n# records: two\n> b/\n> a/\n"
	reasons, err := parseReasons(text)
	require.NoError(t, err)
	got := explain(reasons, []string{"b/x @1 F: Kafka 1, ours 2", "a/y @1 Offset: Kafka 1, ours 2", "a/y @1 F: Kafka 1, ours 2", "c/z @1 F: Kafka 1, ours 2"})
	want := `head

# by design: one
> a/*Offset
a/y @1 Offset: Kafka 1, ours 2

# records: two
> b/
> a/
a/y @1 F: Kafka 1, ours 2
b/x @1 F: Kafka 1, ours 2

# no reason yet:
c/z @1 F: Kafka 1, ours 2
`
	require.Equal(t, want, writeReasons("head\n", got))
	again, err := parseReasons(want)
	require.NoError(t, err)
	assert.Equal(t, got, again)
	_, err = parseReasons("# nobody: mends it\n")
	assert.Error(t, err)
}
