package log

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The start moves to any offset up to the end, inside a batch as well, never back; the rest stays as it is.
func TestDeleteRecords(t *testing.T) {
	for what, c := range map[string]struct {
		offset int64
		want   DeleteResult
	}{
		"none":                      {0, DeleteResult{LogStart: 3}},
		"what is gone already":      {2, DeleteResult{LogStart: 3}},
		"up to where it stands":     {3, DeleteResult{LogStart: 3}},
		"up to inside a batch":      {7, DeleteResult{LogStart: 7}},
		"up to a batch's end":       {10, DeleteResult{LogStart: 10}},
		"up to the end":             {20, DeleteResult{LogStart: 20}},
		"all":                       {-1, DeleteResult{LogStart: 20}},
		"beyond the end":            {21, DeleteResult{Err: ErrOffsetOutOfRange}},
		"at an offset below the -1": {-2, DeleteResult{Err: ErrOffsetOutOfRange}},
	} {
		t.Run(what, func(t *testing.T) {
			e := newEngine(t)
			p := e.topic("t", 1)[0]
			for i := range 4 {
				require.NoError(t, e.append(p, testBatch(t, nil, numbers(5*i, 5*i+5)...)).Err)
			}
			require.Equal(t, DeleteResult{LogStart: 3}, outcome(t, e.DeleteRecords([]DeleteSpec{{p, 3}}))[0])
			start := int64(3)
			res := outcome(t, e.DeleteRecords([]DeleteSpec{{p, c.offset}}))[0]
			require.ErrorIs(t, res.Err, c.want.Err)
			if c.want.Err == nil {
				require.Equal(t, c.want, res)
				start = c.want.LogStart
			}
			e.everAfter(func(when string) {
				b, err := e.Bounds(p)
				require.NoError(t, err)
				require.Equal(t, start, b.LogStart, when)
				require.Equal(t, int64(20), b.HighWatermark, when)
				if start < 20 {
					require.Equal(t, numbers(int(start), 20), e.values(p, start), when)
				}
				require.NoError(t, e.Check(t.Context()), when)
			})
			res2 := e.append(p, testBatch(t, nil, "next"))
			require.Equal(t, int64(20), res2.Base)
			require.Equal(t, start, res2.LogStart)
		})
	}
}
