package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// slab is one file of the disk tier: blocks in the order in which they were
// written. It grows until it is finished, and is given up as a whole.
// The fields below file are guarded by the tier's mutex.
type slab struct {
	name string
	seq  uint64
	file file

	entries []entry
	bytes   int64 // on disk once the slab is finished
	lastUse int64 // nanoseconds since 1970, made to rise
	used    bool  // since Open, so its file's time is not lastUse
	made    bool  // by this process
	refs    int   // readers and the writer; the file stays open for them
	dead    bool  // given up: closed by the last who lets go
}

// emptySlabBytes is what a slab that holds nothing takes once it is finished.
const emptySlabBytes = headerBytes + trailerBytes

// errForeign reports a file with our name and not our header: somebody else's, and left alone.
var errForeign = errors.New("not a file of this cache")

// probe reads the header of a slab file. It returns errForeign for a file that is not ours
// and ErrCorrupt for one of ours that cannot be used.
func probe(f file) (fs.FileInfo, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	got := make([]byte, headerBytes)
	n, err := f.ReadAt(got, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	want := appendHeader(nil)
	switch got = got[:n]; {
	case bytes.Equal(got, want):
		return info, nil
	case bytes.HasPrefix(got, []byte(slabMagic)), bytes.HasPrefix(want, got):
		return nil, fmt.Errorf("%w: header %x", ErrCorrupt, got) // cut short, or of another version
	}
	return nil, errForeign
}

// readEntries returns what a slab file holds: its index, or where a crash left none, its records. The only errors are those
// of reading; a file that is damaged holds less.
func readEntries(f io.ReaderAt, fileBytes int64) ([]entry, error) {
	if fileBytes >= emptySlabBytes {
		b := make([]byte, trailerBytes)
		if _, err := f.ReadAt(b, fileBytes-trailerBytes); err != nil && err != io.EOF {
			return nil, err
		}
		if count, sum, ok := decodeTrailer(b, fileBytes); ok {
			index := make([]byte, count*entryBytes)
			start := fileBytes - trailerBytes - int64(len(index))
			if _, err := f.ReadAt(index, start); err != nil && err != io.EOF {
				return nil, err
			}
			if entries, ok := decodeIndex(index, sum, start); ok {
				return entries, nil
			}
		}
	}
	return scanEntries(f, fileBytes)
}

// scanEntries reads the headers of the records, up to the first that is not whole. It costs a read for each record;
// maxSlabBytes bounds how many there are.
func scanEntries(f io.ReaderAt, fileBytes int64) ([]entry, error) {
	var entries []entry
	b := make([]byte, recordHeaderBytes+maxObjectBytes)
	for position := int64(headerBytes); position < min(fileBytes, maxSlabBytes); {
		n, err := f.ReadAt(b, position)
		if err != nil && err != io.EOF {
			return nil, err
		}
		k, err := decodeRecordHeader(b[:n])
		length := recordBytes(k)
		if err != nil || position+length > fileBytes || length > maxSlabBytes {
			break
		}
		entries = append(entries, entry{digestOf(k), uint32(position), uint32(length)})
		position += length
	}
	return entries, nil
}
