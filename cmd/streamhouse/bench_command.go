package main

import "streamhouse/cmd/streamhouse/bench"

// benchCommand is the benchmark as a command.
type benchCommand struct{ bench.Config }

// Run measures until it is done or the process is told to stop. What was measured until then
// is printed all the same. kong calls it with what [run] hands over.
func (b *benchCommand) Run(out output) error {
	ctx, stop := untilSignal()
	defer stop()
	return b.Config.Run(ctx, out.out, out.err)
}
