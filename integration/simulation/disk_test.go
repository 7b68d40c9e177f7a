package simulation

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"testing/synctest"
	"time"
)

// disk is a metadata file that a broker starts on.
type disk struct {
	image   []byte
	damaged bool // in a way that no crash leaves: it may be set aside, and need not be
}

// pageBytes is how much of a file is written whole or not at all.
const pageBytes = 4096

// metaPages are bbolt's first pages, which take turns in saying where the rest is; each has a
// checksum of its own and the number of its transaction.
const metaPages = 2

func (b *broker) readDisk() []byte {
	synctest.Wait() // nobody is in the middle of writing it
	image, err := os.ReadFile(b.metadata)
	if err != nil && !errors.Is(err, os.ErrNotExist) { // it could not be made on a full disk
		b.world.t.Fatal(err)
	}
	return image
}

// transaction returns the number of the newest transaction in a bbolt file.
func transaction(image []byte) (newest uint64) {
	const at = 64
	for page := range metaPages {
		if start := page * pageBytes; len(image) >= start+at+8 {
			newest = max(newest, binary.LittleEndian.Uint64(image[start+at:]))
		}
	}
	return newest
}

// aDisk is the metadata file that the next broker starts on, given what a file was like a while
// before a crash and at the crash.
func (w *world) aDisk(r *rand.Rand, before, last []byte) disk {
	w.disks = append(w.disks, last)
	switch n := r.IntN(20); {
	case n < 4:
		w.tell("the metadata file is lost")
		return disk{}
	case n < 7:
		w.tell("an old metadata file is restored")
		return disk{image: pick(r, w.disks...)}
	case n < 12 && transaction(last) == transaction(before)+1:
		w.tell("the metadata file was being written")
		return disk{image: tear(r, before, last)}
	case n < 14 && len(last) > 0:
		w.tell("the metadata file is cut short")
		return disk{image: last[:r.IntN(len(last))], damaged: true}
	case n < 16:
		w.tell("the metadata file has old and new pages")
		return disk{image: mix(r, before, last, 0), damaged: true}
	case n < 17 && len(last) > 0:
		w.tell("a page of the metadata file is lost")
		image, page := slices.Clone(last), r.IntN(len(last)/pageBytes)
		clear(image[page*pageBytes : (page+1)*pageBytes])
		return disk{image: image, damaged: true}
	}
	return disk{image: last}
}

// tear returns a file as a crash in the middle of one transaction leaves it: some of its pages are written and
// others are not. The page that makes it count is written when all others are, and so not at all or in part.
func tear(r *rand.Rand, before, after []byte) []byte {
	image := mix(r, before, after, metaPages)
	if r.IntN(2) == 0 {
		page := int(transaction(after)%metaPages) * pageBytes
		copy(image[page:], after[page:page+1+r.IntN(75)])
	}
	return image
}

// mix takes each page from one of two images, the first pages from the earlier one.
func mix(r *rand.Rand, before, after []byte, first int) []byte {
	image := slices.Clone(after)
	copy(image, before[:min(len(before), first*pageBytes)])
	for at := first * pageBytes; at < len(before) && at < len(image); at += pageBytes {
		if r.IntN(2) == 0 {
			copy(image[at:], before[at:min(at+pageBytes, len(before))])
		}
	}
	return image
}

// aWhileLater lets the broker write its metadata file, and returns it as it was and as it is. A file that
// was written anew and renamed in place of the one before it is there whole: then both are that one.
func (b *broker) aWhileLater(r *rand.Rand) (before, after []byte) {
	before = b.readDisk()
	was, _ := os.Stat(b.metadata)
	time.Sleep(about(r, b.world.metadataInterval))
	after = b.readDisk()
	if is, _ := os.Stat(b.metadata); !os.SameFile(was, is) {
		before = after
	}
	return before, after
}
