package simulation

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
)

var (
	oneSeed     = flag.Uint64("seed", 0, "run the simulation of this seed alone")
	simulations = flag.Int("simulations", 2, "how many new seeds to run, beside the fixed ones")
	verbose     = flag.Bool("verbose", false, "print the brokers' and the clients' logs, too")
)

// fixedSeeds are run every time.
var fixedSeeds = []uint64{1, 2, 3, 4, 5, 6}

func TestSimulation(t *testing.T) {
	seeds := fixedSeeds
	if *oneSeed != 0 {
		seeds, *simulations = []uint64{*oneSeed}, 0
	}
	for range *simulations {
		seeds = append(seeds[:len(seeds):len(seeds)], uint64(rand.Uint32()))
	}
	warm(t)
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { simulate(t, seed) })
		})
	}
}

// simulate is one run.
func simulate(t *testing.T, seed uint64) {
	w := newWorld(t, seed)
	w.tell("seed %d: %+v", seed, w.settings)
	w.lead(w.openBroker(disk{}))
	c := w.newCast()
	w.createTopics()
	c.start()
	w.live()
	w.settle()
	c.finish()
	w.conclude()
}
