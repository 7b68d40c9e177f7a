package journal

import (
	"context"
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

// wrongOnce are the ways in which a store in trouble, or what stands before it, answers once or twice what is not so.
func wrongOnce(prefix string, times int) map[string]faulty.Fault {
	read := objstore.OpGet | objstore.OpGetRange
	return map[string]faulty.Fault{
		"a bit is wrong":        {Ops: read, Prefix: prefix, Times: times, Do: faulty.FlipBit()},
		"half is missing":       {Ops: read, Prefix: prefix, Times: times, Do: faulty.Truncate()},
		"empty":                 {Ops: read, Prefix: prefix, Times: times, Do: faulty.Empty()},
		"another object":        {Ops: read, Prefix: prefix, Times: times, Do: faulty.OtherObject()},
		"not found":             {Ops: read, Prefix: prefix, Times: times, Do: faulty.Missing()},
		"an empty listing":      {Ops: objstore.OpList, Times: times, Do: faulty.Empty()},
		"listings lag":          {Ops: objstore.OpList, Times: times, Do: faulty.Lag(time.Hour)},
		"an unfounded conflict": {Ops: objstore.OpPut, Prefix: "cluster", Times: times, Do: faulty.FailBefore(objstore.ErrExists)},
	}
}

// Scenario 36: while a journal is opened, wrong answers do not end the start, and nothing is lost or
// sealed over because of them: not with a state at the start, in the middle, or at the end.
func TestScenario36_OpeningReadsAgainBeforeItBelieves(t *testing.T) {
	for _, times := range []int{1, 2} {
		for _, prefix := range []string{"", clusterKey, "journal/"} {
			for what, fault := range wrongOnce(prefix, times) {
				t.Run(fmt.Sprintf("%s %d times on %q", what, times, prefix), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						store := faulty.New(mem.New(), 1)
						w := start(t, store)
						w.write(numbers(2 * MaxPipeline)...)
						w = start(t, store)
						w.write("a", "b")
						half := w.replayed()
						w.write("c", "d")
						for name, state := range map[string]*meta.State{"nothing": meta.NewState(), "half": half, "all": w.replayed()} {
							rule := store.Break(fault)
							j, err := Open(t.Context(), store, Events{})
							require.NoError(t, err, name)
							require.Equal(t, w.Cluster(), j.Cluster(), name)
							require.NoError(t, j.TakeOver(t.Context(), state, time.Now), name)
							if fault.Ops != objstore.OpPut && fault.Prefix == "" {
								require.Equal(t, times, rule.Hits(), name)
							}
							rule.Mend()
							next := &writer{Journal: j, t: t, state: state}
							require.Empty(t, state.Diff(next.replayed()), name)
							for _, n := range []string{"a", "b", "c", "d", "0"} {
								require.True(t, knows(state, n), "%s: %s is lost", name, n)
							}
						}
					})
				})
			}
		}
	}
}

func numbers(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint(i))
	}
	return names
}

// knows says whether a producer of this name was ever given an id.
func knows(state *meta.State, name string) bool {
	_, known := state.NamedProducer(name)
	return known
}

// Scenario 36: a bucket that is empty for one answer only is nobody's to found a cluster in.
func TestScenario36_BucketThatLooksEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bucket := mem.New()
		w := start(t, bucket)
		store := faulty.New(bucket, 1,
			faulty.Fault{Ops: objstore.OpGet, Prefix: clusterKey, Times: 1, Do: faulty.Missing()},
			faulty.Fault{Ops: objstore.OpList, Times: 1, Do: faulty.Empty()})
		j, err := Open(t.Context(), store, Events{})
		require.NoError(t, err)
		require.Equal(t, w.Cluster(), j.Cluster())
	})
}

// Scenario 36: a PUT's answer is lost, and the looks at what stands there come back wrong: it is our own all the same.
func TestScenario36_LostAnswerAndWrongLooks(t *testing.T) {
	for _, times := range []int{1, 3, maxDoubts - 1} {
		for what, fault := range wrongOnce("journal/", times) {
			if fault.Ops&objstore.OpGet == 0 {
				continue
			}
			t.Run(fmt.Sprint(what, " ", times), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := faulty.New(mem.New(), 1)
					w := start(t, store)
					w.write("a")
					store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Times: 1, Do: faulty.FailAfter(errLost)})
					rule := store.Break(fault)
					w.write("b", "c")
					require.Equal(t, times, rule.Hits())
					require.Empty(t, w.state.Diff(w.replayed()))
					fresh := start(t, store)
					require.True(t, knows(fresh.state, "b"))
				})
			})
		}
	}
}

// Scenario 36: a look at the fence that comes back wrong fences nobody, and does not hide one who is there.
func TestScenario36_FenceIsBelievedOnEvidence(t *testing.T) {
	for what, fault := range wrongOnce("journal/", 2) {
		if fault.Ops&objstore.OpGet == 0 {
			continue
		}
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bucket := mem.New()
				store := faulty.New(bucket, 1)
				w := start(t, store)
				w.write("a", "b")
				epoch, seq := w.state.Epoch, w.state.Seq
				rule := store.Break(fault)
				require.NoError(t, w.CheckFence(t.Context(), epoch, seq-1, seq+1))
				require.NotZero(t, rule.Hits())
				rule.Mend()
				start(t, bucket)
				if what != "not found" { // which says that nobody is there: the next look will tell
					store.Break(fault)
				}
				require.ErrorIs(t, w.CheckFence(t.Context(), epoch, seq+1, seq+1), ErrFenced)
			})
		})
	}
}

