package log

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
)

// Topics that are made, written and deleted all the time leave nothing in the tail's queue, though nothing is ever evicted.
func TestTailForgetsDeletedTopics(t *testing.T) {
	tl := tail{limit: 1 << 20}
	kept := &partition{}
	for i := range 20 * minDead {
		p := &partition{}
		tl.add(p, 0, testBatch(t, nil, "v"))
		if i%minDead == 0 {
			tl.add(kept, int64(kept.tail.len()), testBatch(t, nil, fmt.Sprint(i)))
		}
		tl.dropAll(p)
		require.LessOrEqual(t, tl.queue.len(), 2*(minDead+1))
	}
	require.Equal(t, 20, kept.tail.len())
	tl.limit = 0
	for n := 20; n > 0; n-- { // what is left goes in its order
		require.Equal(t, int64(20-n), kept.tail.at(0).base)
		tl.evict()
		for kept.tail.len() == n {
			tl.evict()
		}
	}
	require.Zero(t, tl.bytes)
}

// What is written to a partition that is gone is not counted: nothing would ever take it off.
func TestTailTakesNothingOfADeletedTopic(t *testing.T) {
	batch := record.Batch(testBatch(t, nil, "v"))
	tl := tail{limit: int64(len(batch))}
	p := &partition{}
	tl.dropAll(p)
	for range 3 {
		tl.add(p, 0, batch)
		require.Zero(t, tl.bytes)
		require.Zero(t, tl.queue.len())
	}
	tl.add(&partition{}, 0, batch)
	require.Equal(t, int64(len(batch)), tl.bytes)
}
