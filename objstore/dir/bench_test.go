package dir

import (
	"fmt"
	"testing"

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

// BenchmarkDirListAfter looks for the newest objects of a long journal.
func BenchmarkListAfter(b *testing.B) {
	d := openDir(b, b.TempDir())
	key := func(i int) string { return fmt.Sprintf("journal/0000000001/%020d", i) }
	const objects = 2000
	for i := range objects {
		if err := d.Put(b.Context(), key(i), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if infos, err := storetest.ListAll(b.Context(), d, "journal/0000000001/", key(objects-10)); err != nil || len(infos) != 9 {
			b.Fatal(len(infos), err)
		}
	}
}
