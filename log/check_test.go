package log

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
)

// rewrite replaces an object's bytes, as no broker can.
func rewrite(t testing.TB, store objstore.Store, key string, change func([]byte) []byte) {
	t.Helper()
	object, err := store.Get(t.Context(), key)
	require.NoError(t, err)
	require.NoError(t, store.Delete(t.Context(), key))
	require.NoError(t, store.Put(t.Context(), key, change(slices.Clone(object))))
}

// written is a log at rest with two partitions, and the key of a segment that holds records of both.
func written(t *testing.T) (e *engine, p []PartitionID, key string) {
	e = newEngine(t)
	p = e.topic("t", 2)
	key = e.nextKey()
	pending, err := e.Append(t.Context(), []AppendRequest{
		{Partition: p[0], Records: testBatch(t, nil, numbers(0, 100)...)},
		{Partition: p[1], Records: testBatch(t, nil, numbers(0, 50)...)},
	})
	require.NoError(t, err)
	outcome(t, pending)
	require.NoError(t, e.append(p[1], testBatch(t, nil, numbers(50, 60)...)).Err)
	return e, p, key
}

// firstExtent returns where a partition's oldest records are.
func firstExtent(p *meta.Partition) (first meta.Extent) {
	for e := range p.Extents.All() {
		return e
	}
	return first
}

// placed is the partition p as a state has it whose commit says that its only extent is x.
func (e *engine) placed(p *meta.Partition, x meta.Extent) *meta.Partition {
	e.t.Helper()
	s := meta.NewState()
	s.Seq, s.Epoch = x.Segment-1, e.state.Epoch
	_, err := s.Apply(&meta.Commit{Seq: x.Segment, Epoch: s.Epoch, Entries: []meta.Entry{
		&meta.CreateTopic{ID: p.ID.Topic, Name: "t", Partitions: p.ID.Index + 1},
		&meta.Append{Partition: p.ID, Pos: x.Pos, Len: x.Len, Batches: []meta.Batch{
			{Len: x.To - x.From, Offsets: x.Count, MaxTimestamp: x.MaxTimestamp, ProducerID: -1},
		}},
	}})
	require.NoError(e.t, err)
	placed := s.Partition(p.ID)
	require.Equal(e.t, x, firstExtent(placed))
	placed.HighWatermark = p.HighWatermark
	return placed
}

// What may happen to the bucket behind the broker's back is noticed, and the text says where.
func TestCheckNoticesDamage(t *testing.T) {
	for what, c := range map[string]struct {
		damage func(object []byte, x meta.Extent) []byte
		says   string
	}{
		"a block's payload": {func(o []byte, x meta.Extent) []byte {
			o[x.Pos+segment.BlockHeaderLen+5] ^= 1
			return o
		}, "CRC-32C"},
		"a block's magic": {func(o []byte, x meta.Extent) []byte {
			o[x.Pos] ^= 1
			return o
		}, "no block begins here"},
		"a good block of another partition": {func(o []byte, x meta.Extent) []byte {
			b := o[x.Pos : x.Pos+int64(x.Len)]
			b[20] ^= 1
			binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], crc32.MakeTable(crc32.Castagnoli)))
			return o
		}, "the block has"},
		"an object cut off": {func(o []byte, x meta.Extent) []byte {
			return o[:x.Pos+10]
		}, "in an object of"},
		"the commit": {func(o []byte, _ meta.Extent) []byte {
			o[len(o)-segment.FooterLen-3] ^= 1
			return o
		}, "the commit's CRC-32C"},
		"the footer": {func(o []byte, _ meta.Extent) []byte {
			o[len(o)-20] ^= 1
			return o
		}, "footer"},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, p, key := written(t)
				require.NoError(t, e.Check(t.Context()))
				var good []byte
				rewrite(t, e.store, key, func(o []byte) []byte {
					good = slices.Clone(o)
					return c.damage(o, firstExtent(e.partitionOf(p[0]).meta))
				})
				err := e.Check(t.Context())
				require.ErrorContains(t, err, key)
				require.ErrorContains(t, err, c.says)
				rewrite(t, e.store, key, func([]byte) []byte { return good })
				require.NoError(t, e.Check(t.Context()), "mended")
			})
		})
	}
}

