package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// byteSize is a number of bytes, written as a plain number or with a unit:
// 1024, 64KiB, 8MiB, 1GiB, 500MB.
type byteSize int64

// byteUnits is ordered so that no unit hides behind a shorter one.
var byteUnits = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// UnmarshalText reads a size; it is never negative.
func (b *byteSize) UnmarshalText(text []byte) error {
	number, unit := string(text), int64(1)
	for _, u := range byteUnits {
		if n, found := strings.CutSuffix(number, u.name); found {
			number, unit = strings.TrimSpace(n), u.bytes
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
	*b = byteSize(int64(n) * unit)
	return nil
}

// String writes the size with the largest binary unit that divides it.
func (b byteSize) String() string {
	for i := 3; i >= 0; i-- {
		if u := byteUnits[i]; b != 0 && int64(b)%u.bytes == 0 {
			return strconv.FormatInt(int64(b)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// flushInterval is a duration, or auto.
type flushInterval struct {
	auto bool
	d    time.Duration
}

// UnmarshalText reads auto or a duration.
func (f *flushInterval) UnmarshalText(text []byte) error {
	if string(text) == "auto" {
		*f = flushInterval{auto: true}
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration: write auto, 250ms, 1s …", text)
	}
	*f = flushInterval{d: d}
	return nil
}

// duration is what the interval comes to: a bucket is billed by the PUT and a
// local directory is not.
func (f flushInterval) duration(local bool) time.Duration {
	switch {
	case !f.auto:
		return f.d
	case local:
		return 0
	default:
		return 250 * time.Millisecond
	}
}
