package record

import (
	"encoding/binary"
	"fmt"
)

// minLegacyLen is what follows the length field of a message of magic 0 at least: CRC, magic, attributes, and the lengths
// of key and value.
const minLegacyLen = 14

// Sent cuts off src the one batch that a producer may send at a time for a partition, and checks its framing as
// Kafka does (ProduceRequest.validateRecords, ByteBufferLogInputStream):
//
//   - There is a whole batch, of magic 2. [ErrInvalid] where it is cut off, [ErrUnsupported] for magic 0 and 1.
//   - There is no second one: [ErrInvalid].
//   - A length or a magic that cannot be, of either, is [ErrCorrupt].
//
// Bytes behind it that are too few for another batch, and one that is cut off, are left out. b shares src's memory.
func Sent(src []byte) (b Batch, err error) {
	n, err := framed(src)
	switch {
	case err != nil:
		return nil, err
	case n == 0:
		return nil, fmt.Errorf("%w: %d bytes, which are no whole batch", ErrInvalid, len(src))
	case Batch(src).magic() < maxMagic:
		return nil, oldMagic(src)
	case n < HeaderLen:
		return nil, fmt.Errorf("%w: says it has %d bytes, its header takes %d", ErrCorrupt, n, HeaderLen)
	}
	more, err := framed(src[n:])
	switch {
	case err != nil:
		return nil, fmt.Errorf("behind the first batch: %w", err)
	case more > 0:
		return nil, fmt.Errorf("%w: more than one batch for a partition in one request", ErrInvalid)
	}
	return Batch(src[:n:n]), nil
}

// framed returns how many bytes the batch at the front of src has, in any message format, or 0 where it is cut off.
func framed(src []byte) (int, error) {
	if len(src) < lengthBase {
		return 0, nil
	}
	if n := int32(binary.BigEndian.Uint32(src[8:])); n < minLegacyLen {
		return 0, fmt.Errorf("%w: a length of %d, no message is shorter than %d", ErrCorrupt, n, minLegacyLen)
	}
	if len(src) <= 16 {
		return 0, nil
	}
	if m := Batch(src).magic(); m < 0 || m > maxMagic {
		return 0, fmt.Errorf("%w: magic %d, the newest is %d", ErrCorrupt, m, maxMagic)
	}
	if n := Batch(src).length(); n <= int64(len(src)) {
		return int(n), nil
	}
	return 0, nil
}
