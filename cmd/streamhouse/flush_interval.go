package main

import (
	"fmt"
	"time"
)

// flushInterval is a duration, or auto, which depends on the store: see duration.
type flushInterval struct {
	auto bool
	d    time.Duration
}

// UnmarshalText reads auto or a duration, for kong. Its bounds are checked by [settings.checkFlushing].
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
