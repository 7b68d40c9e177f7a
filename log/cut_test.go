package log

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/log/segment"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// small is a store that takes no objects of more than storeLimit bytes, and a log on it that does not know.
type small struct {
	*engine
	store   *faulty.Store
	limit   *faulty.Rule
	seen    *flushed
	p       []PartitionID
	started int
}

const storeLimit = 150_000

func newSmall(t *testing.T, change ...func(*Options)) *small {
	s := &small{store: faulty.New(mem.New(), 1), seen: &flushed{}}
	s.engine = openEngine(t, s.store, append([]func(*Options){func(o *Options) {
		o.FlushBytes, o.FlushInterval, o.Events.Flushed = 1<<20, time.Second, s.seen.add
	}}, change...)...)
	s.p = s.topic("t", 2)
	s.shrink()
	return s
}

// shrink makes the store take no objects above the limit. Faults that were made before come first.
func (s *small) shrink() {
	s.limit = s.store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Above: storeLimit, Do: faulty.TooLarge()})
}

// prove makes the store take an object of so many bytes, so that others as large may be in flight together.
func (s *small) prove(bytes int) {
	s.t.Helper()
	w, _ := s.write(s.p[0], bytes)
	require.NoError(s.t, outcome(s.t, w)[0].Err)
	synctest.Wait()
	s.seen.forget()
	require.GreaterOrEqual(s.t, s.provenBytes, int64(bytes))
}

// write starts an append of so many bytes that do not compress, by a producer of its own.
func (s *small) write(p PartitionID, bytes int) (*Pending[[]AppendResult], string) {
	s.started++
	value := fmt.Sprint(s.started, " ", string(noise(s.t, s.started, bytes)))
	return s.start(p, testBatch(s.t, &record.Sequence{ProducerID: int64(s.started), ProducerEpoch: int16(s.LeaderEpoch())}, value)), value
}

// offset starts a commit of a group's offset in as many bytes as that takes.
func (s *small) offset(group string, offset int64, bytes int) *Pending[[]error] {
	var commits []OffsetCommit
	for ; bytes > 0 || commits == nil; bytes -= MaxOffsetMetadata {
		commits = append(commits, OffsetCommit{Partition: s.p[0], Offset: offset, Metadata: string(noise(s.t, int(offset), min(max(bytes, 1), MaxOffsetMetadata)))})
	}
	return s.CommitOffsets(group, commits)
}

// end looks at what must hold now and ever after, and closes.
func (s *small) end(look func(when string)) {
	s.t.Helper()
	synctest.Wait()
	for _, f := range s.seen.all() {
		require.LessOrEqual(s.t, f.ObjectBytes, int64(storeLimit))
	}
	require.NoError(s.t, s.Check(context.Background()))
	s.everAfter(look)
	require.NoError(s.t, s.Check(context.Background()))
	require.NoError(s.t, s.Close(context.Background()))
}

// A flush that is too large is cut until the store takes it. All are answered, in their order, and the changes with the
// first of them; later flushes are kept smaller.
func TestTooLargeFlushIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var limits []int64
		s := newSmall(t, func(o *Options) {
			o.Events.ObjectRefused = func(bytes, limit int64, err error) {
				require.Greater(t, bytes, int64(storeLimit))
				require.ErrorIs(t, err, objstore.ErrTooLarge)
				limits = append(limits, limit)
			}
		})
		var want []string
		for round := range 3 {
			var waits []*Pending[[]AppendResult]
			for range 12 {
				w, value := s.write(s.p[0], 40_000)
				waits, want = append(waits, w), append(want, value)
			}
			changes := s.offset("g", int64(round), 1)
			for i, w := range waits {
				res := outcome(t, w)[0]
				require.NoError(t, res.Err)
				require.Equal(t, int64(12*round+i), res.Base)
			}
			require.NoError(t, outcome(t, changes)[0])
			require.LessOrEqual(t, len(limits), 2, "the size is remembered")
			require.Equal(t, s.limit.Hits(), len(limits))
		}
		require.Len(t, limits, 2)
		require.Greater(t, limits[0], limits[1])
		require.NoError(t, s.Health())
		s.end(func(when string) {
			require.Equal(t, want, s.values(s.p[0], 0), when)
			c, ok := s.CommittedOffset("g", s.p[0])
			require.True(t, ok)
			require.Equal(t, int64(2), c.Offset, when)
		})
	})
}

