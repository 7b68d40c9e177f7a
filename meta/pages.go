package meta

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"go.etcd.io/bbolt"
)

// What of bbolt's pages has to be looked at before its cursors may go over them: they take every page that is
// no leaf for one that has others below it, also the list of free pages, and follow it for ever. In the byte order of the machine:
//
//	 0 id        uint64  its place in the file
//	 8 type      uint16
//	10 count     uint16  of elements
//	12 overflow  uint32  pages behind it that belong to it
//	16 elements; on a branch each of 16 bytes, of which the last 8 are the id of a page below
const (
	pageHeaderLen    = 16
	branchElementLen = 16

	pageBranch = 1
	pageLeaf   = 2
)

// checkPages makes sure that the pages of all buckets of a file are trees of branches and leaves. It reads 16 bytes of each
// leaf. A small bucket that lies in the page of the one above it has none.
func checkPages(tx *bbolt.Tx, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // nothing was written
	w := &pageWalk{file: file, size: int64(tx.DB().Info().PageSize)}
	w.seen = make([]bool, tx.Size()/w.size)
	if err := w.tree(uint64(tx.Cursor().Bucket().Root())); err != nil {
		return err
	}
	for _, name := range append([]string{string(positionBucket)}, buckets[:]...) {
		if b := tx.Bucket([]byte(name)); b != nil && b.Root() != 0 {
			if err := w.tree(uint64(b.Root())); err != nil {
				return fmt.Errorf("bucket %s: %w", name, err)
			}
		}
	}
	return nil
}

// pageWalk goes over pages, over each once.
type pageWalk struct {
	file io.ReaderAt
	size int64  // of a page, bytes
	seen []bool // by id
}

// tree goes over a page and all below it.
func (w *pageWalk) tree(root uint64) error {
	for left := []uint64{root}; len(left) > 0; {
		id := left[len(left)-1]
		below, err := w.page(id)
		if err != nil {
			return fmt.Errorf("page %d: %w", id, err)
		}
		left = append(left[:len(left)-1], below...)
	}
	return nil
}

// page returns the pages below one.
func (w *pageWalk) page(id uint64) (below []uint64, err error) {
	if id >= uint64(len(w.seen)) {
		return nil, fmt.Errorf("%w: the file has %d", ErrCorrupt, len(w.seen))
	}
	if w.seen[id] {
		return nil, fmt.Errorf("%w: it is below two others", ErrCorrupt)
	}
	w.seen[id] = true
	var header [pageHeaderLen]byte
	if err := w.read(header[:], id, 0); err != nil {
		return nil, err
	}
	kind, count := binary.NativeEndian.Uint16(header[8:]), binary.NativeEndian.Uint16(header[10:])
	if own := binary.NativeEndian.Uint64(header[:]); own != id || kind != pageBranch && kind != pageLeaf {
		return nil, fmt.Errorf("%w: it says that it is page %d of type %d", ErrCorrupt, own, kind)
	}
	if kind == pageLeaf {
		return nil, nil
	}
	elements := make([]byte, int(count)*branchElementLen)
	if err := w.read(elements, id, pageHeaderLen); err != nil {
		return nil, err
	}
	for e := elements; len(e) > 0; e = e[branchElementLen:] {
		below = append(below, binary.NativeEndian.Uint64(e[branchElementLen-8:]))
	}
	return below, nil
}

// read reads what lies at a place in a page or behind it. A file that cannot be read is as good as one that is wrong.
func (w *pageWalk) read(into []byte, id uint64, at int64) error {
	if _, err := w.file.ReadAt(into, int64(id)*w.size+at); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}
