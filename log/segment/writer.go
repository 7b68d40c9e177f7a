package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"streamhouse/log/record"
	"streamhouse/meta"
)

// Writer builds one segment after the other in the same buffer: [Writer.Reset], then the blocks, then
// [Writer.Finish]. One goroutine uses it at a time.
type Writer struct {
	buf        []byte
	joined     []byte      // the batches of the block under way
	compressor *Compressor // only for blocks
	hurry      bool        // flushes queue up: speed counts for more than size
}

// NewWriter returns a writer. Many may share a compressor; for segments without blocks it may be nil.
func NewWriter(c *Compressor) *Writer { return &Writer{compressor: c} }

// Reset begins a segment. In a hurry its blocks are compressed in less time to more bytes.
func (w *Writer) Reset(hurry bool) {
	w.buf, w.hurry = append(w.buf[:0], segmentMagic...), hurry
}

// Cap is the size of the buffer that the writer holds on to, bytes.
func (w *Writer) Cap() int { return cap(w.buf) }

// Block adds a block of the first batches: as many as share one, the first in any case. It returns the
// commit's entry for them; batches that are left go into a block of their own. All batches are of
// partition p, and blocks come sorted by partition. The batches are not held on to.
func (w *Writer) Block(p meta.PartitionID, batches []record.Batch) *meta.Append {
	n, size, plain := 0, 0, 0
	for n < len(batches) && (n == 0 || size+len(batches[n]) <= BlockBytes) {
		size += len(batches[n])
		if batches[n].Codec() == 0 {
			plain += len(batches[n])
		}
		n++
	}
	entry := &meta.Append{Partition: p, Batches: make([]meta.Batch, n)}
	for i := range entry.Batches {
		entry.Batches[i] = Describe(batches[i])
	}
	raw := []byte(batches[0])
	if n > 1 {
		raw = w.joined[:0]
		for _, b := range batches[:n] {
			raw = append(raw, b...)
		}
		w.joined = raw
	}
	entry.Pos, entry.Len = w.block(p, raw, plain*2 > size)
	return entry
}

// Describe is what the state needs to know of a batch.
func Describe(b record.Batch) meta.Batch {
	d := meta.Batch{Len: int32(len(b)), Offsets: int32(b.Offsets()), MaxTimestamp: b.MaxTimestamp(), Attributes: b.Attributes(), ProducerID: -1}
	if b.Idempotent() {
		d.ProducerID, d.ProducerEpoch, d.BaseSequence = b.ProducerID(), b.ProducerEpoch(), b.BaseSequence()
	}
	return d
}

// block adds the raw bytes of whole batches of one partition and returns where
// the block stands. compress says whether a compression is worth trying.
func (w *Writer) block(p meta.PartitionID, raw []byte, compress bool) (pos int64, length int32) {
	from := len(w.buf)
	w.buf = append(w.buf, blockMagic...)
	w.buf = append(w.buf, make([]byte, BlockHeaderLen-len(blockMagic))...)
	codec := byte(codecStored)
	if compress {
		w.buf, codec = w.compressor.compress(w.buf, raw, w.hurry)
	}
	if n := len(w.buf) - from - BlockHeaderLen; !compress || n >= len(raw)-len(raw)/16 {
		w.buf, codec = append(w.buf[:from+BlockHeaderLen], raw...), codecStored
	}
	head := w.buf[from:]
	head[8] = codec
	binary.LittleEndian.PutUint32(head[12:], uint32(len(raw)))
	binary.LittleEndian.PutUint32(head[16:], uint32(len(head)-BlockHeaderLen))
	binary.LittleEndian.PutUint32(head[20:], uint32(p.Index))
	copy(head[24:40], p.Topic[:])
	binary.LittleEndian.PutUint32(head[4:], crc32.Checksum(head[8:], castagnoli))
	return int64(from), int32(len(head))
}

// Finish adds the commit and the footer, of which the caller gives cluster and writer, and returns the
// object. It is valid until the next Reset. The commit gets its Size. An invalid commit is an error.
func (w *Writer) Finish(f Footer, c *meta.Commit) ([]byte, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("commit %d: %w", c.Seq, err)
	}
	from := len(w.buf)
	w.buf = meta.AppendCommit(w.buf, c)
	f.Epoch, f.Seq = c.Epoch, c.Seq
	f.commitPos, f.commitLen = uint64(from), uint32(len(w.buf)-from)
	f.commitCRC = crc32.Checksum(w.buf[from:], castagnoli)
	f.objectLen = uint64(len(w.buf) + FooterLen)
	if err := f.validate(); err != nil {
		return nil, fmt.Errorf("segment %d: %w", c.Seq, err)
	}
	w.buf = appendFooter(w.buf, &f)
	c.Size = int64(len(w.buf))
	return w.buf, nil
}
