package journal

import (
	"context"
	"errors"
	"fmt"
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

var errLost = errors.New("connection reset")

// writer is a process with a journal, as far as the journal needs one.
type writer struct {
	*Journal
	t     testing.TB
	state *meta.State
}

// start opens the journal and takes it over.
func start(t testing.TB, store objstore.Store) *writer {
	t.Helper()
	j, err := Open(t.Context(), store, Events{})
	require.NoError(t, err)
	w := &writer{Journal: j, t: t, state: meta.NewState()}
	require.NoError(t, j.TakeOver(t.Context(), w.state, time.Now))
	return w
}

// named is a commit at a place that gives a producer's name an id.
func named(epoch uint32, seq uint64, name string) *meta.Commit {
	return &meta.Commit{Epoch: epoch, Seq: seq, Time: 1, Entries: []meta.Entry{&meta.NameProducer{Name: name}}}
}

// append writes a commit and does not apply it.
func (w *writer) append(c *meta.Commit) (retries int, err error) {
	sw := segment.NewWriter(nil)
	sw.Reset(false)
	body, err := w.Encode(sw, c)
	require.NoError(w.t, err)
	_, retries, err = w.Place(c.Epoch, c.Seq).Append(context.Background(), body, false, func(error) {})
	return retries, err
}

// write appends names at the next places and applies them.
func (w *writer) write(names ...string) {
	w.t.Helper()
	for _, name := range names {
		c := named(w.state.Epoch, w.state.Seq+1, name)
		_, err := w.append(c)
		require.NoError(w.t, err)
		_, err = w.state.Apply(c)
		require.NoError(w.t, err)
	}
}

// replayed is what another process makes of the journal.
func (w *writer) replayed() *meta.State {
	w.t.Helper()
	state := meta.NewState()
	require.NoError(w.t, w.Replay(w.t.Context(), state))
	return state
}

// What is appended is replayed in order, from the start and from any place in between, across takeovers.
func TestReplay(t *testing.T) {
	store := mem.New()
	var parts []*meta.State
	for broker := range 3 {
		w := start(t, store)
		require.Equal(t, uint32(broker+1), w.state.Epoch)
		for n := range 3 {
			w.write(fmt.Sprint(broker, " ", n))
			state := w.replayed()
			require.Empty(t, w.state.Diff(state))
			parts = append(parts, state)
		}
	}
	w := start(t, store)
	for _, state := range parts {
		require.NoError(t, w.Replay(t.Context(), state))
		require.Empty(t, w.state.Diff(state))
	}
}

// A replay of more than one run goes to the end, and a listing that fails halfway is begun anew.
func TestReplayOfManyRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := mem.New()
		w := start(t, mem)
		for n := range 2*replayRun + 5 {
			w.write(fmt.Sprint(n))
		}
		store := faulty.New(mem, 1)
		store.Break(faulty.Fault{Ops: objstore.OpList, Times: 3, Do: faulty.FailAfter(errLost)})
		j, err := Open(t.Context(), store, Events{})
		require.NoError(t, err)
		state := meta.NewState()
		require.NoError(t, j.Replay(t.Context(), state))
		require.Empty(t, w.state.Diff(state))
	})
}

// An append goes through in the end, whatever becomes of the answers, and tells of each failure.
func TestAppendRetries(t *testing.T) {
	for what, do := range map[string]func(error) faulty.Effect{"refused": faulty.FailBefore, "answer lost": faulty.FailAfter} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := faulty.New(mem.New(), 1)
				var told []int
				j, err := Open(t.Context(), store, Events{StoreTrouble: func(err error, attempt int, pause time.Duration) {
					require.ErrorIs(t, err, errLost)
					require.Positive(t, pause)
					told = append(told, attempt)
				}})
				require.NoError(t, err)
				w := &writer{Journal: j, t: t, state: meta.NewState()}
				require.NoError(t, j.TakeOver(t.Context(), w.state, time.Now))
				store.Break(faulty.Fault{Ops: objstore.OpPut, Times: 3, Do: do(errLost)})
				c := named(w.state.Epoch, w.state.Seq+1, "n")
				retries, err := w.append(c)
				require.NoError(t, err)
				require.Len(t, told, retries)
				require.NotZero(t, retries)
				_, err = w.state.Apply(c)
				require.NoError(t, err)
				require.Empty(t, w.state.Diff(w.replayed()))
			})
		})
	}
}

// An append ends with its caller.
func TestAppendEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty.New(mem.New(), 1)
		w := start(t, store)
		store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.FailBefore(errLost)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		failures := 0
		_, retries, err := w.Place(1, 2).Append(ctx, []byte("body"), false, func(error) { failures++ })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, failures, retries)
		require.Greater(t, retries, 100, "it went on trying")
	})
}