// One request that is too large by itself is refused for good; an empty commit takes its place, and everybody else goes on.
func TestTooLargeRequestIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSmall(t)
		before, first := s.write(s.p[0], 1000)
		outcome(t, before)
		places := s.nextSeq
		// Alone, and with others that share its flush.
		large, _ := s.write(s.p[0], 200_000)
		require.ErrorIs(t, outcome(t, large)[0].Err, ErrBatchTooLarge)
		require.Equal(t, places+1, s.nextSeq, "it has a place")
		last := s.seen.all()[len(s.seen.all())-1]
		require.Equal(t, 0, last.Entries, "that is empty")
		one, second := s.write(s.p[0], 1000)
		large, _ = s.write(s.p[1], 200_000)
		two, third := s.write(s.p[0], 1000)
		require.ErrorIs(t, outcome(t, large)[0].Err, ErrBatchTooLarge)
		require.Equal(t, int64(1), outcome(t, one)[0].Base)
		require.Equal(t, int64(2), outcome(t, two)[0].Base)
		// One call with a partition that is too large and one that is not.
		pending, err := s.Append(t.Context(), []AppendRequest{
			{Partition: s.p[0], Records: testBatch(t, nil, "beside")},
			{Partition: s.p[1], Records: testBatch(t, nil, string(noise(t, 9, 200_000)))},
		})
		require.NoError(t, err)
		res := outcome(t, pending)
		require.NoError(t, res[0].Err)
		require.ErrorIs(t, res[1].Err, ErrBatchTooLarge)
		require.NoError(t, s.Health())
		s.end(func(when string) {
			require.Equal(t, []string{first, second, third, "beside"}, s.values(s.p[0], 0), when)
			require.Empty(t, s.values(s.p[1], 0), when)
		})
	})
}

// So is a change of state.
func TestTooLargeChangeIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSmall(t)
		require.NoError(t, outcome(t, s.offset("g", 1, 100))[0])
		large, small := s.offset("g", 2, 300_000), s.offset("h", 3, 100)
		for _, err := range outcome(t, large) {
			require.ErrorIs(t, err, ErrChangeTooLarge)
		}
		require.NoError(t, outcome(t, small)[0])
		s.end(func(when string) {
			g, _ := s.CommittedOffset("g", s.p[0])
			h, _ := s.CommittedOffset("h", s.p[0])
			require.Equal(t, []int64{1, 3}, []int64{g.Offset, h.Offset}, when)
		})
	})
}

// Whatever became of an attempt that had no answer, before the store refused the flush for its size: what stands at the
// place decides, nobody is told anything else, and nothing is there twice.
func TestTooLargeAfterAnUnknownOutcome(t *testing.T) {
	for what, c := range map[string]struct {
		first   faulty.Effect
		carried bool
	}{
		"it was carried out": {faulty.FailAfter(errNet), true},
		"it was not":         {faulty.FailBefore(errNet), false},
	} {
		for _, requests := range []int{1, 2, 5} {
			t.Run(fmt.Sprint(what, ", ", requests, " requests"), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newSmall(t)
					s.limit.Mend()
					unknown := s.store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: s.nextKey(), Nth: 1, Do: c.first})
					var waits []*Pending[[]AppendResult]
					var want []string
					for range requests {
						w, value := s.write(s.p[0], 200_000/requests)
						waits, want = append(waits, w), append(want, value)
					}
					changes := s.offset("g", 7, 1)
					require.NoError(t, unknown.Wait(t.Context(), 1))
					s.shrink()
					for i, w := range waits {
						res := outcome(t, w)[0]
						if requests == 1 && !c.carried {
							require.ErrorIs(t, res.Err, ErrBatchTooLarge)
							want = nil
							continue
						}
						require.NoError(t, res.Err)
						require.Equal(t, int64(i), res.Base)
					}
					require.NoError(t, outcome(t, changes)[0])
					require.Positive(t, s.limit.Hits())
					next, value := s.write(s.p[0], 100)
					require.Equal(t, int64(len(want)), outcome(t, next)[0].Base)
					if c.carried {
						synctest.Wait()
						s.seen.forget() // one of them is larger than the store takes now
					}
					s.end(func(when string) {
						require.Equal(t, append(want[:len(want):len(want)], value), s.values(s.p[0], 0), when)
					})
				})
			})
		}
	}
}

