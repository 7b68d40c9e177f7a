package simulation

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
)

// warm makes what the process has one of for all bubbles: the zstd decoders of
// [record.Decode]. Their channels would belong to the bubble that needs them first, and
// the others could not use them.
func warm(t *testing.T) {
	plain, err := record.AppendBatch(nil, []record.Record{{Value: make([]byte, 8<<20)}}, nil)
	require.NoError(t, err)
	encoder, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	defer encoder.Close()
	const header, attributes, crc, length = 61, 21, 17, 8
	batch := encoder.EncodeAll(plain[header:], plain[:header:header])
	binary.BigEndian.PutUint32(batch[length:], uint32(len(batch)-12))
	binary.BigEndian.PutUint16(batch[attributes:], 4) // zstd
	binary.BigEndian.PutUint32(batch[crc:], crc32.Checksum(batch[attributes:], crc32.MakeTable(crc32.Castagnoli)))
	records := 0
	// It is too large for the one decoder, and then given to the other.
	require.NoError(t, record.Decode([][]byte{batch}, 0, func(record.Record) bool { records++; return true }))
	require.Equal(t, 1, records)
}