// An extent must be what the state says: whose it is, how many offsets, up to what time, whole batches.
func TestCheckComparesExtentsWithTheirBlocks(t *testing.T) {
	e, p, key := written(t)
	object, err := e.store.Get(t.Context(), key)
	require.NoError(t, err)
	good := partitionExtent{p[0], firstExtent(e.partitionOf(p[0]).meta)}
	require.NoError(t, e.checkExtent(object, good))
	for what, change := range map[string]func(*partitionExtent){
		"partition":               func(x *partitionExtent) { x.partition = p[1] },
		"position behind the end": func(x *partitionExtent) { x.Pos = int64(len(object)) },
		"more bytes than it is":   func(x *partitionExtent) { x.To++ },
		"part of a batch":         func(x *partitionExtent) { x.To-- },
		"one offset more":         func(x *partitionExtent) { x.Count++ },
		"one offset less":         func(x *partitionExtent) { x.Count-- },
		"another time":            func(x *partitionExtent) { x.MaxTimestamp++ },
	} {
		bad := good
		change(&bad)
		require.Error(t, e.checkExtent(object, bad), what)
	}
}

// A segment that is gone is missed by those who refer to it and by the replay.
func TestCheckNoticesAMissingSegment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p, key := written(t)
		object, err := e.store.Get(t.Context(), key)
		require.NoError(t, err)
		require.NoError(t, e.store.Delete(t.Context(), key))
		err = e.Check(t.Context())
		require.ErrorIs(t, err, objstore.ErrNotFound)
		require.ErrorIs(t, err, ErrCorruptLog)
		require.ErrorContains(t, err, "a replay gives another state")
		require.NoError(t, e.store.Put(t.Context(), key, object))
		require.NoError(t, e.Check(t.Context()))
		require.Equal(t, numbers(0, 60), e.values(p[1], 0))
	})
}

// A state that is not what the journal says is noticed, though it is sound by itself.
func TestCheckComparesTheStateWithAReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, p, _ := written(t)
		e.commit("g", OffsetCommit{Partition: p[0], Offset: 1})
		synctest.Wait() // the metadata file is written, and not again before the crash
		_, err := e.state.Apply(&meta.Commit{Epoch: e.epoch, Seq: e.nextSeq, Time: time.Now().UnixMilli(), Entries: []meta.Entry{&meta.DeleteGroup{Group: "g"}}})
		require.NoError(t, err)
		err = e.Check(t.Context())
		require.ErrorIs(t, err, ErrCorruptLog)
		require.ErrorContains(t, err, "another state")
		e.crash()
		e.forget() // it may have reached the commit that is in no journal
		e.open()
		require.Equal(t, []string{"g"}, e.Groups())
	})
}

// A reader of a damaged or lost block is told so; it never gets wrong bytes, and the rest of the log can be read.
func TestReadOfADamagedBlock(t *testing.T) {
	for what, spoil := range map[string]func(t *testing.T, e *engine, key string){
		"damaged": func(t *testing.T, e *engine, key string) {
			rewrite(t, e.store, key, func(o []byte) []byte {
				for i := range o {
					o[i] ^= 1
				}
				return o
			})
		},
		"cut off": func(t *testing.T, e *engine, key string) {
			rewrite(t, e.store, key, func(o []byte) []byte { return o[:10] })
		},
		"gone": func(t *testing.T, e *engine, key string) { require.NoError(t, e.store.Delete(t.Context(), key)) },
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, p, key := written(t)
				e.reopen()
				object, err := e.store.Get(t.Context(), key)
				require.NoError(t, err)
				spoil(t, e, key)
				for _, id := range p {
					res := e.read(id, 0)
					require.ErrorIs(t, res.Err, ErrCorruptLog)
					require.ErrorContains(t, res.Err, key)
					require.Empty(t, res.Records)
					_, err := e.OffsetForTime(t.Context(), id, 0)
					require.ErrorIs(t, err, ErrCorruptLog)
				}
				require.Equal(t, numbers(50, 60), e.values(p[1], 50))
				if what != "gone" {
					require.NoError(t, e.store.Delete(t.Context(), key))
				}
				require.NoError(t, e.store.Put(t.Context(), key, object))
				require.Equal(t, numbers(0, 60), e.values(p[1], 0), "restored")
			})
		})
	}
}

// A block that is whole by itself but not what the state says of it is not handed out.
func TestReadOfABlockThatIsAnother(t *testing.T) {
	e, p, _ := written(t)
	e.reopen()
	part := e.partitionOf(p[0])
	m, good := part.meta, firstExtent(part.meta)
	for what, change := range map[string]func(*meta.Extent){
		"fewer bytes":  func(x *meta.Extent) { x.To++ },
		"half a batch": func(x *meta.Extent) { x.To -= 20 },
		"more offsets": func(x *meta.Extent) { x.Count -= 10 },
	} {
		bad := good
		change(&bad)
		part.meta = e.placed(m, bad)
		require.ErrorIs(t, e.read(p[0], 0).Err, ErrCorruptLog, what)
	}
	part.meta = m
	require.Equal(t, numbers(0, 100), e.values(p[0], 0))
}
