package journal

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// A replay lists the journal once for its segments, however long it is and through however many epochs, once more to
// see what came meanwhile, and once for its end: where a listing begins anew for each run, a long
// journal in one folder costs the square of its length. An epoch longer than a run is listed for its end, too.
func TestReplayListsTheJournalOnce(t *testing.T) {
	listings := func(epochs, segments int) int {
		store := mem.New()
		for range epochs {
			w := start(t, store)
			for range segments {
				w.write("n")
			}
		}
		trace := objstore.NewTrace(store)
		j, err := Open(t.Context(), trace, Events{})
		require.NoError(t, err)
		trace.Reset()
		state := meta.NewState()
		require.NoError(t, j.Replay(t.Context(), state))
		require.EqualValues(t, epochs*(segments+1), state.Seq, "with the seals")
		return trace.Count(objstore.OpList)
	}
	require.Equal(t, 2, listings(1, 1))
	require.Equal(t, 2, listings(20, 3))
	require.Equal(t, 3, listings(1, replayRun))
	require.Equal(t, 3, listings(1, 3*replayRun+10))
}

// Each segment comes once and in order, though listings break off, and up to a gap.
func TestListing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, mem.New())
		first := w.state.Seq + 1
		for range 100 {
			w.write("n")
		}
		flaky := faulty.New(w.store, 1)
		j := &Journal{store: flaky}
		known := place{0, first - 1} // the seal that began the epoch

		for _, limit := range []int{1, 7, 99, 100, 1000} {
			rule := flaky.Break(faulty.Fault{Ops: objstore.OpList, Times: 5, Do: faulty.FailAfter(errors.New("cut"))})
			listing := j.list(known)
			seq := first
			for {
				run, err := listing.run(t.Context(), 1, seq, limit)
				require.NoError(t, err)
				for _, info := range run {
					require.Equal(t, segment.Key(1, seq), info.Key, "each one once, and in order")
					seq++
				}
				if len(run) < limit {
					break
				}
			}
			require.Equal(t, first+100, seq)
			require.Positive(t, rule.Hits())
			listing.close()
			rule.Mend()
		}

		require.NoError(t, w.store.Delete(t.Context(), segment.Key(1, first+50)))
		listing := j.list(known)
		run, err := listing.run(t.Context(), 1, first, 1000)
		require.NoError(t, err)
		require.Len(t, run, 50, "up to the gap")
		run, err = listing.run(t.Context(), 1, first+51, 1000)
		require.NoError(t, err)
		require.Len(t, run, 49, "what the gap ended is not lost to the listing")
		listing.close()

		flaky.Break(faulty.Fault{Ops: objstore.OpList, Do: faulty.Refuse()})
		listing = j.list(known)
		defer listing.close()
		_, err = listing.run(t.Context(), 1, first, 10)
		require.ErrorIs(t, err, objstore.ErrPermanent)
	})
}

// A listing that has ended is begun anew, and shows what came meanwhile.
func TestListingGoesOnBehindItsEnd(t *testing.T) {
	w := start(t, mem.New())
	listing := w.list(reached(w.state))
	defer listing.close()
	for range 3 {
		run, err := listing.run(t.Context(), 1, w.state.Seq+1, 10)
		require.NoError(t, err)
		require.Empty(t, run)
		w.write("n")
		run, err = listing.run(t.Context(), 1, w.state.Seq, 10)
		require.NoError(t, err)
		require.Len(t, run, 1)
	}
}