// A body that was given up and lands late finds the place taken by what was tried after it, and changes nothing.
func TestTooLargeBodyLandsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &lateStore{Store: mem.New()}
		store := faulty.New(inner, 1)
		e := openEngine(t, store, func(o *Options) { o.FlushBytes, o.FlushInterval = 1<<20, time.Second })
		p := e.topic("t", 1)[0]
		inner.lose = e.nextKey()
		a := e.start(p, testBatch(t, nil, string(noise(t, 1, 100_000))))
		b := e.start(p, testBatch(t, nil, string(noise(t, 2, 100_000))))
		time.Sleep(1010 * time.Millisecond)
		synctest.Wait()
		require.NotNil(t, inner.late)
		store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Above: storeLimit, Do: faulty.TooLarge()})
		require.Equal(t, int64(0), outcome(t, a)[0].Base)
		require.ErrorIs(t, inner.late(), objstore.ErrExists)
		require.Equal(t, int64(1), outcome(t, b)[0].Base)
		require.Len(t, e.values(p, 0), 2)
		require.NoError(t, e.Check(t.Context()))
		require.NoError(t, e.Close(t.Context()))
	})
}

// lateStore loses the answer of one Put, and carries it out when late is called.
type lateStore struct {
	objstore.Store
	lose string
	late func() error
}

func (s *lateStore) Put(ctx context.Context, key string, body []byte) error {
	if key != s.lose {
		return s.Store.Put(ctx, key, body)
	}
	s.lose = ""
	body = append([]byte(nil), body...)
	s.late = func() error { return s.Store.Put(context.Background(), key, body) }
	return errNet
}

// A store that refuses even an empty commit is in trouble, and tried until it is not.
func TestStoreThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSmall(t)
		nothing := s.store.Break(faulty.Fault{Ops: objstore.OpPut, Above: 1, Do: faulty.TooLarge()})
		large, _ := s.write(s.p[0], 1000)
		time.Sleep(time.Minute)
		require.ErrorIs(t, s.Health(), ErrUnavailable)
		nothing.Mend()
		require.ErrorIs(t, outcome(t, large)[0].Err, ErrBatchTooLarge)
		require.NoError(t, s.Health())
		next, value := s.write(s.p[0], 1000)
		require.NoError(t, outcome(t, next)[0].Err)
		s.end(func(when string) { require.Equal(t, []string{value}, s.values(s.p[0], 0), when) })
	})
}

// Changes never come into force in reverse: those that are cut off a flush while later ones have their place fail, and
// may be tried again; while none has, they keep their order.
func TestCutChangesDoNotComeBehindLaterOnes(t *testing.T) {
	for _, overtaken := range []bool{false, true} {
		t.Run(fmt.Sprint("later ones are under way: ", overtaken), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSmall(t)
				s.limit.Mend()
				hang := s.store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: s.nextKey(), Nth: 1, Do: faulty.Hang()})
				s.shrink()
				var changes []*Pending[[]error]
				for i := range 4 {
					changes = append(changes, s.offset("g", int64(i), 60_000))
				}
				time.Sleep(2 * time.Second)
				var later *Pending[[]error]
				if overtaken {
					later = s.offset("g", 10, 1)
					synctest.Wait()
					require.Equal(t, 2, s.Stats().FlushesInFlight)
				}
				hang.Mend()
				for i, c := range changes {
					err := outcome(t, c)[0]
					if overtaken && i >= 2 {
						require.ErrorIs(t, err, ErrUnavailable, i)
					} else {
						require.NoError(t, err, i)
					}
				}
				want := int64(3)
				if overtaken {
					want = 10
					require.NoError(t, outcome(t, later)[0])
				}
				s.end(func(when string) {
					c, _ := s.CommittedOffset("g", s.p[0])
					require.Equal(t, want, c.Offset, when)
				})
			})
		})
	}
}

