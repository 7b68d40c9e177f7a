package faulty

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
	"streamhouse/objstore/storetest"
)

func TestFailLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reset := errors.New("reset")
		f, inner := broken(t, Fault{Ops: objstore.OpPut, Times: 2, Do: FailLate(reset, time.Minute)})
		body := []byte("late")
		require.ErrorIs(t, f.Put(t.Context(), "first", body), reset)
		require.ErrorIs(t, f.Put(t.Context(), "second", body), reset)
		copy(body, "----") // the caller's again
		require.NoError(t, f.Put(t.Context(), "second", []byte("quick")), "the key is free until then")
		time.Sleep(time.Minute - 1)
		_, err := inner.Get(t.Context(), "first")
		require.ErrorIs(t, err, objstore.ErrNotFound)
		f.Wait()
		got, err := inner.Get(t.Context(), "first")
		require.NoError(t, err)
		require.Equal(t, "late", string(got))
		got, err = inner.Get(t.Context(), "second")
		require.NoError(t, err)
		require.Equal(t, "quick", string(got), "create-only decides when it lands")
	})
}

func TestFailLateConcernsPutsAlone(t *testing.T) {
	f, _ := broken(t, Fault{Do: FailLate(nil, time.Hour)})
	_, err := f.Get(t.Context(), "old/01")
	require.NoError(t, err)
	infos, err := storetest.ListAll(t.Context(), f, "", "")
	require.NoError(t, err)
	require.Len(t, infos, 20)
	require.NoError(t, f.Delete(t.Context(), "old/01"))
}

func TestEmpty(t *testing.T) {
	f, _ := broken(t, Fault{Do: Empty()})
	body, err := f.Get(t.Context(), "old/01")
	require.NoError(t, err)
	require.Empty(t, body)
	body, err = f.GetRange(t.Context(), "old/01", 0, 0)
	require.NoError(t, err)
	require.Empty(t, body)
	_, err = f.GetRange(t.Context(), "old/01", 0, 1)
	require.ErrorIs(t, err, objstore.ErrRange, "a range never comes back shorter")
	_, err = f.Get(t.Context(), "none")
	require.ErrorIs(t, err, objstore.ErrNotFound)
	infos, err := storetest.ListAll(t.Context(), f, "", "")
	require.NoError(t, err)
	require.Empty(t, infos)
}

func TestOtherObject(t *testing.T) {
	f, inner := broken(t)
	require.NoError(t, inner.Put(t.Context(), "a", []byte("first")))
	require.NoError(t, inner.Put(t.Context(), "z", []byte("last")))
	f.Break(Fault{Do: OtherObject()})
	body, err := f.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, "0123456789", string(body), "the next one's")
	body, err = f.Get(t.Context(), "z")
	require.NoError(t, err)
	require.Equal(t, "first", string(body), "behind the last one comes the first")
	body, err = f.GetRange(t.Context(), "a", 2, 7)
	require.NoError(t, err)
	require.Equal(t, "2345678", string(body))
	_, err = f.GetRange(t.Context(), "old/19", 0, 5)
	require.ErrorIs(t, err, objstore.ErrRange, "the other one is shorter")
	_, err = f.Get(t.Context(), "../a")
	require.ErrorIs(t, err, objstore.ErrKey)
}

func TestMissing(t *testing.T) {
	f, _ := broken(t, Fault{Times: 2, Do: Missing()})
	_, err := f.Get(t.Context(), "old/01")
	require.ErrorIs(t, err, objstore.ErrNotFound)
	_, err = f.GetRange(t.Context(), "old/01", 0, 1)
	require.ErrorIs(t, err, objstore.ErrNotFound)
	body, err := f.Get(t.Context(), "old/01")
	require.NoError(t, err)
	require.Equal(t, "0123456789", string(body), "only so many times")

	f, _ = broken(t, Fault{Do: Missing()})
	_, err = f.Get(t.Context(), "../a")
	require.ErrorIs(t, err, objstore.ErrKey)
	require.NoError(t, f.Put(t.Context(), "new", nil))
	infos, err := storetest.ListAll(t.Context(), f, "", "")
	require.NoError(t, err)
	require.Len(t, infos, 21)
	require.NoError(t, f.Delete(t.Context(), "new"))
}

func TestLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := broken(t, Fault{Do: Lag(10 * time.Second)})
		count := func() int {
			infos, err := storetest.ListAll(t.Context(), f, "", "")
			require.NoError(t, err)
			return len(infos)
		}
		require.NoError(t, f.Put(t.Context(), "new/1", nil))
		require.Equal(t, 20, count(), "what was there before is shown")
		time.Sleep(6 * time.Second)
		require.NoError(t, f.Put(t.Context(), "new/2", nil))
		time.Sleep(4 * time.Second)
		require.Equal(t, 21, count())
		_, err := f.Get(t.Context(), "new/2")
		require.NoError(t, err, "it is there")
		time.Sleep(6 * time.Second)
		require.Equal(t, 22, count())
		require.NoError(t, f.Put(t.Context(), "new/3", nil))
		f.Mend()
		require.Equal(t, 23, count())
	})
}
