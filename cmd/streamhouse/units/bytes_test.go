package units

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestByteSizes(t *testing.T) {
	for text, want := range map[string]Bytes{
		"0": 0, "1": 1, "1048588": 1048588, "12B": 12, "3KiB": 3 << 10, "3 KiB": 3 << 10, "100MiB": 100 << 20, "2GiB": 2 << 30, "1TiB": 1 << 40,
		"3KB": 3000, "3MB": 3e6, "3GB": 3e9, "3TB": 3e12, "9223372036854775807": 1<<63 - 1,
	} {
		var got Bytes
		require.NoError(t, got.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{
		"": "is not a size", " 1": "is not a size", " 1MiB": "is not a size", "1MiB ": "is not a size", "-1": "is not a size", "1.5GiB": "is not a size", "1Q": "is not a size", "MiB": "is not a size", "0x10": "is not a size",
		"9223372036854775808": "too large", "8388608TiB": "too large", "99999999999999999999": "too large",
	} {
		var got Bytes
		require.ErrorContains(t, got.UnmarshalText([]byte(text)), want, text)
	}
	for size, want := range map[Bytes]string{0: "0", 1: "1", 1500: "1500", 1 << 10: "1KiB", 100 << 20: "100MiB", 1536 << 20: "1536MiB", 1 << 40: "1TiB"} {
		require.Equal(t, want, size.String())
	}
}
