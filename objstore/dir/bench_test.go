package dir

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/objstore/storetest"
)

var benchSizes = []struct {
	name  string
	bytes int
}{{"4KiB", 4 << 10}, {"8MiB", 8 << 20}}

func BenchmarkPut(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(size.name, func(b *testing.B) {
			d, body := openDir(b, b.TempDir()), make([]byte, size.bytes)
			b.SetBytes(int64(size.bytes))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := d.Put(b.Context(), fmt.Sprintf("journal/0000000001/%020d", i), body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(size.name, func(b *testing.B) {
			d := openDir(b, b.TempDir())
			if err := d.Put(b.Context(), "segments/1", make([]byte, size.bytes)); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size.bytes))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Get(b.Context(), "segments/1"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGetRange(b *testing.B) {
	d := openDir(b, b.TempDir())
	if err := d.Put(b.Context(), "segments/1", make([]byte, 8<<20)); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(64 << 10)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.GetRange(b.Context(), "segments/1", 4<<20, 64<<10); err != nil {
			b.Fatal(err)
		}
	}
}

// fillFolder puts files where objects of a long journal are, without waiting for the disk.
func fillFolder(tb testing.TB, root string, objects int) {
	tb.Helper()
	folder := filepath.Join(root, "journal", "0000000001")
	require.NoError(tb, os.MkdirAll(folder, 0o755))
	for i := range objects {
		require.NoError(tb, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%020d", i)), nil, 0o600))
	}
}

func journalKey(i int) string { return fmt.Sprintf("journal/0000000001/%020d", i) }

// BenchmarkListAfter looks for the newest objects of a long journal.
func BenchmarkListAfter(b *testing.B) {
	root := b.TempDir()
	d := openDir(b, root)
	const objects = 2000
	fillFolder(b, root, objects)
	b.ReportAllocs()
	for b.Loop() {
		if infos, err := storetest.ListAll(b.Context(), d, "journal/0000000001/", journalKey(objects-10)); err != nil || len(infos) != 9 {
			b.Fatal(len(infos), err)
		}
	}
}

// BenchmarkList200000 lists a very long journal once, as a replay does.
func BenchmarkList200000(b *testing.B) {
	root := b.TempDir()
	d := openDir(b, root)
	const objects = 200_000
	fillFolder(b, root, objects)
	b.ReportAllocs()
	for b.Loop() {
		if infos, err := storetest.ListAll(b.Context(), d, "journal/0000000001/", ""); err != nil || len(infos) != objects {
			b.Fatal(len(infos), err)
		}
	}
}
