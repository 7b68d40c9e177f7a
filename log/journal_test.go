package log

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/segment"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// forget removes the metadata file of a closed log, so that the next start reads the whole journal.
func (e *engine) forget() {
	e.t.Helper()
	require.NoError(e.t, os.Remove(e.o.MetadataPath))
}

// A journal in which something is not what it must be is refused, by its name, and sealed by nobody.
func TestDamagedJournalIsRefused(t *testing.T) {
	for what, c := range map[string]struct {
		damage func(t *testing.T, e *engine, key string)
		says   string
	}{
		"cut off": {func(t *testing.T, e *engine, key string) {
			rewrite(t, e.store, key, func(o []byte) []byte { return o[:len(o)-1] })
		}, "truncated"},
		"all but gone": {func(t *testing.T, e *engine, key string) {
			rewrite(t, e.store, key, func(o []byte) []byte { return o[:10] })
		}, "too few"},
		"a bit of the commit": {func(t *testing.T, e *engine, key string) {
			rewrite(t, e.store, key, func(o []byte) []byte { o[len(o)-segment.FooterLen-1] ^= 4; return o })
		}, "the commit's CRC-32C"},
		"another one under its name": {func(t *testing.T, e *engine, key string) {
			other, err := e.store.Get(t.Context(), segment.Key(e.epoch, e.nextSeq-2))
			require.NoError(t, err)
			rewrite(t, e.store, key, func([]byte) []byte { return other })
		}, "says that it is"},
		"of another cluster": {func(t *testing.T, e *engine, key string) {
			rewrite(t, e.store, key, func(o []byte) []byte {
				f := o[len(o)-segment.FooterLen:]
				f[0] ^= 1
				binary.LittleEndian.PutUint32(f[72:], crc32.Checksum(f[:72], crc32.MakeTable(crc32.Castagnoli)))
				return o
			})
		}, "belongs to cluster"},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEngine(t)
				p := e.topic("t", 1)[0]
				require.NoError(t, e.append(p, testBatch(t, nil, "a")).Err)
				key := e.nextKey()
				require.NoError(t, e.append(p, testBatch(t, nil, "b")).Err)
				require.NoError(t, e.Close(t.Context()))
				e.forget()
				good, err := e.store.Get(t.Context(), key)
				require.NoError(t, err)
				c.damage(t, e, key)
				before := keys(t, e.store)
				_, err = Open(t.Context(), e.store, e.o)
				require.ErrorIs(t, err, ErrCorruptLog)
				require.ErrorContains(t, err, key)
				require.ErrorContains(t, err, c.says)
				require.Equal(t, before, keys(t, e.store))
				rewrite(t, e.store, key, func([]byte) []byte { return good })
				e.open()
				require.Equal(t, []string{"a", "b"}, e.values(p, 0), "restored")
			})
		})
	}
}

func keys(t *testing.T, store objstore.Store) (all []string) {
	t.Helper()
	for info, err := range store.List(t.Context(), "", "") {
		require.NoError(t, err)
		all = append(all, info.Key)
	}
	return all
}

// A seal that is gone while its epoch exists is a loss, not the journal's end.
func TestMissingSealRefusesToOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t)
		seal := e.nextKey()
		e.reopen()
		e.topic("t", 1) // in the epoch that the seal began
		require.NoError(t, e.Close(t.Context()))
		e.forget()
		require.NoError(t, e.store.Delete(t.Context(), seal))
		_, err := Open(t.Context(), e.store, e.o)
		require.ErrorIs(t, err, ErrCorruptLog)
		require.ErrorContains(t, err, seal)
	})
}

// A bucket that is older than the metadata file, restored from a copy perhaps, is refused with the way out.
func TestBucketOlderThanTheMetadataFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t)
		p := e.topic("t", 1)[0]
		require.NoError(t, e.append(p, testBatch(t, nil, "a")).Err)
		last := e.nextKey()
		require.NoError(t, e.append(p, testBatch(t, nil, "b")).Err)
		require.NoError(t, e.Close(t.Context()))
		require.NoError(t, e.store.Delete(t.Context(), last))
		_, err := Open(t.Context(), e.store, e.o)
		require.ErrorIs(t, err, ErrCorruptLog)
		require.ErrorContains(t, err, last)
		e.forget()
		e.open()
		require.Equal(t, []string{"a"}, e.values(p, 0))
	})
}

