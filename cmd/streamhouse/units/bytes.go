package units

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bytes is a number of bytes, written as a plain number or with a unit:
// 1024, 64KiB, 8MiB, 1GiB, 500MB.
type Bytes int64

// byteUnits is ordered so that no unit hides behind a shorter one.
var byteUnits = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// UnmarshalText reads a size; it is never negative.
func (b *Bytes) UnmarshalText(text []byte) error {
	number, unit := string(text), int64(1)
	for _, u := range byteUnits {
		if n, found := strings.CutSuffix(number, u.name); found {
			number, unit = strings.TrimRight(n, " "), u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(number, 10, 63)
	if errors.Is(err, strconv.ErrSyntax) {
		return fmt.Errorf("%q is not a size: write bytes as 1048576, 1024KiB, 1MiB, 1GiB or 1MB", text)
	}
	if err != nil || int64(n) > math.MaxInt64/unit {
		return fmt.Errorf("%q is too large a size", text)
	}
	*b = Bytes(int64(n) * unit)
	return nil
}

// String writes the size with the largest binary unit that divides it.
func (b Bytes) String() string {
	for i := 3; i >= 0; i-- {
		if u := byteUnits[i]; b != 0 && int64(b)%u.bytes == 0 {
			return strconv.FormatInt(int64(b)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}
