package meta

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTopicLike(t *testing.T) {
	s := NewState()
	named := func(name string) *Topic { return &Topic{ID: NewID(), Name: name} }
	dots, plain, mixed := named("a.b.c"), named("abc"), named("a_b.c")
	for _, topic := range []*Topic{dots, plain} {
		s.addTopic(topic)
	}
	for name, want := range map[string]*Topic{
		"a_b_c": dots, "a.b_c": dots, "a.b.c": nil, "abc": nil, "ab_c": nil, "a-b-c": nil, "": nil, "a.b.cd": nil,
	} {
		require.Equal(t, want, s.TopicLike(name), name)
	}
	delete(s.alike, "a_b_c")
	require.ErrorContains(t, s.Check(), `"a.b.c" is not found by those that are like it`)
	s.alike.add(dots)
	s.addTopic(mixed) // as in a bucket from before there was a check
	require.Equal(t, mixed, s.TopicLike("a.b.c"))
	require.Equal(t, dots, s.TopicLike("a_b.c"))
	s.removeTopic(dots)
	require.Nil(t, s.TopicLike("a_b.c"))
	require.Equal(t, mixed, s.TopicLike("a.b.c"))
	s.removeTopic(mixed)
	require.Empty(t, s.alike, "nothing stays behind")
	s.removeTopic(plain)
	require.Empty(t, s.alike)
}