// Scenario 36: what stands at a place, and stays wrong, is called what it is: damage, and not another broker.
func TestScenario36_DamageAtOurPlace(t *testing.T) {
	for what, c := range map[string]struct {
		lost   bool // the PUT happened, and its answer was lost
		damage func(body []byte) []byte
		says   string
	}{
		"garbage of nobody":         {false, func([]byte) []byte { return []byte("<html>502</html>") }, "does not tell by whom"},
		"an empty object":           {false, func([]byte) []byte { return nil }, "does not tell by whom"},
		"ours, cut short":           {true, func(body []byte) []byte { return body[:len(body)-1] }, "does not tell by whom"},
		"ours, with another middle": {true, func(body []byte) []byte { body[9] ^= 1; return body }, "differ from byte 9 on"},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bucket := mem.New()
				w := start(t, bucket)
				commit := named(w.state.Epoch, w.state.Seq+1, "n")
				key := segment.Key(commit.Epoch, commit.Seq)
				sw := segment.NewWriter(nil)
				sw.Reset(false)
				body, err := w.Encode(sw, commit)
				require.NoError(t, err)
				require.NoError(t, bucket.Put(t.Context(), key, c.damage(append([]byte(nil), body...))))
				failures := 0
				_, _, err = w.Place(commit.Epoch, commit.Seq).Append(t.Context(), body, false, func(err error) {
					require.NotErrorIs(t, err, ErrFenced)
					failures++
				})
				require.ErrorIs(t, err, segment.ErrCorrupt)
				require.NotErrorIs(t, err, ErrFenced)
				require.NotContains(t, err.Error(), "another process")
				require.ErrorContains(t, err, key)
				require.ErrorContains(t, err, c.says)
				require.Equal(t, maxDoubts-1, failures)
				err = w.CheckFence(t.Context(), commit.Epoch, commit.Seq, commit.Seq)
				require.NotErrorIs(t, err, ErrFenced)
				if c.says == "does not tell by whom" {
					require.ErrorIs(t, err, segment.ErrCorrupt)
				}
			})
		})
	}
}

// Scenario 36: a segment that is listed and not there, or the other way round, is not called lost at once,
// and then by what was found.
func TestScenario36_MissingIsListedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bucket := mem.New()
		w := start(t, bucket)
		w.write(numbers(2 * MaxPipeline)...)
		key := segment.Key(1, 5)
		store := faulty.New(bucket, 1)
		gone := store.Break(faulty.Fault{Ops: objstore.OpGetRange, Prefix: key, Do: faulty.Missing()})
		j, err := Open(t.Context(), store, Events{})
		require.NoError(t, err)
		began := time.Now()
		err = j.TakeOver(t.Context(), meta.NewState(), time.Now)
		require.ErrorIs(t, err, segment.ErrCorrupt)
		require.ErrorContains(t, err, key+" is listed")
		require.Greater(t, time.Since(began), time.Second, "a moment of trouble is over by then")
		gone.Mend()

		body, err := bucket.Get(t.Context(), key)
		require.NoError(t, err)
		require.NoError(t, bucket.Delete(t.Context(), key))
		back := time.AfterFunc(time.Second, func() { _ = bucket.Put(context.Background(), key, body) })
		defer back.Stop()
		state := meta.NewState()
		require.NoError(t, j.TakeOver(t.Context(), state, time.Now), "it was away, and not lost")
		require.True(t, knows(state, "31"))
	})
}

// Scenario 36: a file that is ahead of what the bucket shows is not called so because of one listing.
func TestScenario36_ListingThatNeverShowsWhatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bucket := mem.New()
		w := start(t, bucket)
		w.write("a")
		store := faulty.New(bucket, 1, faulty.Fault{Ops: objstore.OpList, Do: faulty.Empty()})
		j, err := Open(t.Context(), store, Events{})
		require.NoError(t, err)
		for what, state := range map[string]*meta.State{"with a file": w.replayed(), "without": meta.NewState()} {
			before := len(w.keys())
			err = j.TakeOver(t.Context(), state, time.Now)
			require.ErrorIs(t, err, ErrListing, what)
			require.NotErrorIs(t, err, segment.ErrCorrupt, what)
			require.Len(t, w.keys(), before, "nothing was sealed")
		}
	})
}

// Scenario 36: a store that says once that it wrote over an object is asked again.
func TestScenario36_ProbeIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lying := &lyingOnce{Store: mem.New()}
		_, err := Open(t.Context(), lying, Events{})
		require.NoError(t, err)
		require.Equal(t, 3, lying.probes)
	})
}

// lyingOnce says at its second PUT of a probe that it went through.
type lyingOnce struct {
	*mem.Store
	probes int
}

func (l *lyingOnce) Put(ctx context.Context, key string, body []byte) error {
	err := l.Store.Put(ctx, key, body)
	if key[0] == 'p' {
		if l.probes++; l.probes == 2 {
			return nil
		}
	}
	return err
}

// keys lists all of the bucket.
func (w *writer) keys() (keys []string) {
	for info, err := range w.store.List(w.t.Context(), "", "") {
		require.NoError(w.t, err)
		keys = append(keys, info.Key)
	}
	return keys
}

// A seal of a starter that gave up lands late: it fences nobody who is there by then, and what it does fence learns of it.
func TestLateSeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bucket := mem.New()
		w := start(t, bucket)
		w.write("a")
		store := faulty.New(bucket, 1, faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Do: faulty.FailLate(errLost, time.Minute)})
		j, err := Open(t.Context(), store, Events{})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		require.ErrorIs(t, j.TakeOver(ctx, meta.NewState(), time.Now), errLost)
		w.write("b") // at the place of the late seal
		store.Wait()
		require.NoError(t, w.CheckFence(t.Context(), 1, w.state.Seq, w.state.Seq+1))
		w.write("c")
		require.Empty(t, w.state.Diff(w.replayed()))
	})
}
