package journal

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// A broker that was taken over gets no place any more, and learns of it before it writes.
func TestTakeOverFences(t *testing.T) {
	store := mem.New()
	old := start(t, store)
	old.write("a")
	epoch, next := old.state.Epoch, old.state.Seq+1
	require.NoError(t, old.CheckFence(t.Context(), epoch, next, next))
	fresh := start(t, store)
	require.Equal(t, epoch+1, fresh.state.Epoch)
	require.ErrorIs(t, old.CheckFence(t.Context(), epoch, next, next), ErrFenced)
	_, err := old.append(named(epoch, next, "late"))
	require.ErrorIs(t, err, ErrFenced)
	require.ErrorContains(t, err, segment.Key(epoch, next))
	require.NoError(t, fresh.CheckFence(t.Context(), epoch+1, next+1, next+1))
	// What it still gets in behind the seal is void.
	_, err = old.append(named(epoch, next+1, "void"))
	require.NoError(t, err)
	require.Empty(t, fresh.state.Diff(fresh.replayed()))
}

// A look at the fence passes by what is its own, up to what another wrote, and a store that is away tells nothing.
func TestCheckFence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		w := start(t, store)
		w.write("a", "b")
		epoch, seq := w.state.Epoch, w.state.Seq
		require.NoError(t, w.CheckFence(t.Context(), epoch, seq-1, seq+1))
		start(t, store)
		require.NoError(t, w.CheckFence(t.Context(), epoch, seq-1, seq))
		require.ErrorIs(t, w.CheckFence(t.Context(), epoch, seq-1, seq+1), ErrFenced)
		store.Break(faulty.Fault{Do: faulty.Refuse()})
		err := w.CheckFence(t.Context(), epoch, seq-1, seq+1)
		require.ErrorIs(t, err, objstore.ErrPermanent)
		require.NotErrorIs(t, err, ErrFenced)
		store.Mend()
		store.Break(faulty.Fault{Do: faulty.Hang()})
		began := time.Now()
		require.ErrorIs(t, w.CheckFence(t.Context(), epoch, seq-1, seq+1), context.DeadlineExceeded)
		require.Equal(t, fenceTimeout, time.Since(began))
	})
}

// A store that lets objects be written again is refused, and nothing is taken over.
func TestUnsafeStoreIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := Open(t.Context(), overwriting{mem.New()}, Events{})
		require.ErrorIs(t, err, ErrUnsafeStore)
		require.ErrorContains(t, err, "If-None-Match")
	})
}

// overwriting is a store that ignores create-only writes.
type overwriting struct{ *mem.Store }

func (o overwriting) Put(ctx context.Context, key string, body []byte) error {
	if err := o.Store.Delete(ctx, key); err != nil {
		return err
	}
	return o.Store.Put(ctx, key, body)
}

// A fence post far ahead, left by a broker that crashed while it took over, is no proof that
// segments were lost: the journal ends before it.
func TestFencePostIsNoLoss(t *testing.T) {
	store := mem.New()
	w := start(t, store)
	w.write("a")
	post := &meta.Commit{Epoch: w.state.Epoch, Seq: w.state.Seq + 3*MaxPipeline, Entries: []meta.Entry{&meta.Seal{Next: w.state.Epoch + 1}}}
	_, err := w.append(post)
	require.NoError(t, err)
	fresh := start(t, store)
	require.Equal(t, w.state.Epoch+1, fresh.state.Epoch)
	require.Equal(t, w.state.Seq+1, fresh.state.Seq)
	fresh.write("b")
	require.Empty(t, fresh.state.Diff(fresh.replayed()))
}

// A segment far ahead that is no post proves a loss.
func TestSegmentBehindAGapIsALoss(t *testing.T) {
	for what, c := range map[string]*meta.Commit{
		"data in the epoch": {Epoch: 1, Entries: []meta.Entry{&meta.NameProducer{Name: "n"}}},
		"a later epoch":     {Epoch: 2, Entries: []meta.Entry{&meta.Seal{Next: 3}}},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := mem.New()
				w := start(t, store)
				c.Seq = w.state.Seq + 1 + MaxPipeline
				_, err := w.append(c)
				require.NoError(t, err)
				j, err := Open(t.Context(), store, Events{})
				require.NoError(t, err)
				err = j.TakeOver(t.Context(), meta.NewState(), time.Now)
				require.ErrorIs(t, err, segment.ErrCorrupt)
				require.ErrorContains(t, err, segment.Key(1, w.state.Seq+1))
				require.ErrorContains(t, err, segment.Key(c.Epoch, c.Seq))
			})
		})
	}
}

// A state that has reached what the bucket does not hold is not taken for the journal's.
func TestTakeOverRefusesAStateAheadOfTheBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, mem.New())
		w.write("a")
		require.NoError(t, w.store.Delete(t.Context(), segment.Key(w.state.SeqEpoch, w.state.Seq)))
		err := w.TakeOver(t.Context(), w.state, time.Now)
		require.ErrorIs(t, err, segment.ErrCorrupt)
		require.ErrorContains(t, err, segment.Key(w.state.SeqEpoch, w.state.Seq))
	})
}
