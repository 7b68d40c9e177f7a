package main

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// textSettings are the settings that are taken as they are written, with their flags.
func (s *settings) textSettings() []struct{ flag, value string } {
	return []struct{ flag, value string }{
		{"--addr", s.Addr}, {"--kafka-addr", s.KafkaAddr}, {"--kafka-advertised-addr", s.KafkaAdvertisedAddr}, {"--http-addr", s.HTTPAddr},
		{"--bucket", s.Bucket}, {"--region", s.Region}, {"--local-storage-path", s.LocalStoragePath}, {"--metadata", s.Metadata},
		{"--cache", s.Cache}, {"--log-level", s.LogLevel}, {"--log-format", s.LogFormat},
	}
}

// checkTexts refuses what files, charts and shells put around a value without anybody
// seeing it: a path that ends in a line break is a path, and nobody finds it again.
func (s *settings) checkTexts() error {
	var errs []error
	for _, t := range s.textSettings() {
		if mend := strayText(t.value); mend != "" {
			errs = append(errs, fmt.Errorf("%s: %q %s", t.flag, t.value, mend))
		}
	}
	return errors.Join(errs...)
}

// strayText says what does not belong to a value, and what to do about it, or returns "". It reads behind
// the name of the flag and the value in quotes.
func strayText(value string) string {
	switch {
	case strings.TrimSpace(value) != value:
		return "begins or ends with a blank or a line break: write it without"
	case strings.ContainsFunc(value, unicode.IsControl):
		return "has a character in it that cannot be seen: write it anew"
	case len(value) >= 2 && strings.Contains(`"'`, value[:1]) && value[0] == value[len(value)-1]:
		return "has quotes around it, which are part of the value here: write it without"
	}
	return ""
}
