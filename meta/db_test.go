package meta

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

// testDB is a file in a folder of the test's own.
type testDB struct {
	*DB
	path string
}

func (d *testDB) open(t testing.TB) {
	if d.path == "" {
		d.path = filepath.Join(t.TempDir(), "data", "metadata.db")
	}
	db, err := OpenDB(d.path)
	require.NoError(t, err)
	d.DB = db
	d.noSync()
	t.Cleanup(func() { require.NoError(t, db.Close()) })
}

// noSync makes writes fast: the tests kill no machine.
func (d *testDB) noSync() {
	if d.bolt != nil {
		d.bolt.NoSync = true
	}
}

// save brings the file to a state, as the engine does.
func (d *testDB) save(t testing.TB, s *State) {
	t.Helper()
	if d.Current() {
		require.NoError(t, d.Write(s.TakeChanges()))
		return
	}
	require.NoError(t, d.Rewrite(t.Context(), s, new(sync.Mutex), new(sync.Mutex)))
	d.noSync()
}

// load opens the file anew.
func (d *testDB) load(t testing.TB) *State {
	require.NoError(t, d.Close())
	d.open(t)
	s, err := d.Load()
	require.NoError(t, err)
	return s
}

// keys counts the pairs of each bucket.
func (d *testDB) keys(t testing.TB) map[string]int {
	n := map[string]int{}
	require.NoError(t, d.bolt.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			n[string(name)] = b.Stats().KeyN
			return nil
		})
	}))
	return n
}

// edit changes the file behind the DB's back.
func (d *testDB) edit(t testing.TB, bucket string, f func(b *bbolt.Bucket) error) {
	require.NoError(t, d.bolt.Update(func(tx *bbolt.Tx) error { return f(tx.Bucket([]byte(bucket))) }))
}

func TestNewFile(t *testing.T) {
	var d testDB
	d.open(t)
	s, err := d.Load()
	require.NoError(t, err)
	require.Empty(t, NewState().Diff(s))
	s.Cluster = [16]byte{1}
	d.save(t, s)
	require.Empty(t, s.Diff(d.load(t)), "the cluster alone is worth a write")
}

func TestEverythingComesBack(t *testing.T) {
	var d testDB
	d.open(t)
	j := newJournal(t)
	a, b := j.topic("a", 2), j.topic("b", 1)
	j.one(&AlterConfigs{ID: a, Set: map[string]string{"k": "v", "": ""}})
	j.append(at(a, 0), by(1, 2, 0, 4), plain(1), by(1<<62, 0, 1<<31-1, 2))
	j.seal()
	j.append(at(a, 1), plain(1))
	j.append(at(a, 0), plain(1))
	j.append(at(b, 0), plain(7))
	j.one(&DeleteRecords{Partition: at(a, 0), Offset: 7})
	j.one(&NameProducer{Name: "n"})
	j.one(&CommitOffsets{Group: "g", Offsets: []CommitOffset{{at(a, 1), 1<<63 - 1, 1<<31 - 1, "m"}, {at(b, 0), 0, -1, ""}}})
	j.one(&CommitOffsets{Group: "", Offsets: []CommitOffset{{Partition: at(b, 0)}}})
	j.state.Cluster = [16]byte{1, 2, 3}
	d.save(t, j.state)
	loaded := d.load(t)
	require.Empty(t, j.state.Diff(loaded))
	require.Equal(t, map[string]int{"position": 1, "topics": 2, "partitions": 3, "extents": 3, "producers": 2, "segments": 4, "offsets": 3, "names": 1}, d.keys(t))

	// It goes on from there.
	require.True(t, loaded.TakeChanges().empty())
	j.state = loaded
	require.EqualValues(t, 8, j.append(at(a, 0), plain(1))[0].Base)
	d.save(t, j.state)
	require.Empty(t, j.state.Diff(d.load(t)))
}

func TestDeletedTopicLeavesNoKeys(t *testing.T) {
	var d testDB
	d.open(t)
	j := newJournal(t)
	ids := []TopicID{{0: 1}, {0: 1, 15: 0xff}, {0: 2}, {0: 0xff, 15: 0xff}}
	for i := range ids[3] {
		ids[3][i] = 0xff
	}
	for i, id := range ids {
		j.one(&CreateTopic{ID: id, Name: string(rune('a' + i)), Partitions: 2})
		j.append(at(id, 1), by(1, 0, 0, 1))
		j.one(&CommitOffsets{Group: "g", Offsets: []CommitOffset{{Partition: at(id, 0)}}})
	}
	d.save(t, j.state)
	j.one(&DeleteTopic{ID: ids[1]})
	j.one(&DeleteTopic{ID: ids[3]})
	d.save(t, j.state)
	require.Equal(t, map[string]int{"position": 1, "topics": 2, "partitions": 4, "extents": 2, "producers": 2, "segments": 4, "offsets": 2, "names": 0}, d.keys(t))
	require.Empty(t, j.state.Diff(d.load(t)))

	// Deleted and created again under the same id between two writes.
	j.one(&DeleteTopic{ID: ids[0]})
	j.one(&CreateTopic{ID: ids[0], Name: "again", Partitions: 1})
	j.append(at(ids[0], 0), plain(3))
	d.save(t, j.state)
	require.Empty(t, j.state.Diff(d.load(t)))

	// Created and deleted between two writes.
	j.one(&CreateTopic{ID: TopicID{9}, Name: "short", Partitions: 1})
	j.append(at(TopicID{9}, 0), by(1, 0, 0, 3))
	j.one(&DeleteTopic{ID: TopicID{9}})
	d.save(t, j.state)
	require.Empty(t, j.state.Diff(d.load(t)))
}

