package record

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The LZ4 frame format, as far as the frame's length needs it:
//
//	magic            uint32  little-endian, like all
//	flags            byte    version (2 bits, 1), independent blocks, block checksums, content size, content checksum, 0, dictionary
//	block size       byte
//	content size     uint64  where the flag is set
//	header checksum  byte
//	blocks           length uint32 (the highest bit: stored), the bytes, checksum uint32 where the flag is set
//	end              uint32  0
//	content checksum uint32  where the flag is set
const (
	lz4Magic           = 0x184D2204
	lz4Version         = 0xC0
	lz4Version1        = 0x40
	lz4Independent     = 0x20
	lz4BlockChecksum   = 0x10
	lz4ContentSize     = 0x08
	lz4ContentChecksum = 0x04
	lz4Reserved        = 0x03 // one of them is the dictionary's
	lz4Stored          = 1 << 31
)

var errLZ4Ends = errors.New("an LZ4 frame that is cut off")

// checkLZ4Frame makes sure that src is one LZ4 frame that Kafka's own readers can read: they know no blocks that depend on
// each other, and stop behind the first frame. What is in the blocks it does not look at.
func checkLZ4Frame(src []byte) error {
	if len(src) < 7 || binary.LittleEndian.Uint32(src) != lz4Magic {
		return errors.New("no LZ4 frame")
	}
	flags := src[4]
	switch {
	case flags&lz4Version != lz4Version1 || flags&lz4Reserved != 0:
		return fmt.Errorf("an LZ4 frame with flags %#x", flags)
	case flags&lz4Independent == 0:
		return errors.New("an LZ4 frame whose blocks depend on each other, which Kafka's clients cannot read")
	}
	at := 7 + 8*bit(flags, lz4ContentSize)
	for {
		if len(src) < at+4 {
			return errLZ4Ends
		}
		n := binary.LittleEndian.Uint32(src[at:]) &^ lz4Stored
		at += 4
		if n == 0 {
			break
		}
		if int64(n) > int64(len(src)-at) {
			return errLZ4Ends
		}
		at += int(n) + 4*bit(flags, lz4BlockChecksum)
	}
	if at += 4 * bit(flags, lz4ContentChecksum); at > len(src) {
		return errLZ4Ends
	}
	if at < len(src) {
		return fmt.Errorf("%d bytes behind the LZ4 frame", len(src)-at)
	}
	return nil
}

func bit(flags, mask byte) int {
	if flags&mask != 0 {
		return 1
	}
	return 0
}
