package record

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A batch is cut off by its own length, shares the memory, and cannot be appended into what follows.
func TestNext(t *testing.T) {
	first, second := mustBatch(t, 0, sample()), mustBatch(t, 4, sample()[:1])
	src := slices.Concat(first, second)
	b, rest, err := Next(src)
	require.NoError(t, err)
	require.Equal(t, first, b)
	require.Equal(t, []byte(second), rest)
	require.Same(t, &src[0], &b[0])
	require.Equal(t, len(b), cap(b))
	for cut := range len(first) {
		_, _, err := Next(src[:cut])
		require.ErrorIs(t, err, ErrCorrupt, "%d bytes", cut)
	}
	for magic := range byte(2) {
		old := slices.Clone(src)
		old[16] = magic
		for _, n := range []int{17, HeaderLen - 1, len(old)} {
			_, _, err := Next(old[:n])
			require.ErrorIs(t, err, ErrUnsupported, "magic %d, %d bytes", magic, n)
		}
	}
}

// What the log assigns does not touch the checksum, and lies within PatchLen.
func TestPatch(t *testing.T) {
	b := mustBatch(t, 0, sample())
	behind := slices.Clone(b[PatchLen:])
	b.Patch(1<<40, 7)
	require.NoError(t, b.Verify())
	require.Equal(t, behind, b[PatchLen:])
	require.Equal(t, at(1<<40, sample()), collect(t, [][]byte{b}, 0))
	require.Equal(t, uint32(7), binary.BigEndian.Uint32(b[12:]))
}

// Every field that contradicts another, or that only a broker may set, is found; so is every flipped bit.
func TestVerify(t *testing.T) {
	good, err := AppendBatch(nil, sample(), &Sequence{ProducerID: 7, ProducerEpoch: 1, Base: 3})
	require.NoError(t, err)
	for at := 17; at < len(good); at++ {
		bad := Batch(slices.Clone(good))
		bad[at] ^= 4
		require.ErrorIs(t, bad.Verify(), ErrCorrupt, "byte %d", at)
	}
	for what, c := range map[string]struct {
		change func(b Batch)
		want   error
	}{
		"nothing":             {func(Batch) {}, nil},
		"a later magic":       {func(b Batch) { b[16] = 3 }, ErrUnsupported},
		"no records":          {func(b Batch) { b[60] = 0 }, ErrInvalid},
		"fewer offsets":       {func(b Batch) { b[26]-- }, ErrInvalid},
		"an unknown codec":    {func(b Batch) { b[22] = maxCodec + 1 }, ErrInvalid},
		"a control batch":     {func(b Batch) { b[22] = attrControl | attrTransactional }, ErrInvalid},
		"transactional":       {func(b Batch) { b[22] = attrTransactional }, ErrTransactional},
		"a negative producer": {func(b Batch) { binary.BigEndian.PutUint64(b[43:], 1<<64-2) }, nil},
		"no producer epoch":   {func(b Batch) { binary.BigEndian.PutUint16(b[51:], 1<<16-1) }, nil},
		"no sequence":         {func(b Batch) { binary.BigEndian.PutUint32(b[53:], 1<<32-1) }, ErrInvalid},
	} {
		b := Batch(slices.Clone(good))
		c.change(b)
		require.ErrorIs(t, reseal(b).Verify(), c.want, what)
	}
}