// Room in the state is held by those who asked for it, and goes where their requests go: what lands is part of the
// usage, a rest goes on holding its room, and what is given up or refused gives it back, once.
func TestClaimsGoWithTheRequestsOfACutFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSmall(t)
		epoch, _, seq := s.places()
		hang := s.store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: segment.Key(epoch, seq+1), Do: faulty.Hang()})
		defer hang.Mend()
		var waits []*Pending[[]AppendResult]
		for range 4 {
			w, _ := s.write(s.p[0], 60_000)
			waits = append(waits, w)
		}
		topic := s.CreateTopics([]TopicSpec{{Name: "new", Partitions: 3}})
		require.Equal(t, claim{Usage{Topics: 1, Partitions: 3, Producers: 4}, 3}, s.claims())
		require.NoError(t, outcome(t, topic)[0].Err)
		require.NoError(t, hang.Wait(t.Context(), 1))
		synctest.Wait()
		require.Equal(t, 1, s.limit.Hits())
		landed := s.admission.usage().Producers
		require.Contains(t, []int64{1, 2, 3}, landed)
		require.Equal(t, claim{adds: Usage{Producers: 4 - landed}}, s.claims(), "those of the rest")
		hang.Mend()
		for _, w := range waits {
			require.NoError(t, outcome(t, w)[0].Err)
		}
		require.Equal(t, claim{}, s.claims())
		require.Equal(t, Usage{Topics: 2, Partitions: 5, Producers: 4}, s.admission.usage())
		large, _ := s.write(s.p[0], 200_000)
		require.ErrorIs(t, outcome(t, large)[0].Err, ErrBatchTooLarge)
		require.Equal(t, claim{}, s.claims(), "it was refused")
		require.EqualValues(t, 4, s.admission.usage().Producers)
	})
}

// So it is with changes that are given up because later ones are under way, and with those that are too large.
func TestClaimsOfChangesThatAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSmall(t)
		s.limit.Mend()
		hang := s.store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: s.nextKey(), Nth: 1, Do: faulty.Hang()})
		defer hang.Mend()
		s.shrink()
		var changes []*Pending[[]error]
		for i := range 4 {
			changes = append(changes, s.offset(fmt.Sprint("g", i), 1, 60_000))
		}
		time.Sleep(2 * time.Second)
		later := s.offset("later", 1, 1)
		synctest.Wait()
		require.EqualValues(t, 5, s.claims().adds.Groups)
		hang.Mend()
		require.NoError(t, outcome(t, changes[0])[0])
		require.ErrorIs(t, outcome(t, changes[3])[0], ErrUnavailable)
		require.NoError(t, outcome(t, later)[0])
		require.Equal(t, claim{}, s.claims())
		require.EqualValues(t, 3, s.admission.usage().Groups)
		require.ErrorIs(t, outcome(t, s.offset("too large", 1, 300_000))[0], ErrChangeTooLarge)
		require.Equal(t, claim{}, s.claims())
		require.EqualValues(t, 3, s.admission.usage().Groups)
	})
}

// claims returns what is let in and not applied yet, once all has come to rest.
func (s *small) claims() claim {
	synctest.Wait()
	s.admission.mu.Lock()
	defer s.admission.mu.Unlock()
	return s.admission.pending
}

