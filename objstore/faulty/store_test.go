package faulty

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
	"streamhouse/objstore/mem"
	"streamhouse/objstore/storetest"
)

func broken(t *testing.T, faults ...Fault) (*Store, *mem.Store) {
	t.Helper()
	inner := mem.New()
	for i := range 20 {
		require.NoError(t, inner.Put(t.Context(), fmt.Sprintf("old/%02d", i), []byte("0123456789")))
	}
	return New(inner, 1, faults...), inner
}

func TestFailBefore(t *testing.T) {
	f, inner := broken(t, Fault{Do: FailBefore(nil)})
	require.ErrorIs(t, f.Put(t.Context(), "new", nil), ErrInjected)
	_, err := inner.Get(t.Context(), "new")
	require.ErrorIs(t, err, objstore.ErrNotFound)
	_, err = f.Get(t.Context(), "old/01")
	require.ErrorIs(t, err, ErrInjected)
	_, err = f.GetRange(t.Context(), "old/01", 0, 1)
	require.ErrorIs(t, err, ErrInjected)
	infos, err := storetest.ListAll(t.Context(), f, "", "")
	require.ErrorIs(t, err, ErrInjected)
	require.Empty(t, infos)
	require.ErrorIs(t, f.Delete(t.Context(), "old/01"), ErrInjected)
	_, err = inner.Get(t.Context(), "old/01")
	require.NoError(t, err)
}

func TestFailAfter(t *testing.T) {
	f, inner := broken(t, Fault{Do: FailAfter(io.ErrUnexpectedEOF)})
	require.ErrorIs(t, f.Put(t.Context(), "new", []byte("x")), io.ErrUnexpectedEOF)
	body, err := inner.Get(t.Context(), "new")
	require.NoError(t, err)
	require.Equal(t, "x", string(body))
	require.ErrorIs(t, f.Put(t.Context(), "new", []byte("x")), objstore.ErrExists, "what did not happen keeps its error")
	body, err = f.Get(t.Context(), "new")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Nil(t, body)
	infos, err := storetest.ListAll(t.Context(), f, "", "")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Less(t, len(infos), 8)
	require.ErrorIs(t, f.Delete(t.Context(), "new"), io.ErrUnexpectedEOF)
	_, err = inner.Get(t.Context(), "new")
	require.ErrorIs(t, err, objstore.ErrNotFound)
}

func TestRefuse(t *testing.T) {
	f, _ := broken(t, Fault{Do: Refuse()})
	require.ErrorIs(t, f.Put(t.Context(), "new", nil), objstore.ErrPermanent)
}

// A store that takes no larger objects takes smaller ones, and nothing of what it refuses.
func TestTooLarge(t *testing.T) {
	f, inner := broken(t, Fault{Ops: objstore.OpPut, Above: 3, Do: TooLarge()})
	require.NoError(t, f.Put(t.Context(), "small", []byte("123")))
	err := f.Put(t.Context(), "large", []byte("1234"))
	require.ErrorIs(t, err, objstore.ErrTooLarge)
	require.NotErrorIs(t, err, objstore.ErrPermanent)
	_, err = inner.Get(t.Context(), "large")
	require.ErrorIs(t, err, objstore.ErrNotFound)
	_, err = f.Get(t.Context(), "small")
	require.NoError(t, err)
	f, _ = broken(t, Fault{Above: 3, Do: TooLarge()})
	_, err = f.Get(t.Context(), "old/01")
	require.NoError(t, err, "it is about Puts alone")
}

func TestConditions(t *testing.T) {
	put := func(f *Store, key string) bool { return f.Put(t.Context(), key, nil) != nil }
	f, _ := broken(t, Fault{Ops: objstore.OpGet | objstore.OpDelete, Do: FailBefore(nil)})
	require.False(t, put(f, "a"))
	require.Error(t, f.Delete(t.Context(), "a"))

	f, _ = broken(t, Fault{Prefix: "journal/", Do: FailBefore(nil)})
	require.False(t, put(f, "segments/1"))
	require.True(t, put(f, "journal/1"))
	require.Error(t, f.Delete(t.Context(), "a", "journal/2"))
	require.NoError(t, f.Delete(t.Context()))
	_, err := storetest.ListAll(t.Context(), f, "journal/0", "")
	require.Error(t, err)

	f, _ = broken(t, Fault{Ops: objstore.OpPut, Nth: 3, Do: FailBefore(nil)})
	require.Equal(t, []bool{false, false, true, false}, []bool{put(f, "1"), put(f, "2"), put(f, "3"), put(f, "4")})

	f, _ = broken(t, Fault{Ops: objstore.OpPut, Times: 2, Do: FailBefore(nil)})
	require.Equal(t, []bool{true, true, false}, []bool{put(f, "1"), put(f, "2"), put(f, "3")})
}

