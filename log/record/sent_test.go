package record

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// One whole batch is taken, whatever is cut off behind it, and each other case has the error that Kafka has.
func TestSent(t *testing.T) {
	b := mustBatch(t, 0, sample())
	edit := func(at int, v byte) []byte { c := slices.Clone(b); c[at] = v; return c }
	length := func(n int32) []byte {
		c := slices.Clone(b)
		binary.BigEndian.PutUint32(c[8:], uint32(n))
		return c
	}
	legacy := length(minLegacyLen)[:lengthBase+minLegacyLen]
	legacy[16] = 1
	for name, c := range map[string]struct {
		src  []byte
		want error
	}{
		"a batch":                        {b, nil},
		"3 bytes behind":                 {slices.Concat(b, []byte{0, 0, 0}), nil},
		"a header cut off behind":        {slices.Concat(b, b[:HeaderLen-1]), nil},
		"a batch cut off behind":         {slices.Concat(b, b[:len(b)-1]), nil},
		"a length cut off behind":        {slices.Concat(b, length(0)[:11]), nil},
		"two batches":                    {slices.Concat(b, b), ErrInvalid},
		"a message of magic 1 behind":    {slices.Concat(b, legacy), ErrInvalid},
		"no length behind":               {slices.Concat(b, length(0)), ErrCorrupt},
		"rubbish behind":                 {slices.Concat(b, edit(16, 9)), ErrCorrupt},
		"nothing":                        {nil, ErrInvalid},
		"a byte":                         {b[:1], ErrInvalid},
		"no whole header":                {b[:HeaderLen-1], ErrInvalid},
		"not the whole batch":            {b[:len(b)-1], ErrInvalid},
		"magic 0":                        {edit(16, 0), ErrUnsupported},
		"magic 1":                        {edit(16, 1), ErrUnsupported},
		"a short message of magic 1":     {legacy, ErrUnsupported},
		"magic 3":                        {edit(16, 3), ErrCorrupt},
		"magic -1":                       {edit(16, 255), ErrCorrupt},
		"a length of 0":                  {length(0), ErrCorrupt},
		"a length of -1":                 {length(-1), ErrCorrupt},
		"a length of less than a header": {length(20), ErrCorrupt},
		"a length of 2^31-1":             {length(1<<31 - 1), ErrInvalid},
	} {
		got, err := Sent(c.src)
		require.ErrorIs(t, err, c.want, name)
		if c.want == nil {
			require.NoError(t, err, name)
			require.Equal(t, b, got, name)
			require.Equal(t, len(got), cap(got), name)
		}
	}
}