// What is cut off by several flushes that were under way together goes on in its order, before all that came later.
func TestRestsKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSmall(t, func(o *Options) { o.FlushBytes, o.FlushInterval = 400_000, 0 })
		s.limit.Mend()
		s.prove(390_000)
		away := s.store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		s.shrink()
		var waits []*Pending[[]AppendResult]
		var want []string
		for range 40 { // four flushes are under way, one is in the queue, one is open
			w, value := s.write(s.p[0], 60_000)
			waits, want = append(waits, w), append(want, value)
		}
		synctest.Wait()
		require.Equal(t, 4, s.Stats().FlushesInFlight)
		away.Mend()
		bases := make(map[int64]int)
		for i, w := range waits {
			res := outcome(t, w)[0]
			require.NoError(t, res.Err)
			bases[res.Base-1] = i
		}
		var order []int
		for base := range int64(len(want)) {
			order = append(order, bases[base])
		}
		// The four that had their places hold their first batches; then the rests come one behind the other.
		n := 0
		for n < len(order) && (n == 0 || order[n] > order[n-1]) {
			n++
		}
		require.IsIncreasing(t, order[n:], "%v", order)
		require.Equal(t, 0, order[0])
		s.end(func(when string) { require.Len(t, s.values(s.p[0], 0), len(want)+1, when) })
	})
}

// Whatever the store does to PUTs of whatever size: what is acknowledged is there once, what is refused is not, a
// group's position is the last one that was acknowledged, and a replay agrees, wherever the power fails.
func TestCutAtRandom(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { cutAtRandom(t, rand.New(rand.NewPCG(seed, 7)), seed) })
		})
	}
}

func cutAtRandom(t *testing.T, random *rand.Rand, seed uint64) {
	store := faulty.New(mem.New(), seed)
	e := openEngine(t, store, func(o *Options) {
		o.FlushBytes, o.MaxInFlight = 100_000+int64(random.IntN(400_000)), 1+random.IntN(4)
		o.FlushInterval = time.Duration(random.IntN(2)) * 250 * time.Millisecond
	})
	s := &small{engine: e, store: store}
	s.p = s.topic("t", 2)
	store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Chance: 0.3, Do: faulty.Slow(time.Duration(random.IntN(2000)) * time.Millisecond)})
	store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Chance: 0.2, Do: faulty.FailBefore(errNet)})
	store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Chance: 0.2, Do: faulty.FailAfter(errNet)})
	store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Above: 66_000 + random.IntN(100_000), Do: faulty.TooLarge()})
	// One that takes less and less often: a proxy with limits of its own.
	store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Above: 10_000, Chance: 0.2, Do: faulty.TooLarge()})
	writes, offsets := make(map[string]*Pending[[]AppendResult]), []*Pending[[]error]{nil}
	for range 80 {
		size := 10 + random.IntN(30_000)
		if random.IntN(20) == 0 {
			size = 60_000 + random.IntN(100_000)
		}
		if random.IntN(3) == 0 {
			offsets = append(offsets, s.offset("g", int64(len(offsets)), size))
		} else {
			w, value := s.write(s.p[random.IntN(2)], size)
			writes[value] = w
		}
		if random.IntN(6) == 0 {
			time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
		}
	}
	crash := random.IntN(2) == 0
	if crash {
		time.Sleep(time.Duration(random.IntN(8000)) * time.Millisecond)
		e.crash()
	}
	fate := func(err error) string {
		switch {
		case err == nil:
			return "there"
		case errors.Is(err, ErrBatchTooLarge), errors.Is(err, ErrChangeTooLarge), errors.Is(err, ErrUnavailable):
			return "not there"
		}
		require.True(t, crash, "%v", err)
		return "unknown"
	}
	wait := t.Context()
	if crash { // what was never sealed has no answer
		ctx, cancel := context.WithCancel(wait)
		cancel()
		wait = ctx
	}
	written := make(map[string]string)
	for value, w := range writes {
		res, err := w.Wait(wait)
		if err == nil {
			err = res[0].Err
		}
		written[value] = fate(err)
	}
	least, possible := int64(0), map[int64]bool{0: true}
	for i, w := range offsets[1:] {
		errs, err := w.Wait(wait)
		if err == nil {
			err = errs[0]
		}
		switch fate(err) {
		case "there":
			least = int64(i + 1)
			fallthrough
		case "unknown":
			possible[int64(i+1)] = true
		}
	}
	store.Mend()
	if crash {
		if random.IntN(2) == 0 {
			require.NoError(t, os.Remove(e.o.MetadataPath))
		}
		e.open()
	}
	look := func(when string) {
		found := make(map[string]int)
		for _, p := range s.p {
			for _, value := range s.values(p, 0) {
				found[value]++
			}
		}
		for value, w := range written {
			n, name := found[value], strings.SplitN(value, " ", 2)[0]
			require.LessOrEqual(t, n, 1, "%s: %s is there twice", when, name)
			require.False(t, w == "there" && n == 0, "%s: %s was acknowledged and is not there", when, name)
			require.False(t, w == "not there" && n > 0, "%s: %s was refused and is there", when, name)
		}
		c, _ := s.CommittedOffset("g", s.p[0])
		require.GreaterOrEqual(t, c.Offset, least, when)
		require.True(t, possible[c.Offset], "%s: offset %d was refused and is there", when, c.Offset)
		if !crash {
			require.Equal(t, least, c.Offset, when)
		}
	}
	synctest.Wait()
	require.NoError(t, e.Check(t.Context()))
	s.everAfter(look)
	require.NoError(t, e.Check(t.Context()))
	require.NoError(t, e.Close(t.Context()))
}

