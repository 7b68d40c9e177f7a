package meta

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const testPageSize = 4096

// pageOfType returns the first page of a type behind a place.
func pageOfType(t *testing.T, image []byte, kind uint16, from int) int {
	for at := from; at < len(image); at += testPageSize {
		if binary.NativeEndian.Uint16(image[at+8:]) == kind {
			return at
		}
	}
	t.Fatalf("no page of type %d", kind)
	return 0
}

// TestPagesThatAreNoTree: bbolt's cursors would not come back from most of these files.
func TestPagesThatAreNoTree(t *testing.T) {
	whole, err := os.ReadFile(filled(t))
	require.NoError(t, err)
	firstBelow := func(image []byte, branch int) []byte { return image[branch+pageHeaderLen+8:] }
	for name, damage := range map[string]func(image []byte, branch int){
		"below itself": func(image []byte, branch int) {
			binary.NativeEndian.PutUint64(firstBelow(image, branch), uint64(branch/testPageSize))
		},
		"one page below twice": func(image []byte, branch int) {
			copy(firstBelow(image, branch)[branchElementLen:], firstBelow(image, branch)[:8])
		},
		"below it is the list of free pages, where it was": func(image []byte, branch int) {
			below := int(binary.NativeEndian.Uint64(firstBelow(image, branch))) * testPageSize
			binary.NativeEndian.PutUint16(image[below+8:], 16)
			for at := below + pageHeaderLen; at < below+testPageSize; at += 8 {
				binary.NativeEndian.PutUint64(image[at:], uint64(below/testPageSize))
			}
		},
		"below it is what lies behind the file": func(image []byte, branch int) {
			binary.NativeEndian.PutUint64(firstBelow(image, branch), 1<<60)
		},
		"a page below it is lost": func(image []byte, branch int) {
			below := int(binary.NativeEndian.Uint64(firstBelow(image, branch))) * testPageSize
			clear(image[below : below+testPageSize])
		},
	} {
		image, refused := slices.Clone(whole), 0
		for branch := pageOfType(t, whole, pageBranch, 2*testPageSize); branch < len(whole); branch += testPageSize {
			if binary.NativeEndian.Uint16(whole[branch+8:]) != pageBranch {
				continue
			}
			copy(image, whole)
			damage(image, branch)
			path := filepath.Join(t.TempDir(), "damaged.db")
			require.NoError(t, os.WriteFile(path, image, 0o600))
			if err := openAndLoad(path); err != nil { // else the branch is one that is not in use any more
				require.ErrorIs(t, err, ErrCorrupt, name)
				refused++
			}
		}
		require.Positive(t, refused, name)
	}
}

// TestLostInlineBucket: the bytes of a bucket that lies in the page of the one above it are gone.
func TestLostInlineBucket(t *testing.T) {
	var d testDB
	d.open(t)
	j := newJournal(t)
	j.topic("a", 1)
	d.save(t, j.state)
	require.NoError(t, d.Close())
	whole, err := os.ReadFile(d.path)
	require.NoError(t, err)
	for _, name := range buckets {
		image := slices.Clone(whole)
		for at := 2 * testPageSize; ; {
			i := bytes.Index(image[at:], []byte(name))
			if i < 0 {
				break
			}
			at += i + len(name)
			clear(image[at : at+16+pageHeaderLen]) // the head of the bucket, and that of its page
		}
		path := filepath.Join(t.TempDir(), "damaged.db")
		require.NoError(t, os.WriteFile(path, image, 0o600))
		require.ErrorIs(t, openAndLoad(path), ErrCorrupt, name)
	}
}