func TestChanceFollowsTheSeed(t *testing.T) {
	run := func(seed uint64) (failed [200]bool) {
		f := New(mem.New(), seed, Fault{Chance: 0.3, Do: FailBefore(nil)})
		var wg sync.WaitGroup
		for i := range failed { // in any order
			wg.Go(func() { failed[i] = f.Put(t.Context(), fmt.Sprint(i), nil) != nil })
		}
		wg.Wait()
		return failed
	}
	first := run(1)
	require.Equal(t, first, run(1))
	require.NotEqual(t, first, run(2))
	n := 0
	for _, failed := range first {
		if failed {
			n++
		}
	}
	require.InDelta(t, 60, n, 25)
}

func TestDamage(t *testing.T) {
	f, _ := broken(t, Fault{Do: FlipBit()})
	first, err := f.Get(t.Context(), "old/01")
	require.NoError(t, err)
	flipped := 0
	for i := range first {
		flipped += bits.OnesCount8(first[i] ^ "0123456789"[i])
	}
	require.Equal(t, 1, flipped)
	g, _ := broken(t, Fault{Do: FlipBit()})
	again, err := g.Get(t.Context(), "old/01")
	require.NoError(t, err)
	require.Equal(t, first, again, "the seed decides")
	part, err := f.GetRange(t.Context(), "old/01", 2, 3)
	require.NoError(t, err)
	require.NotEqual(t, "234", string(part))

	f, _ = broken(t, Fault{Do: Truncate()})
	body, err := f.Get(t.Context(), "old/01")
	require.NoError(t, err)
	require.Equal(t, "01234", string(body))
	part, err = f.GetRange(t.Context(), "old/01", 2, 3)
	require.NoError(t, err)
	require.Equal(t, "234", string(part))
	_, err = f.GetRange(t.Context(), "old/01", 2, 4)
	require.ErrorIs(t, err, objstore.ErrRange)
	_, err = f.GetRange(t.Context(), "none", 2, 4)
	require.ErrorIs(t, err, objstore.ErrNotFound)
	_, err = f.GetRange(t.Context(), "old/01", -1, 4)
	require.ErrorIs(t, err, objstore.ErrRange)
}

func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := broken(t, Fault{Do: Slow(time.Hour)}, Fault{Do: Slow(time.Minute)})
		start := time.Now()
		require.NoError(t, f.Put(t.Context(), "new", nil))
		require.Equal(t, 61*time.Minute, time.Since(start))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, f.Put(ctx, "newer", nil), context.DeadlineExceeded)
	})
}

func TestHang(t *testing.T) {
	for name, c := range map[string]struct {
		do       Effect
		happened bool
	}{"before": {Hang(), false}, "after": {HangAfter(), true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, inner := broken(t)
				rule := f.Break(Fault{Ops: objstore.OpPut, Do: c.do})
				done := make(chan error, 1)
				go func() { done <- f.Put(t.Context(), "new", nil) }()
				require.NoError(t, rule.Wait(t.Context(), 1))
				synctest.Wait()
				require.Empty(t, done)
				_, err := inner.Get(t.Context(), "new")
				require.Equal(t, c.happened, err == nil)
				rule.Mend()
				require.NoError(t, <-done)
				require.NoError(t, f.Put(t.Context(), "newer", nil), "the rule is over")
			})
		})
	}
}

func TestHangEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, inner := broken(t, Fault{Prefix: "before", Do: Hang()}, Fault{Prefix: "after", Do: HangAfter()})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, f.Put(ctx, "before", nil), context.DeadlineExceeded)
		_, err := inner.Get(t.Context(), "before")
		require.ErrorIs(t, err, objstore.ErrNotFound)

		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, f.Put(ctx, "after", nil), context.DeadlineExceeded)
		_, err = inner.Get(t.Context(), "after")
		require.NoError(t, err)
	})
}

func TestMend(t *testing.T) {
	f, _ := broken(t)
	rule := f.Break(Fault{Do: FailBefore(nil)})
	other := f.Break(Fault{Do: FailBefore(errors.New("second"))})
	require.ErrorIs(t, f.Put(t.Context(), "new", nil), ErrInjected, "the first error ends the call")
	require.Equal(t, 1, rule.Hits())
	require.Equal(t, 1, other.Hits())
	rule.Mend()
	rule.Mend()
	require.ErrorContains(t, f.Put(t.Context(), "new", nil), "second")
	f.Mend()
	require.NoError(t, f.Put(t.Context(), "new", nil))
	require.Equal(t, 1, rule.Hits())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, rule.Wait(ctx, 2), context.Canceled)
}
