package oracle

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// records writes down the batches of a Fetch answer, and how much of another one stands behind them.
func (n *names) records(raw []byte) string {
	var all []string
	for len(raw) > 0 {
		size := len(raw)
		if size >= atRecords {
			size = 12 + int(binary.BigEndian.Uint32(raw[atLength:]))
		}
		if size > len(raw) || len(raw) < atRecords {
			all = append(all, fmt.Sprintf("<%d bytes of a batch>", len(raw)))
			break
		}
		all, raw = append(all, n.batch(raw[:size])), raw[size:]
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func (n *names) batch(raw []byte) string {
	var b kmsg.RecordBatch
	if err := b.ReadFrom(raw); err != nil {
		return fmt.Sprintf("<%v>", err)
	}
	out := fmt.Sprintf("{%d+%d attributes=%d epoch=%s times=%s..%s", b.FirstOffset, b.NumRecords, b.Attributes,
		n.number("LeaderEpoch", int64(b.PartitionLeaderEpoch)), n.number("", b.FirstTimestamp), n.number("", b.MaxTimestamp))
	if b.LastOffsetDelta != b.NumRecords-1 {
		out += fmt.Sprintf(" lastOffsetDelta=%d", b.LastOffsetDelta)
	}
	switch {
	case b.ProducerID >= 0:
		out += fmt.Sprintf(" producer=%s/%d/%d", n.number("ProducerID", b.ProducerID), b.ProducerEpoch, b.FirstSequence)
	case !isTime(b.MaxTimestamp): // the checksum is over what was sent
		out += fmt.Sprintf(" crc=%08x", binary.BigEndian.Uint32(raw[17:]))
	}
	if b.Attributes&7 != 0 {
		return out + fmt.Sprintf(" %d bytes}", len(b.Records))
	}
	return out + " " + plainRecords(b.Records, int(b.NumRecords)) + "}"
}

// plainRecords writes down the keys and values of records that are not compressed.
func plainRecords(raw []byte, count int) string {
	var all []string
	for range count {
		in := kbin.Reader{Src: raw}
		length := int(in.Varint())
		if !in.Ok() || length < 0 || length > len(in.Src) {
			all = append(all, "<cut off>")
			break
		}
		end := len(raw) - len(in.Src) + length
		var r kmsg.Record
		if err := r.ReadFrom(raw[:end]); err != nil {
			all = append(all, fmt.Sprintf("<%v>", err))
			break
		}
		text := fmt.Sprintf("%q", r.Value)
		if r.Value == nil {
			text = "null"
		}
		if r.Key != nil {
			text = fmt.Sprintf("%q:%s", r.Key, text)
		}
		all, raw = append(all, text), raw[end:]
	}
	return strings.Join(all, " ")
}
