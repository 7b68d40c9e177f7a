package group

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAlarm(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		gr, _ := g.registry.enterOrCreate("g")
		var rang []time.Duration
		start := time.Now()
		a := alarm{group: gr, ring: func() { rang = append(rang, time.Since(start)) }}
		step := func(f func()) {
			f()
			gr.mu.Unlock() // not exit: the group is to stay
			time.Sleep(100 * time.Second)
			gr.mu.Lock()
		}
		step(func() { a.set(time.Second) })
		step(func() { a.set(5 * time.Second); a.set(9 * time.Second) })  // later
		step(func() { a.set(30 * time.Second); a.set(2 * time.Second) }) // earlier
		step(func() { a.set(time.Second); a.off() })
		step(func() { a.off(); a.set(3 * time.Second); a.set(4 * time.Second) })
		require.Equal(t, []time.Duration{1 * time.Second, 109 * time.Second, 202 * time.Second, 404 * time.Second}, rang)
		gr.exit()
	})
}
