package disk

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkWrite measures the writer, with blocks small enough for its own cost to show.
func BenchmarkWrite(b *testing.B) {
	d, err := Open(b.TempDir(), 1<<28, Events{})
	require.NoError(b, err)
	stored := make([]byte, 1024)
	var record []byte
	b.SetBytes(int64(len(stored)))
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		k := Key{"journal/0000000001/00000000000000000042", i * 1024, 1024}
		record = appendRecord(record[:0], k, stored)
		if err := d.writeRecord(k, record); err != nil {
			b.Fatal(err)
		}
	}
	require.NoError(b, d.Close())
}

// BenchmarkReopen takes up 100,000 blocks of 1 KiB.
func BenchmarkReopen(b *testing.B) {
	dir := b.TempDir()
	const count = 100_000
	for b.Loop() {
		d, err := Open(dir, 1<<28, Events{})
		require.NoError(b, err)
		b.StopTimer()
		for i := int64(len(d.index)); i < count; i++ {
			k := Key{"object", i * 1024, 1024}
			require.NoError(b, d.writeRecord(k, appendRecord(nil, k, make([]byte, 1024))))
		}
		require.NoError(b, d.Close())
		b.StartTimer()
	}
}
