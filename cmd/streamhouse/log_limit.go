package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Bounds of what is logged. What clients can cause they can cause a thousand times a second; the
// log must neither fill the disk nor hide other lines.
const (
	// logBurst is how many lines with the same message may come at once.
	logBurst = 10
	// logPause is the time after which another one may come.
	logPause = 10 * time.Second
	// maxLogMessages bounds what is kept of messages. Ours are a few dozen; libraries may
	// write an address or an error into theirs, and what is too much shares one limit.
	maxLogMessages = 1000
)

// limitedHandler lets each message through so often, and says in the next line that passes
// how many it has suppressed meanwhile. All lines of the process go through it, so nobody who
// writes a line has to ask whether a client can cause it. A message is a constant; what
// differs from line to line stands in its attributes.
type limitedHandler struct {
	next  slog.Handler
	lines *lineLimits
}

// newLimitedHandler returns a handler in front of next, with limits of its own. Like next it may
// be used concurrently.
func newLimitedHandler(next slog.Handler) slog.Handler {
	return &limitedHandler{next, &lineLimits{byMessage: make(map[messageKey]*lineLimit)}}
}

// Enabled implements [slog.Handler].
func (h *limitedHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle implements [slog.Handler]. A line that is suppressed is no error.
func (h *limitedHandler) Handle(ctx context.Context, r slog.Record) error {
	suppressed, ok := h.lines.allow(messageKey{r.Level, r.Message}, r.Time)
	if !ok {
		return nil
	}
	if suppressed > 0 {
		// The attributes of a record may share memory with a copy of it.
		r = r.Clone()
		r.AddAttrs(slog.Int("suppressed", suppressed))
	}
	return h.next.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler]. What it returns shares the limits.
func (h *limitedHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &limitedHandler{h.next.WithAttrs(attrs), h.lines}
}

// WithGroup implements [slog.Handler]. What it returns shares the limits.
func (h *limitedHandler) WithGroup(name string) slog.Handler {
	return &limitedHandler{h.next.WithGroup(name), h.lines}
}

// messageKey keeps the levels apart: a flood of what clients do wrong must not hide a
// failure that has the same message.
type messageKey struct {
	level   slog.Level
	message string
}

// lineLimits are the limits of all messages. It may be used concurrently.
type lineLimits struct {
	mu        sync.Mutex
	byMessage map[messageKey]*lineLimit
}

// lineLimit is that of one message; lineLimits.mu guards it.
type lineLimit struct {
	rate       *rate.Limiter
	suppressed int // since the last line that passed
}

// allow says whether a line may pass, and if so how many did not since the last one that did. now is the
// line's own time, which may stand a little before that of another line.
func (l *lineLimits) allow(key messageKey, now time.Time) (suppressed int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit := l.of(key)
	if !limit.rate.AllowN(now, 1) {
		limit.suppressed++
		return 0, false
	}
	suppressed, limit.suppressed = limit.suppressed, 0
	return suppressed, true
}

// of returns the limit of a message and makes it when it is the first. l.mu must be held. Limits are
// never dropped: there are at most maxLogMessages, and one for all others.
func (l *lineLimits) of(key messageKey) *lineLimit {
	if limit := l.byMessage[key]; limit != nil {
		return limit
	}
	if len(l.byMessage) >= maxLogMessages {
		key = messageKey{} // of them all, one more
		if limit := l.byMessage[key]; limit != nil {
			return limit
		}
	}
	limit := &lineLimit{rate: rate.NewLimiter(rate.Every(logPause), logBurst)}
	l.byMessage[key] = limit
	return limit
}
