package group

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOptionsHaveDefaults(t *testing.T) {
	require.Equal(t, Options{
		MinSessionTimeout: 6 * time.Second, MaxSessionTimeout: 30 * time.Minute, InitialRebalanceDelay: 3 * time.Second, MaxSize: 5000,
	}, NewRegistry(Options{}, nil, slog.Default()).Options())
	set := Options{MinSessionTimeout: 1, MaxSessionTimeout: 2, InitialRebalanceDelay: -1, MaxSize: 3}
	require.Equal(t, set, NewRegistry(set, nil, slog.Default()).Options())
}

func TestRegistryIsBounded(t *testing.T) {
	inGroups(t, noDelay, func(g *groupTest) {
		for i := range maxGroups {
			g.registry.byName[fmt.Sprint(i)] = nil // which nobody enters
		}
		m := g.member("m")
		fails(t, ErrOverloaded, m.join().answer().err)
		fails(t, ErrOverloaded, g.registry.WhileEmpty("g", func() { t.Error("called all the same") }))
		delete(g.registry.byName, "0")
		m.in(m.enter())
		clear(g.registry.byName)
		fails(t, nil, g.registry.WhileEmpty("h", func() {}))
	})
}

// Clients of a few groups come, work and go side by side, and others look on:
// groups are forgotten and made again all the time.
func TestRegistryIsConcurrent(t *testing.T) {
	r := NewRegistry(Options{InitialRebalanceDelay: -1, MaxSize: 3}, readable, slog.New(slog.DiscardHandler))
	var clients sync.WaitGroup
	var mu sync.Mutex
	commits := 0
	for c := range uint64(8) {
		rng := rand.New(rand.NewPCG(c, 0))
		clients.Go(func() {
			for range 200 {
				name := fmt.Sprint("g", rng.IntN(2))
				req := JoinRequest{Group: name, ClientID: "c", SessionTimeout: 10 * time.Second, ProtocolType: "consumer",
					Protocols: reading("x"), RequireMemberID: rng.IntN(2) == 0}
				// Who does not come back to a rebalance holds the others up: they hang up.
				ctx, hangUp := context.WithTimeout(context.Background(), time.Duration(rng.IntN(2000))*time.Microsecond)
				joined, err := r.Join(req).Wait(ctx)
				if err == nil {
					who := Identity{MemberID: joined.MemberID, Generation: joined.Generation}
					_, _ = r.Sync(SyncRequest{Group: name, Identity: who}).Wait(ctx)
					_ = r.Heartbeat(name, who)
					_ = r.Commit(name, who, func() {
						mu.Lock()
						defer mu.Unlock()
						commits++
					})
				}
				hangUp()
				_, _ = r.Describe(name)
				_, _ = r.List()
				r.Stats()
				_ = r.WithSubscriptions(name, func(Subscriptions) error { return nil })
				_, err = r.Leave(name, []Leaving{{MemberID: joined.MemberID}})
				require.NoError(t, err)
			}
		})
	}
	clients.Wait()
	r.Close()
	require.Zero(t, r.Stats().States)
	require.Zero(t, r.Stats().Bytes)
	require.NotZero(t, commits, "the test never got anywhere")
}