// A log that is closed while a flush is being cut writes the rest as well; where it is fenced or there is no time,
// everybody is answered.
func TestCutEndsWithTheLog(t *testing.T) {
	for _, how := range []string{"closed in time", "closed in time with nothing behind it", "closed too late", "fenced"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inner := mem.New()
				s := &small{store: faulty.New(inner, 1), seen: &flushed{}}
				s.engine = openEngine(t, s.store, func(o *Options) { o.FlushBytes, o.FlushInterval = 1<<20, time.Second })
				s.p = s.topic("t", 1)
				s.shrink()
				hang := s.store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Do: faulty.Hang()})
				var waits []*Pending[[]AppendResult]
				var want []string
				for range 3 {
					w, value := s.write(s.p[0], 80_000)
					waits, want = append(waits, w), append(want, value)
				}
				time.Sleep(1500 * time.Millisecond)
				require.Equal(t, 1, s.limit.Hits(), "what is left of it hangs")
				if how != "closed in time with nothing behind it" {
					later, value := s.write(s.p[0], 100)
					waits, want = append(waits, later), append(want, value)
				}
				time.Sleep(2 * time.Second)
				require.Equal(t, 1, s.Stats().FlushesInFlight, "nothing is sealed meanwhile")
				var end error
				switch how {
				case "closed in time", "closed in time with nothing behind it":
					time.AfterFunc(10*time.Second, hang.Mend)
					require.NoError(t, s.Close(t.Context()))
				case "closed too late":
					end = ErrClosed
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					defer cancel()
					require.Error(t, s.Close(ctx))
				case "fenced":
					end = ErrFenced
					fresh := openEngine(t, inner)
					require.NoError(t, fresh.Close(t.Context()))
					<-s.Stopped()
				}
				for i, w := range waits {
					res, err := w.Wait(t.Context())
					require.ErrorIs(t, err, end)
					if end == nil {
						require.Equal(t, int64(i), res[0].Base)
					}
				}
				require.NoError(t, s.Close(t.Context()))
				require.NoError(t, s.checkUnflushed())
				require.Zero(t, s.cutting)
				if end == nil {
					s.open()
					require.Equal(t, want, s.values(s.p[0], 0))
					require.NoError(t, s.Close(t.Context()))
				}
			})
		})
	}
}
