package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"streamhouse/meta"
)

// endBytes is what a replay reads of a segment at first: footer and
// commit of most of them.
const endBytes = 64 << 10

// ReadCommit reads the footer and the commit of a segment of size bytes, not its blocks. read returns n
// bytes of the object from pos on; it is called once or twice, and its errors come back as they
// are. [ErrCorrupt] where the bytes are wrong.
func ReadCommit(size int64, read func(pos, n int64) ([]byte, error)) (Footer, *meta.Commit, error) {
	if size < int64(minSegmentLen) {
		return Footer{}, nil, fmt.Errorf("%w: %d bytes are too few for a segment", ErrCorrupt, size)
	}
	n := min(size, endBytes)
	end, err := read(size-n, n)
	if err != nil {
		return Footer{}, nil, err
	}
	f, err := DecodeFooter(end, size)
	if err != nil {
		return f, nil, err
	}
	if need := int64(f.commitLen) + FooterLen; need > n {
		if end, err = read(int64(f.commitPos), need); err != nil {
			return f, nil, err
		}
	}
	raw := end[len(end)-FooterLen-int(f.commitLen):]
	c, err := decodeCommit(&f, raw[:f.commitLen])
	if err != nil {
		return f, nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return f, c, nil
}

func decodeCommit(f *Footer, raw []byte) (*meta.Commit, error) {
	if sum := crc32.Checksum(raw, castagnoli); sum != f.commitCRC {
		return nil, fmt.Errorf("the commit's CRC-32C is %08x, the footer says %08x", sum, f.commitCRC)
	}
	c, err := meta.DecodeCommit(raw)
	if err != nil {
		return nil, err
	}
	if c.Epoch != f.Epoch || c.Seq != f.Seq {
		return nil, fmt.Errorf("the commit is %d of epoch %d, the footer says %d of epoch %d", c.Seq, c.Epoch, f.Seq, f.Epoch)
	}
	c.Size = int64(f.objectLen)
	return c, nil
}

// Block checks a stored block and returns the partition that it belongs to and its raw batches. They
// may be a part of stored. [ErrCorrupt] where it is not whole.
func (c *Compressor) Block(stored []byte) (p meta.PartitionID, raw []byte, err error) {
	if len(stored) < BlockHeaderLen || string(stored[:4]) != blockMagic {
		return p, nil, fmt.Errorf("%w: no block begins here", ErrCorrupt)
	}
	if sum, want := crc32.Checksum(stored[8:], castagnoli), binary.LittleEndian.Uint32(stored[4:]); sum != want {
		return p, nil, fmt.Errorf("%w: the block's CRC-32C is %08x, its header says %08x", ErrCorrupt, sum, want)
	}
	codec, payload := stored[8], stored[BlockHeaderLen:]
	rawLen := int64(binary.LittleEndian.Uint32(stored[12:]))
	if n := binary.LittleEndian.Uint32(stored[16:]); int(n) != len(payload) || rawLen > maxBlockBytes {
		return p, nil, fmt.Errorf("%w: a block of %d bytes, %d uncompressed, where %d are stored", ErrCorrupt, n, rawLen, len(payload))
	}
	p.Index = int32(binary.LittleEndian.Uint32(stored[20:]))
	copy(p.Topic[:], stored[24:40])
	if raw, err = c.uncompress(codec, payload, int(rawLen)); err != nil {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return p, raw, err
}
