package log

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/log/record"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
)

// sequenced starts an append of an idempotent producer's batch, one record of so many bytes that do not compress.
func (s *small) sequenced(p PartitionID, producer int64, seq int32, bytes int) (*Pending[[]AppendResult], []byte) {
	s.started++
	records := testBatch(s.t, &record.Sequence{ProducerID: producer, Base: seq}, fmt.Sprint(producer, "/", seq, " ", string(noise(s.t, s.started, bytes))))
	return s.start(p, append([]byte(nil), records...)), records
}

// Between two flushes that are in flight the store begins to take less, and the first one is cut. Where its rest has the
// first batch of a producer and the second flush has the next, neither may be applied without the other: the log
// stops, nobody behind is acknowledged, and after a restart all that is sent again is stored in its order. Where the
// partition knows the producer, or where nothing of it is behind, everything goes on.
func TestStoreShrinksUnderUnknownProducer(t *testing.T) {
	for what, c := range map[string]struct {
		known      bool  // to the partition, before
		rest       int64 // producer of the batch that is cut off
		kept, seq0 bool  // the first batch of that producer is in the part that stays, or in a flush before
		stops      bool
	}{
		"unknown":                              {rest: 7, stops: true},
		"known":                                {rest: 7, known: true},
		"its first batch stays":                {rest: 7, kept: true},
		"its first batch is in a flush before": {rest: 7, seq0: true},
		"another producer":                     {rest: 8},
		"without a producer":                   {rest: -1},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSmall(t)
				defer s.store.Mend()
				s.limit.Mend()
				s.prove(300_000)
				next := int32(0)
				if c.known {
					w, _ := s.sequenced(s.p[0], 7, next, 10)
					require.NoError(t, outcome(t, w)[0].Err)
					next++
				}
				hang := s.store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Do: faulty.Hang()})
				s.shrink()
				time.Sleep(2 * time.Second)
				var before *Pending[[]AppendResult]
				if c.seq0 {
					before, _ = s.sequenced(s.p[0], 7, next, 10)
					next++
				} else {
					before, _ = s.write(s.p[0], 10)
				}
				synctest.Wait() // it is sealed, and what comes now is so together, a second later
				first, _ := s.write(s.p[0], 90_000)
				if c.kept {
					first, _ = s.sequenced(s.p[0], 7, next, 10)
					next++
				}
				sent := make(map[int32][]byte)
				var cut *Pending[[]AppendResult]
				switch c.rest {
				case -1:
					cut, _ = s.write(s.p[0], 100_000)
				case 7:
					cut, sent[next] = s.sequenced(s.p[0], 7, next, 100_000)
					next++
				default:
					cut, _ = s.sequenced(s.p[0], c.rest, 0, 100_000)
				}
				time.Sleep(2 * time.Second)
				var later *Pending[[]AppendResult]
				later, sent[next] = s.sequenced(s.p[0], 7, next, 10)
				time.Sleep(2 * time.Second)
				require.Equal(t, 3, s.Stats().FlushesInFlight)
				hang.Mend()
				require.NoError(t, outcome(t, before)[0].Err)
				if c.stops {
					<-s.Stopped()
					require.ErrorIs(t, s.Err(), ErrStoreShrank)
					for _, w := range []*Pending[[]AppendResult]{first, cut, later} {
						_, err := w.Wait(t.Context())
						require.ErrorIs(t, err, ErrStoreShrank)
					}
					_, err := s.Append(t.Context(), []AppendRequest{{Partition: s.p[0], Records: testBatch(t, nil, "late")}})
					require.ErrorIs(t, err, ErrStoreShrank)
					require.NoError(t, s.Close(t.Context()))
					s.open()
				} else {
					require.NoError(t, outcome(t, first)[0].Err)
					require.NoError(t, outcome(t, cut)[0].Err)
					err := outcome(t, later)[0].Err
					if c.rest == 7 {
						require.ErrorIs(t, err, ErrOutOfOrderSequence, "it came too early")
					} else {
						require.NoError(t, err)
					}
				}
				// The client sends again what it had no good answer to, in its order.
				for seq := next - 1; seq <= next; seq++ {
					if sent[seq] != nil {
						res := s.append(s.p[0], append([]byte(nil), sent[seq]...))
						require.NoError(t, res.Err)
						require.Equal(t, !c.stops && (seq < next || c.rest != 7), res.Duplicate, seq)
					}
				}
				var order, want []string
				for seq := range next + 1 {
					want = append(want, fmt.Sprint(seq))
				}
				for _, v := range s.values(s.p[0], 0) {
					var producer, seq int
					if n, _ := fmt.Sscanf(v, "%d/%d ", &producer, &seq); n == 2 && producer == 7 {
						order = append(order, fmt.Sprint(seq))
					}
				}
				require.Equal(t, want, order)
				require.NoError(t, s.Check(t.Context()))
				require.NoError(t, s.Close(t.Context()))
			})
		})
	}
}

// An attempt that was carried out, though its answer was lost, fills the place with the whole flush: then it and all
// behind it are there after the restart, in their order.
func TestStoreShrinksThoughThePlaceIsFilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSmall(t)
		s.limit.Mend()
		s.prove(300_000)
		time.Sleep(2 * time.Second)
		s.write(s.p[1], 10)
		synctest.Wait() // it has landed, and what comes now is sealed together, a second later
		s.store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: s.nextKey(), Nth: 1, Do: faulty.HangAfter()})
		defer s.store.Mend()
		s.write(s.p[1], 90_000)
		_, a := s.sequenced(s.p[0], 7, 0, 100_000)
		time.Sleep(2 * time.Second)
		_, b := s.sequenced(s.p[0], 7, 1, 10)
		time.Sleep(2 * time.Second)
		require.Equal(t, 2, s.Stats().FlushesInFlight)
		s.store.Break(faulty.Fault{Ops: objstore.OpPut, Prefix: "journal/", Above: storeLimit, Times: 1, Do: faulty.TooLarge()})
		<-s.Stopped()
		require.ErrorIs(t, s.Err(), ErrStoreShrank)
		require.NoError(t, s.Close(t.Context()))
		s.open()
		for _, records := range [][]byte{a, b} {
			res := s.append(s.p[0], records)
			require.NoError(t, res.Err)
			require.True(t, res.Duplicate)
		}
		require.NoError(t, s.Check(t.Context()))
		require.NoError(t, s.Close(t.Context()))
	})
}