// The old broker writes while the new one takes over: what it gets in before the seal is part of the
// log, and it was right to acknowledge it.
func TestTakeoverFromABrokerAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := mem.New()
		old := openEngine(t, mem)
		p := old.topic("t", 1)[0]
		store := faulty.New(mem, 1)
		seal := store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Do: faulty.Hang()})
		opened := make(chan *engine)
		go func() { opened <- openEngine(t, store) }()
		require.NoError(t, seal.Wait(t.Context(), 1))
		for _, v := range numbers(0, 3) {
			require.NoError(t, old.append(p, testBatch(t, nil, v)).Err)
		}
		seal.Mend()
		fresh := <-opened
		require.Equal(t, numbers(0, 3), fresh.values(p, 0))
		_, err := old.start(p, testBatch(t, nil, "too late")).Wait(t.Context())
		require.ErrorIs(t, err, ErrFenced)
		require.ErrorContains(t, err, "another process")
		require.Equal(t, numbers(0, 3), fresh.values(p, 0))
	})
}

// Open ends with its caller, and with a store that refuses for good, says where it stood, and lets go of the metadata file.
func TestOpenThatCannotGoOn(t *testing.T) {
	for what, c := range map[string]struct {
		fault faulty.Fault
		want  error
		says  string
	}{
		"cluster":              {faulty.Fault{Ops: objstore.OpGet, Do: faulty.Refuse()}, objstore.ErrPermanent, `read the object "cluster"`},
		"founding":             {faulty.Fault{Ops: objstore.OpPut, Prefix: "cluster", Do: faulty.Refuse()}, objstore.ErrPermanent, `write the object "cluster"`},
		"looking around":       {faulty.Fault{Ops: objstore.OpList, Nth: 1, Do: faulty.Refuse()}, objstore.ErrPermanent, "list the journal"},
		"probe":                {faulty.Fault{Ops: objstore.OpPut, Prefix: "probe/", Do: faulty.Refuse()}, objstore.ErrPermanent, "write a probe"},
		"second probe":         {faulty.Fault{Ops: objstore.OpPut, Prefix: "probe/", Nth: 2, Do: faulty.Refuse()}, objstore.ErrPermanent, "write the probe again"},
		"replay":               {faulty.Fault{Ops: objstore.OpList, Nth: 2, Do: faulty.Refuse()}, objstore.ErrPermanent, "list the journal"},
		"seal":                 {faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Do: faulty.Refuse()}, objstore.ErrPermanent, "seal epoch 0 at 1"},
		"a store that is away": {faulty.Fault{Do: faulty.FailBefore(errNet)}, errNet, "connection reset"},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := faulty.New(mem.New(), 1, c.fault)
				o := Options{MetadataPath: t.TempDir() + "/m.db", Logger: slog.New(slog.DiscardHandler)}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start := time.Now()
				_, err := Open(ctx, store, o)
				require.ErrorIs(t, err, c.want)
				require.ErrorContains(t, err, c.says)
				require.Equal(t, c.want == errNet, time.Since(start) == time.Minute, "only what may pass is tried again")
				store.Mend()
				l, err := Open(t.Context(), store, o)
				require.NoError(t, err)
				require.NoError(t, l.Close(t.Context()))
			})
		})
	}
}

// Answers that get lost on the way do not keep a broker from starting.
func TestOpenWithLostAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t)
		p := e.topic("t", 1)[0]
		require.NoError(t, e.append(p, testBatch(t, nil, "v")).Err)
		require.NoError(t, e.Close(t.Context()))
		store := faulty.New(e.store, 1)
		for _, op := range []objstore.Op{objstore.OpPut, objstore.OpGet, objstore.OpGetRange, objstore.OpList} {
			store.Break(faulty.Fault{Ops: op, Times: 2, Do: faulty.FailAfter(errNet)})
		}
		fresh := openEngine(t, store)
		require.Equal(t, []string{"v"}, fresh.values(p, 0))
		segments := make(map[[16]byte]int) // by the process that wrote them
		var latest [16]byte
		for _, key := range keys(t, e.store) {
			if object, err := e.store.Get(t.Context(), key); err == nil {
				if f, err := segment.DecodeFooter(object, int64(len(object))); err == nil {
					segments[f.Writer]++
					latest = f.Writer
				}
			}
		}
		require.Len(t, segments, 2)
		require.Equal(t, 1, segments[latest], "it sealed once, though it was told that it did not")
	})
}
