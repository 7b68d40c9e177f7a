package disk

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// encodeSlab returns a finished slab that holds blocks.
func encodeSlab(keys ...Key) []byte {
	b := appendHeader(nil)
	var entries []entry
	for _, k := range keys {
		entries = append(entries, entry{digestOf(k), uint32(len(b)), uint32(recordBytes(k))})
		b = appendRecord(b, k, content(k))
	}
	return appendIndex(b, entries)
}

// TestGoldenSlab pins version 1 byte by byte: a new one needs a new version number.
func TestGoldenSlab(t *testing.T) {
	got := hex.Dump(encodeSlab(Key{"journal/1", 16, 40}, Key{"b", 1 << 40, 5}))
	want, err := os.ReadFile(filepath.Join("testdata", "slab-1.hex"))
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// readBack returns the entries of a slab file with these bytes.
func readBack(t testing.TB, b []byte) []entry {
	t.Helper()
	entries, err := readEntries(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	for _, e := range entries {
		require.LessOrEqual(t, int64(e.position)+int64(e.length), int64(len(b)))
	}
	return entries
}

func TestSlabIsReadWhereverACrashCutIt(t *testing.T) {
	keys := []Key{{"first", 0, 100}, {"second", 7, 30}, {"third", 0, 9}}
	whole := encodeSlab(keys...)
	all := readBack(t, whole)
	require.Len(t, all, 3)
	for n := headerBytes; n < len(whole); n++ {
		want := 0
		for _, e := range all {
			if int(e.position)+int(e.length) <= n {
				want++
			}
		}
		got := readBack(t, whole[:n:n])
		require.Equal(t, all[:want], append([]entry{}, got...), "cut at %d", n)

		// Filled up with zeros, as some file systems do: the record that was cut may seem
		// whole, and is left to its checksum.
		filled := readBack(t, append(bytes.Clone(whole[:n]), make([]byte, 150)...))
		require.Equal(t, all[:want], append([]entry{}, filled...)[:want])
		require.LessOrEqual(t, len(filled), min(want+1, len(all)))
	}
}

func TestDamagedIndexIsNotBelieved(t *testing.T) {
	whole := encodeSlab(Key{"first", 0, 100}, Key{"second", 7, 30})
	all := readBack(t, whole)
	for at := len(whole) - trailerBytes - 2*entryBytes; at < len(whole); at++ {
		b := bytes.Clone(whole)
		b[at] ^= 0x10
		require.Equal(t, all, readBack(t, b), "the records themselves are read instead")
	}
}

func TestDamagedRecordIsNeverTakenForAnother(t *testing.T) {
	k := Key{"some/object", 1 << 33, 64}
	record := appendRecord(nil, k, content(k))
	stored, err := storedBlock(record, k)
	require.NoError(t, err)
	require.Equal(t, content(k), stored)
	for at := range recordHeaderBytes + len(k.Object) {
		b := bytes.Clone(record)
		b[at] ^= 1
		_, err := storedBlock(b, k)
		require.ErrorIs(t, err, ErrCorrupt, "byte %d", at)
	}
	for _, other := range []Key{{"some/objecu", 1 << 33, 64}, {"some/object", 1, 64}, {"some/object", 1 << 33, 63}} {
		_, err := storedBlock(record, other)
		require.ErrorIs(t, err, ErrCorrupt)
	}
	_, err = storedBlock(record[:len(record)-1], k)
	require.ErrorIs(t, err, ErrCorrupt)
}

func TestDigestsTellKeysApart(t *testing.T) {
	seen := map[digest]Key{}
	for _, k := range []Key{{"a", 1, 2}, {"a", 2, 1}, {"b", 1, 2}, {"a\x00", 1, 2}, {strings.Repeat("a", 1024), 1, 2}} {
		require.Empty(t, seen[digestOf(k)])
		seen[digestOf(k)] = k
	}
}

func FuzzReadEntries(f *testing.F) {
	whole := encodeSlab(Key{"first", 0, 100}, Key{"second", 7, 30})
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add(appendHeader(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, e := range readBack(t, b) {
			record := b[e.position : e.position+e.length]
			if k, err := decodeRecordHeader(record); err == nil && digestOf(k) == e.digest {
				_, err := storedBlock(record, k)
				if err == nil {
					require.Equal(t, record[:recordHeaderBytes], appendRecord(nil, k, nil)[:recordHeaderBytes])
				}
			}
		}
	})
}
