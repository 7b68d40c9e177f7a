package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal returns a context that ends with the first SIGTERM or SIGINT. When it
// has ended, the next one ends the process at once, as Go does by default: who asks twice does not
// want to wait for a flush. The function ends the context, too, and must be called.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	told, release := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	context.AfterFunc(told, func() {
		release()
		cancel()
	})
	return ctx, cancel
}
