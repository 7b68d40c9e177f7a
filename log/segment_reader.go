package log

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"streamhouse/cache"
	"streamhouse/meta"
	"streamhouse/objstore"
)

// segmentEndBytes is what a replay reads of a segment at first: footer and
// commit of most of them.
const segmentEndBytes = 64 << 10

// readCommit reads the footer and the commit of a segment, not its blocks. Its
// errors wrap ErrCorruptLog where the bytes are wrong.
func readCommit(ctx context.Context, store objstore.Store, key string, size int64) (footer, *meta.Commit, error) {
	if size < int64(minSegmentLen) {
		return footer{}, nil, fmt.Errorf("%w: %s: %d bytes are too few for a segment", ErrCorruptLog, key, size)
	}
	n := min(size, segmentEndBytes)
	end, err := store.GetRange(ctx, key, size-n, n)
	if err != nil {
		return footer{}, nil, fmt.Errorf("read %s: %w", key, err)
	}
	f, err := decodeFooter(end, size)
	if err != nil {
		return f, nil, fmt.Errorf("%w: %s: %w", ErrCorruptLog, key, err)
	}
	if need := int64(f.commitLen) + footerLen; need > n {
		if end, err = store.GetRange(ctx, key, int64(f.commitPos), need); err != nil {
			return f, nil, fmt.Errorf("read %s: %w", key, err)
		}
	}
	raw := end[len(end)-footerLen-int(f.commitLen):]
	c, err := decodeCommit(&f, raw[:f.commitLen])
	if err != nil {
		return f, nil, fmt.Errorf("%w: %s: %w", ErrCorruptLog, key, err)
	}
	return f, c, nil
}

func decodeCommit(f *footer, raw []byte) (*meta.Commit, error) {
	if sum := crc32.Checksum(raw, castagnoli); sum != f.commitCRC {
		return nil, fmt.Errorf("the commit's CRC-32C is %08x, the footer says %08x", sum, f.commitCRC)
	}
	c, err := meta.DecodeCommit(raw)
	if err != nil {
		return nil, err
	}
	if c.Epoch != f.epoch || c.Seq != f.seq {
		return nil, fmt.Errorf("the commit is %d of epoch %d, the footer says %d of epoch %d", c.Seq, c.Epoch, f.seq, f.epoch)
	}
	c.Size = int64(f.objectLen)
	return c, nil
}

// block checks a stored block and returns the raw batches. The result may
// be a part of stored.
func (c *compressor) block(stored []byte) (PartitionID, []byte, error) {
	var p PartitionID
	if len(stored) < blockHeadLen || string(stored[:4]) != blockMagic {
		return p, nil, errors.New("no block begins here")
	}
	if sum, want := crc32.Checksum(stored[8:], castagnoli), binary.LittleEndian.Uint32(stored[4:]); sum != want {
		return p, nil, fmt.Errorf("the block's CRC-32C is %08x, its header says %08x", sum, want)
	}
	codec, payload := stored[8], stored[blockHeadLen:]
	rawLen := int64(binary.LittleEndian.Uint32(stored[12:]))
	if n := binary.LittleEndian.Uint32(stored[16:]); int(n) != len(payload) || rawLen > maxBlockBytes {
		return p, nil, fmt.Errorf("a block of %d bytes, %d uncompressed, where %d are stored", n, rawLen, len(payload))
	}
	p.Index = int32(binary.LittleEndian.Uint32(stored[20:]))
	copy(p.Topic[:], stored[24:40])
	raw, err := c.uncompress(codec, payload, int(rawLen))
	return p, raw, err
}

// blockLoader brings blocks from the store for the cache.
type blockLoader struct {
	store      objstore.Store
	compressor *compressor
}

// Load reads the span that holds all keys with one GET.
func (b blockLoader) Load(ctx context.Context, keys []cache.Key) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, getTimeout)
	defer cancel()
	first, last := keys[0], keys[len(keys)-1]
	span, err := b.store.GetRange(ctx, first.Object, first.Offset, last.Offset+last.Length-first.Offset)
	if errors.Is(err, objstore.ErrNotFound) || errors.Is(err, objstore.ErrRange) {
		// The state refers to it, so it must be there, whole.
		return nil, fmt.Errorf("%w: %w", ErrCorruptLog, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	blocks := make([][]byte, len(keys))
	for i, k := range keys {
		from := k.Offset - first.Offset
		blocks[i] = span[from : from+k.Length : from+k.Length]
	}
	return blocks, nil
}

// Decode checks a block and uncompresses it.
func (b blockLoader) Decode(k cache.Key, stored []byte) ([]byte, error) {
	_, raw, err := b.compressor.block(stored)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrCorruptLog, k, err)
	}
	return raw, nil
}
