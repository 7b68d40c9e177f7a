package main

import (
	"io"
	"log/slog"
)

// newLogger writes lines of the form and from the level that the settings name, each
// message only so often: see [limitedHandler]. Each line is one call of w.Write, under a lock.
func newLogger(s *settings, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		level = slog.LevelInfo // the grammar lets only the four levels through
	}
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(newLimitedHandler(slog.NewJSONHandler(w, options)))
	}
	return slog.New(newLimitedHandler(slog.NewTextHandler(w, options)))
}
