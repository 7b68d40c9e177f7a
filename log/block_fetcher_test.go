package log

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/cache"
	"streamhouse/log/record"
)

// slowBlocks makes blocks that are as large as their keys say and take a while to come.
type slowBlocks struct {
	wait    time.Duration
	running atomic.Int64
	most    atomic.Int64
	mu      sync.Mutex
	loaded  []cache.Key
}

func (s *slowBlocks) Load(ctx context.Context, keys []cache.Key) ([][]byte, error) {
	n := s.running.Add(int64(len(keys)))
	defer s.running.Add(-int64(len(keys)))
	s.mu.Lock()
	s.most.Store(max(s.most.Load(), n))
	s.loaded = append(s.loaded, keys...)
	s.mu.Unlock()
	select {
	case <-time.After(s.wait):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	blocks := make([][]byte, len(keys))
	for i, k := range keys {
		blocks[i] = make([]byte, k.Length)
	}
	return blocks, nil
}

// keys returns what was loaded, in the order of the loads.
func (s *slowBlocks) keys() []cache.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.loaded)
}

func (s *slowBlocks) Decode(_ cache.Key, stored []byte) ([]byte, error) { return stored, nil }

const testBlock = 1 << 20

// newFetcher makes a fetcher whose cache keeps nothing. Its account has room for two blocks of testBlock on their way, or for one beside two that have come.
func newFetcher(t *testing.T) (*blockFetcher, *slowBlocks) {
	loader := &slowBlocks{wait: time.Second}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	b := newBlockFetcher(ctx, Options{}, &running)
	b.account.limit = 5 * testBlock
	var err error
	b.cache, err = cache.Open(cache.Options{}, loader)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, b.check())
		b.close()
		cancel()
		running.Wait()
		require.NoError(t, b.cache.Close())
	})
	return b, loader
}

func wantedBlocks(from, to int) (wanted []wantedBlock) {
	for i := from; i < to; i++ {
		wanted = append(wanted, wantedBlock{cache.Key{Object: fmt.Sprint("object", i), Length: testBlock}, testBlock})
	}
	return wanted
}

// asked is what a read keeps of its fetches; served are the first ones.
func asked(fetches []*blockFetch, served int) map[cache.Key]*askedBlock {
	blocks := make(map[cache.Key]*askedBlock)
	for i, f := range fetches {
		blocks[f.key] = &askedBlock{fetch: f, served: i < served}
	}
	return blocks
}

// Blocks beyond the account wait for those before them to be served, in their order.
func TestFetchesWaitTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, loader := newFetcher(t)
		w := newWaiter()
		fetches := b.want(w, wantedBlocks(0, 5), nil)
		for i, f := range fetches {
			time.Sleep(2 * time.Second) // many more could have come
			<-f.done
			require.NoError(t, f.err)
			require.Len(t, f.raw, testBlock)
			var want []cache.Key
			for _, block := range wantedBlocks(0, min(i+3, 5)) {
				want = append(want, block.key)
			}
			require.ElementsMatch(t, want, loader.keys())
			b.leave(w, asked(fetches[i:i+1], 1))
		}
		require.EqualValues(t, 2, loader.most.Load())
		used, most := b.account.figures()
		require.Zero(t, used)
		require.LessOrEqual(t, most, b.account.limit)
		require.Zero(t, b.known.Load())
	})
}

// A block that has come for nobody any more is found by the next read, and kept no longer than a reader needs to come back.
func TestBlocksThatNobodyClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, loader := newFetcher(t)
		w := newWaiter()
		wanted := wantedBlocks(0, 3)
		b.leave(w, asked(b.want(w, wanted, nil), 0)) // at once: the third waits its turn all the same
		time.Sleep(time.Second)
		synctest.Wait()
		f, n := b.join(w, wanted[0].key)
		require.NotNil(t, f)
		require.EqualValues(t, testBlock+cache.BlockOverhead, n)
		<-f.done
		require.Len(t, f.raw, testBlock)
		time.Sleep(10 * unclaimedTime)
		require.Len(t, loader.keys(), 3)
		require.EqualValues(t, 1, b.known.Load(), "what a read has is not taken from it")
		b.leave(w, asked([]*blockFetch{f}, 0))
		time.Sleep(unclaimedTime - time.Millisecond)
		require.EqualValues(t, 1, b.known.Load())
		time.Sleep(2 * time.Millisecond)
		require.Zero(t, b.known.Load())
		used, _ := b.account.figures()
		require.Zero(t, used)
	})
}

