package journal

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"streamhouse/log/segment"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// What is not a bucket of ours, or of another version, is refused and left alone.
func TestBucketsThatAreNotOurs(t *testing.T) {
	for what, c := range map[string]struct {
		key, body, says string
		is              error
	}{
		"no JSON":                   {clusterKey, "hello", "is not ours", segment.ErrCorrupt},
		"a later format":            {clusterKey, `{"format":2,"cluster":"AAAAAAAAAAAAAAAAAAAAAA"}`, "has format 2", ErrFormat},
		"no format":                 {clusterKey, `{"cluster":"AAAAAAAAAAAAAAAAAAAAAA"}`, "has format 0", ErrFormat},
		"no id":                     {clusterKey, `{"format":1}`, "no valid cluster id", segment.ErrCorrupt},
		"an id that is too short":   {clusterKey, `{"format":1,"cluster":"AAAA"}`, "no valid cluster id", segment.ErrCorrupt},
		"an id of other characters": {clusterKey, `{"format":1,"cluster":"AAAAAAAAAAAAAAAAAAAAA/"}`, "no valid cluster id", segment.ErrCorrupt},
		"a journal and no cluster":  {segment.Key(0, 1), "x", "no object \"cluster\"", segment.ErrCorrupt},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := mem.New()
				require.NoError(t, store.Put(t.Context(), c.key, []byte(c.body)))
				_, err := Open(t.Context(), store, Events{})
				require.ErrorIs(t, err, c.is)
				require.ErrorContains(t, err, c.says)
				for info, err := range store.List(t.Context(), "", "") {
					require.NoError(t, err)
					require.Equal(t, c.key, info.Key)
				}
			})
		})
	}
}

// Two brokers that meet in an empty bucket, or one whose answer got lost, agree on one cluster.
func TestClusterIsFoundedOnce(t *testing.T) {
	for what, fault := range map[string]faulty.Fault{
		"another was quicker": {Ops: objstore.OpGet, Prefix: clusterKey, Nth: 1, Do: faulty.FailBefore(objstore.ErrNotFound)},
		"answer lost":         {Ops: objstore.OpPut, Prefix: clusterKey, Times: 1, Do: faulty.FailAfter(errLost)},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mem := mem.New()
				if what == "another was quicker" {
					require.NoError(t, mem.Put(t.Context(), clusterKey, []byte(`{"format":1,"cluster":"AAAAAAAAAAAAAAAAAAAAAQ"}`)))
				}
				store := faulty.New(mem, 1)
				rule := store.Break(fault)
				j, err := Open(t.Context(), store, Events{})
				require.NoError(t, err)
				require.Equal(t, 1, rule.Hits())
				raw, err := mem.Get(t.Context(), clusterKey)
				require.NoError(t, err)
				id, err := decodeCluster(raw)
				require.NoError(t, err)
				require.Equal(t, id, j.Cluster())
			})
		})
	}
}