func TestDroppedExtentsLeaveNoKeys(t *testing.T) {
	var d testDB
	d.open(t)
	j := newJournal(t)
	p := at(j.topic("a", 2), 0)
	for range 10 {
		j.append(p, plain(10))
		j.append(at(p.Topic, 1), plain(1))
	}
	d.save(t, j.state)
	require.Equal(t, 20, d.keys(t)["extents"])
	j.one(&DeleteRecords{Partition: p, Offset: 25})
	d.save(t, j.state)
	require.Equal(t, 18, d.keys(t)["extents"])
	j.append(p, plain(10))
	j.one(&DeleteRecords{Partition: p, Offset: -1})
	j.append(p, plain(10))
	d.save(t, j.state)
	require.Equal(t, 11, d.keys(t)["extents"])
	require.Empty(t, j.state.Diff(d.load(t)))
}

// TestRandomCommitsThroughTheFile takes changes at random moments, writes them one by
// one, sometimes the whole state anew, reopens the file, and compares it with a replay
// from the first commit.
func TestRandomCommitsThroughTheFile(t *testing.T) {
	for seed := range uint64(20) {
		c := newChaos(t, 1000+seed)
		var d testDB
		d.open(t)
		replayed := NewState()
		for range 300 {
			commit := c.commit()
			for _, s := range []*State{c.state, replayed} {
				_, err := s.Apply(commit)
				require.NoError(t, err)
			}
			if c.IntN(4) > 0 {
				continue
			}
			if c.IntN(8) == 0 {
				require.NoError(t, d.Forget())
			}
			d.save(t, c.state)
			require.Zero(t, c.state.Unsaved())
			if c.IntN(3) == 0 {
				c.state = d.load(t)
				require.Empty(t, replayed.Diff(c.state))
			}
		}
		require.Zero(t, replayed.Unsaved(), "nobody asked for changes")
	}
}

func TestChangesAreWrittenInOrder(t *testing.T) {
	var d testDB
	d.open(t)
	j := newJournal(t)
	require.ErrorIs(t, d.Write(j.state.TakeChanges()), ErrSequence, "there is no file")
	d.save(t, j.state)
	j.topic("a", 1)
	first := j.state.TakeChanges()
	j.topic("b", 1)
	second := j.state.TakeChanges()
	require.EqualValues(t, 2, second.Seq)
	require.ErrorIs(t, d.Write(second), ErrSequence)
	require.NoError(t, d.Write(first))
	require.ErrorIs(t, d.Write(first), ErrSequence)
	require.NoError(t, d.Write(second))
	require.Empty(t, j.state.Diff(d.load(t)))
}

func TestNothingNewIsNotWritten(t *testing.T) {
	var d testDB
	d.open(t)
	j := newJournal(t)
	j.topic("a", 1)
	d.save(t, j.state)
	writes := func() int64 {
		stats := d.bolt.Stats()
		return stats.TxStats.GetWrite()
	}
	before := writes()
	d.save(t, j.state)
	require.Equal(t, before, writes())
	j.commit()
	d.save(t, j.state)
	require.Greater(t, writes(), before, "an empty commit moves the position")
}

func TestOneProcessAtATime(t *testing.T) {
	var d testDB
	d.open(t)
	_, err := OpenDB(d.path)
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, d.path)
	require.ErrorContains(t, err, "in use by another process")
}

func TestFolderCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := OpenDB(filepath.Join(file, "metadata.db"))
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrCorrupt)
	_, err = OpenDB(t.TempDir())
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrCorrupt, "a folder is no file to move away")
}

func TestNewerFile(t *testing.T) {
	var d testDB
	d.open(t)
	d.save(t, NewState())
	d.edit(t, "position", func(b *bbolt.Bucket) error { return b.Put(positionKey, []byte{fileVersion + 1, 1, 2, 3}) })
	require.NoError(t, d.Close())
	_, err := OpenDB(d.path)
	require.ErrorIs(t, err, ErrVersion)
	require.ErrorContains(t, err, d.path)
	// The refused file was closed.
	db, err := bbolt.Open(d.path, 0o600, &bbolt.Options{Timeout: lockTimeout})
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

func TestFileOfSomethingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other.db")
	db, err := bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("other"))
		return err
	}))
	require.NoError(t, db.Close())
	_, err = OpenDB(path)
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "other")
}