// Readers that wait for less than a turn takes keep their turn: each gets its block, fetched once.
func TestImpatientReadersAreServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, loader := newFetcher(t)
		const readers = 50
		var running sync.WaitGroup
		start := time.Now()
		for i := range readers {
			running.Go(func() {
				w, wanted := newWaiter(), wantedBlocks(i, i+1)
				for served := 0; served == 0; {
					fetches := b.want(w, wanted, nil)
					select {
					case <-fetches[0].done:
						served = 1
					case <-time.After(300 * time.Millisecond):
					}
					b.leave(w, asked(fetches, served))
				}
			})
		}
		running.Wait()
		require.Len(t, loader.keys(), readers)
		require.LessOrEqual(t, time.Since(start), readers*time.Second)
	})
}

// Readers that want the same block share its fetch and its bytes.
func TestReadersShareAFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, loader := newFetcher(t)
		var all []*waiter
		var last []*blockFetch
		for range 100 {
			all = append(all, newWaiter())
			last = b.want(all[len(all)-1], wantedBlocks(0, 1), nil)
		}
		time.Sleep(2 * time.Second)
		for _, w := range all {
			<-w.c
			b.leave(w, asked(last, 1))
		}
		require.Len(t, loader.keys(), 1)
		_, most := b.account.figures()
		require.Less(t, most, int64(3*testBlock))
	})
}

// What waits is bounded, whoever asks, and does not outlive the fetcher.
func TestFetchQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newFetcher(t)
		w := newWaiter()
		fetches := b.want(w, wantedBlocks(0, maxQueuedBlocks+100), nil)
		require.Len(t, fetches, maxQueuedBlocks+100)
		refused := 0
		for _, f := range fetches {
			if f == nil {
				refused++
			}
		}
		require.Equal(t, 100, refused)
		for from := 0; from < 10*maxQueuedBlocks; from += 1000 {
			b.prefetch(wantedBlocks(from, from+1000))
		}
		require.LessOrEqual(t, b.known.Load(), int64(maxQueuedBlocks+2))
	})
}

// However small the blocks are, and however many reads want them, few are fetched at once.
func TestSmallBlocksAreCountedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, loader := newFetcher(t)
		for from := 0; from < maxQueuedBlocks; from += 128 {
			wanted := wantedBlocks(from, from+128)
			for i := range wanted {
				wanted[i].key.Length, wanted[i].bytes = 1, 1
			}
			b.want(newWaiter(), wanted, nil)
		}
		synctest.Wait()
		require.EqualValues(t, maxQueuedBlocks, b.known.Load())
		atOnce := int(b.account.limit / blockFetchBytes)
		require.GreaterOrEqual(t, b.queue.Len(), maxQueuedBlocks-atOnce)
		time.Sleep(10 * time.Minute)
		require.LessOrEqual(t, loader.most.Load(), int64(atOnce))
		require.GreaterOrEqual(t, len(loader.keys()), maxQueuedBlocks, "what has come takes little, and the others have their turn")
	})
}

// A store in trouble is an error of the reads that wait, and the next read tries again.
func TestFetchThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newFetcher(t)
		w := newWaiter()
		wanted := wantedBlock{cache.Key{Object: "", Length: 1}, 1}
		for range 3 {
			f := b.want(w, []wantedBlock{wanted}, nil)
			<-w.c
			<-f[0].done
			require.ErrorIs(t, f[0].err, cache.ErrKey)
			b.leave(w, asked(f, 0))
			require.Zero(t, b.known.Load())
		}
		used, _ := b.account.figures()
		require.Zero(t, used)
	})
}

// A batch larger than all that reads may hold is read all the same, and alone.
func TestReadOfAGiant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, func(o *Options) { o.CacheMemoryBytes = 1 << 20 })
		parts := e.topic("t", 2, "max.message.bytes", "20000000")
		for i, p := range parts {
			require.NoError(t, e.append(p, mustBatch(t, 0, []record.Record{{Value: noise(t, i, 12<<20)}})).Err)
		}
		e.reopen()
		for i, p := range parts {
			res := e.read(p, 0)
			require.NoError(t, res.Err)
			require.True(t, bytes.Equal(noise(t, i, 12<<20), collect(t, res.Records, 0)[0].Value))
		}
		time.Sleep(2 * unclaimedTime)
		used, _ := e.blocks.account.figures()
		require.Zero(t, used)
	})
}
