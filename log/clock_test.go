package log

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every time that the journal holds, and every one that a record is stamped with, comes from the broker's own clock.
func TestTimesComeFromTheBrokersClock(t *testing.T) {
	clock := time.UnixMilli(1_000_000_000_000)
	e := newEngine(t, func(o *Options) { o.Now = func() time.Time { return clock } })
	require.Equal(t, clock.UnixMilli(), e.state.Time, "of the seal")

	clock = clock.Add(time.Hour)
	p := e.topic("stamped", 1, "message.timestamp.type", "LogAppendTime")[0]
	require.Equal(t, clock.UnixMilli(), e.Topics()[0].CreatedAt.UnixMilli())
	require.Equal(t, clock.UnixMilli(), e.state.Time, "of a commit")

	clock = clock.Add(time.Minute)
	require.Equal(t, clock.UnixMilli(), e.append(p, testBatch(t, nil, "v")).AppendTime)
	require.Equal(t, clock, e.Now())

	clock = clock.Add(-24 * time.Hour)
	e.commit("g", OffsetCommit{Partition: p, Offset: 1})
	require.Equal(t, clock.Add(24*time.Hour).UnixMilli(), e.state.Time, "the state's own time never goes back")
	g, _ := e.state.GroupOffset("g", p)
	require.Equal(t, clock.UnixMilli(), g.CommittedAt, "the commit says what the clock said")
}

// A clock that jumps back does not keep an open flush from being sealed: intervals are counted by the monotonic clock.
func TestClockThatJumpsBackDelaysNoFlush(t *testing.T) {
	clock := time.Now()
	e := newEngine(t, func(o *Options) { o.Now, o.FlushInterval = func() time.Time { return clock }, time.Millisecond })
	p := e.topic("stamped", 1, "message.timestamp.type", "LogAppendTime")[0]
	clock = clock.Add(-365 * 24 * time.Hour)
	require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
	require.Equal(t, []string{"v"}, e.values(p, 0))
}
