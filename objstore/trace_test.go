package objstore_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
	"streamhouse/objstore/storetest"
)

func TestTraceTellsEveryCall(t *testing.T) {
	f := faulty.New(mem.New(), 1)
	trace := objstore.NewTrace(f)
	require.NoError(t, trace.Put(t.Context(), "a/1", []byte("12345")))
	require.Error(t, trace.Put(t.Context(), "a/1", nil))
	_, err := trace.Get(t.Context(), "a/1")
	require.NoError(t, err)
	_, err = trace.Get(t.Context(), "a/2")
	require.Error(t, err)
	_, err = trace.GetRange(t.Context(), "a/1", 1, 3)
	require.NoError(t, err)
	_, err = trace.GetRange(t.Context(), "a/1", 3, 9)
	require.Error(t, err)
	_, err = storetest.ListAll(t.Context(), trace, "a/", "")
	require.NoError(t, err)
	_, err = storetest.ListAll(t.Context(), trace, "", "a/1")
	require.NoError(t, err)
	require.NoError(t, trace.Delete(t.Context(), "a/1", "a/2"))
	f.Break(faulty.Fault{Do: faulty.FailBefore(nil)})
	require.Error(t, trace.Delete(t.Context(), "a/1"))
	f.Mend()
	f.Break(faulty.Fault{Do: faulty.Refuse()})
	_, err = storetest.ListAll(t.Context(), trace, "b", "")
	require.Error(t, err)
	require.Error(t, trace.Put(t.Context(), "b", nil))
	require.Equal(t, `put a/1 5 bytes: ok
put a/1 0 bytes: exists
get a/1 5 bytes: ok
get a/2 0 bytes: not found
get-range a/1 3 bytes from 1: ok
get-range a/1 9 bytes from 3: out of range
list "a/": 1 objects: ok
list "" after a/1: 0 objects: ok
delete a/1 a/2: ok
delete a/1: failed
list "b": 0 objects: refused
put b 0 bytes: refused
`, trace.String())
	require.Equal(t, 3, trace.Count(objstore.OpPut))
	require.Equal(t, 5, trace.Count(objstore.OpPut|objstore.OpDelete))
	require.Len(t, trace.Calls(), 12)
	trace.Reset()
	require.Empty(t, trace.String())
}

func TestTraceShowsCallsUnderWayInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := faulty.New(mem.New(), 1, faulty.Fault{Prefix: "slow", Do: faulty.Hang()})
		trace := objstore.NewTrace(f)
		done := make(chan error)
		go func() { done <- trace.Put(t.Context(), "slow", nil) }()
		synctest.Wait()
		require.NoError(t, trace.Put(t.Context(), "quick", nil))
		require.Equal(t, "put slow 0 bytes: under way\nput quick 0 bytes: ok\n", trace.String())
		f.Mend()
		require.NoError(t, <-done)
		require.Equal(t, "put slow 0 bytes: ok\nput quick 0 bytes: ok\n", trace.String())
	})
}

func TestTraceOfAListingThatStops(t *testing.T) {
	trace := objstore.NewTrace(mem.New())
	for _, key := range []string{"1", "2", "3"} {
		require.NoError(t, trace.Put(t.Context(), key, nil))
	}
	trace.Reset()
	for range trace.List(t.Context(), "", "") {
		break
	}
	require.Equal(t, "list \"\": 1 objects: ok\n", trace.String())
}

func TestTraceStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) objstore.Store { return objstore.NewTrace(mem.New()) })
}