// filled writes a file with something of everything and closes it.
func filled(t testing.TB) string {
	var d testDB
	d.open(t)
	c := newChaos(t, 8)
	for range 300 {
		_, err := c.state.Apply(c.commit())
		require.NoError(t, err)
	}
	d.save(t, c.state)
	require.NoError(t, d.Close())
	return d.path
}

func openAndLoad(path string) error {
	db, err := OpenDB(path)
	if err != nil {
		return err
	}
	_, err = db.Load()
	if closeErr := db.Close(); err == nil {
		err = closeErr
	}
	return err
}

func TestGarbageFile(t *testing.T) {
	for name, content := range map[string][]byte{"short": []byte("hello"), "long": make([]byte, 1<<16)} {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		require.ErrorIs(t, openAndLoad(path), ErrCorrupt, name)
		require.NoError(t, os.Rename(path, path+".aside"))
		require.NoError(t, openAndLoad(path), "after it was moved away")
	}
}

func TestFileCutShort(t *testing.T) {
	whole, err := os.ReadFile(filled(t))
	require.NoError(t, err)
	require.NoError(t, openAndLoad(filled(t)))
	path := filepath.Join(t.TempDir(), "cut.db")
	for size := 1; size < len(whole); size += 1 + size/3 {
		require.NoError(t, os.WriteFile(path, whole[:size], 0o600))
		if err := openAndLoad(path); err != nil {
			require.ErrorIs(t, err, ErrCorrupt, "%d of %d bytes", size, len(whole))
		}
	}
	require.NoError(t, os.WriteFile(path, whole[:len(whole)/4], 0o600))
	require.ErrorIs(t, openAndLoad(path), ErrCorrupt)
}

// TestDamagedPages: whatever is overwritten, the file is refused or it is whole; the
// process survives.
func TestDamagedPages(t *testing.T) {
	whole, err := os.ReadFile(filled(t))
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for i := range 150 {
		// A file of its own each time: one that bbolt panicked over stays locked.
		path := filepath.Join(t.TempDir(), "damaged.db")
		damaged := append([]byte(nil), whole...)
		page := damaged[8192:]
		for at := r.IntN(len(page)); i%2 == 0 && at < len(page) && at%4096 != 0; at++ {
			page[at] = byte(r.Uint32())
		}
		if i%2 == 1 { // a page's header, which says what it is and how much is on it
			at := r.IntN(len(page)/4096) * 4096
			page[at+r.IntN(16)] ^= byte(1 + r.IntN(255))
		}
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		if err := openAndLoad(path); err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			refused++
		}
	}
	require.Positive(t, refused)
}

func TestLoadRefusesWhatContradictsItself(t *testing.T) {
	for name, edit := range map[string]struct {
		bucket string
		f      func(b *bbolt.Bucket) error
	}{
		"an extent is gone":        {"extents", deleteFirst},
		"a partition is gone":      {"partitions", deleteFirst},
		"a topic is gone":          {"topics", deleteFirst},
		"a segment is gone":        {"segments", deleteLast},
		"a value is cut short":     {"extents", cutFirst},
		"a producer is cut short":  {"producers", cutFirst},
		"an offset is cut short":   {"offsets", cutFirst},
		"a segment is cut short":   {"segments", cutFirst},
		"a topic is cut short":     {"topics", cutFirst},
		"a name is cut short":      {"names", cutFirst},
		"a partition is cut short": {"partitions", cutFirst},
		"a key is too long":        {"segments", func(b *bbolt.Bucket) error { return b.Put(make([]byte, 9), []byte{1, 1}) }},
		"an unknown partition":     {"producers", func(b *bbolt.Bucket) error { return b.Put(make([]byte, 28), []byte{0, 0, 0}) }},
		"a position without an end": {"position", func(b *bbolt.Bucket) error {
			return b.Put(positionKey, append([]byte(nil), b.Get(positionKey)[:18]...))
		}},
		"no position": {"position", func(b *bbolt.Bucket) error { return b.Delete(positionKey) }},
	} {
		d := testDB{path: filled(t)}
		d.open(t)
		d.edit(t, edit.bucket, edit.f)
		require.NoError(t, d.Close())
		require.ErrorIs(t, openAndLoad(d.path), ErrCorrupt, name)
	}
	d := testDB{path: filled(t)}
	d.open(t)
	require.NoError(t, d.bolt.Update(func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("segments")) }))
	require.NoError(t, d.Close())
	require.ErrorIs(t, openAndLoad(d.path), ErrCorrupt)
}

func deleteFirst(b *bbolt.Bucket) error {
	k, _ := b.Cursor().First()
	return b.Delete(k)
}

func deleteLast(b *bbolt.Bucket) error {
	k, _ := b.Cursor().Last()
	return b.Delete(k)
}

func cutFirst(b *bbolt.Bucket) error {
	k, v := b.Cursor().First()
	return b.Put(append([]byte(nil), k...), append([]byte(nil), v[:len(v)-1]...))
}
