package kafka

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/objstore/mem"
)

func TestOffsetCommitVersions(t *testing.T) {
	for version := int16(0); version <= 10; version++ {
		inOffsets(t, noDelay, func(o *offsetTest) {
			req := commitRequest(at(0, 0, ""), at(1, 1<<40, "note"))
			req.Version = version
			req.Topics[0].TopicID = o.ids["a"]
			if version >= 10 {
				req.Topics[0].Topic = ""
			}
			resp := o.commit(overTheWire(t, req)).answer()
			require.Len(t, resp.Topics, 1)
			require.Equal(t, req.Topics[0].Topic, resp.Topics[0].Topic)
			if version >= 10 {
				require.Equal(t, [16]byte(o.ids["a"]), resp.Topics[0].TopicID)
			}
			for i, p := range resp.Topics[0].Partitions {
				require.Equal(t, int32(i), p.Partition)
				code(t, nil, p.ErrorCode)
			}
			require.Equal(t, int64(0), o.committed("g", 0), "0 is an offset like others")
			require.Equal(t, int64(1<<40), o.committed("g", 1), "beyond the log's end is fine")
			require.Equal(t, int64(-1), o.committed("g", 2))

			stored, _ := o.s.log.CommittedOffset("g", log.PartitionID{Topic: o.ids["a"], Index: 1})
			require.Equal(t, "note", stored.Metadata)
			if version >= 6 {
				require.Equal(t, int32(7), stored.LeaderEpoch)
			} else {
				require.Equal(t, int32(-1), stored.LeaderEpoch)
			}
		})
	}
}

// overTheWire encodes and decodes a request, as the broker reads it in its version.
func overTheWire[T kmsg.Request](t *testing.T, req T) T {
	read := kmsg.RequestForKey(req.Key())
	read.SetVersion(req.GetVersion())
	require.NoError(t, read.ReadFrom(req.AppendTo(nil)))
	return read.(T)
}

func TestOffsetCommitChecksEachPartition(t *testing.T) {
	inOffsets(t, noDelay, func(o *offsetTest) {
		req := commitRequest(
			at(0, 5, strings.Repeat("m", log.MaxOffsetMetadata)),
			at(1, 5, strings.Repeat("m", log.MaxOffsetMetadata+1)),
			at(4, 5, ""), at(-1, 5, ""), at(2, -1, ""), at(3, 9, ""))
		req.Topics[0].Partitions[5].Metadata = nil
		req.Topics = append(req.Topics, kmsg.OffsetCommitRequestTopic{
			Topic: "none", Partitions: []kmsg.OffsetCommitRequestTopicPartition{at(0, 5, "")}})
		resp := o.commit(req).answer()
		for i, want := range []*kerr.Error{nil, kerr.OffsetMetadataTooLarge, kerr.UnknownTopicOrPartition,
			kerr.UnknownTopicOrPartition, kerr.InvalidRequest, nil} {
			code(t, want, resp.Topics[0].Partitions[i].ErrorCode)
		}
		code(t, kerr.UnknownTopicOrPartition, resp.Topics[1].Partitions[0].ErrorCode)
		require.Equal(t, []int64{5, -1, -1, 9}, []int64{
			o.committed("g", 0), o.committed("g", 1), o.committed("g", 2), o.committed("g", 3)})

		req = commitRequest(at(0, 6, ""))
		req.Version, req.Topics[0].TopicID = 10, [16]byte{1, 2, 3}
		code(t, kerr.UnknownTopicID, o.commitCode(req))
		req = commitRequest(at(0, 6, ""))
		req.Group = strings.Repeat("g", log.MaxGroupName+1)
		code(t, kerr.InvalidGroupID, o.commitCode(req))
		require.Equal(t, int64(5), o.committed("g", 0))
	})
}

func TestOffsetCommitChecksTheCommitter(t *testing.T) {
	inOffsets(t, noDelay, func(o *offsetTest) {
		as := func(m *testMember) *kmsg.OffsetCommitRequest {
			req := commitRequest(at(0, time.Now().UnixNano(), ""))
			if m != nil {
				req.MemberID, req.InstanceID, req.Generation = m.id, m.instance, m.generation
			}
			return req
		}
		expect := func(want *kerr.Error, req *kmsg.OffsetCommitRequest) {
			t.Helper()
			time.Sleep(time.Millisecond)
			req.Topics[0].Partitions[0].Offset = time.Now().UnixNano()
			code(t, want, o.commitCode(req))
			require.Equal(t, want == nil, o.committed("g", 0) == req.Topics[0].Partitions[0].Offset)
		}
		a, b := o.staticMember("a"), o.member("b")
		expect(nil, as(nil))
		stranger := as(nil)
		stranger.Generation = 1
		expect(kerr.IllegalGeneration, stranger)

		a.in(a.join())
		expect(kerr.RebalanceInProgress, as(a)) // joined, but not told what to read
		o.synced(a)
		expect(nil, as(a))
		expect(kerr.UnknownMemberID, as(nil)) // while there are members, only they commit
		old := as(a)
		old.Generation--
		expect(kerr.IllegalGeneration, old)
		wrong := as(a)
		wrong.MemberID = "x"
		expect(kerr.FencedInstanceID, wrong)
		wrong.InstanceID = nil
		expect(kerr.UnknownMemberID, wrong)
		wrong = as(a)
		wrong.InstanceID = kmsg.StringPtr("x")
		expect(kerr.UnknownMemberID, wrong)

		join := b.enter()
		join.waits()
		expect(nil, as(a)) // called to join: it may save what it did
		zombie := as(a)
		a.in(a.join())
		b.in(join)
		o.synced(a, b)
		expect(kerr.IllegalGeneration, zombie)
		expect(nil, as(b))

		again := a.restarted()
		again.in(again.join())
		expect(kerr.FencedInstanceID, as(a))
		code(t, nil, again.leave())
		code(t, nil, b.leave())
		expect(nil, as(nil))
	})
}

func TestOffsetCommitIsASignOfLife(t *testing.T) {
	inOffsets(t, noDelay, func(o *offsetTest) {
		a := o.member("a")
		o.settled(a)
		for range 5 {
			time.Sleep(9 * time.Second)
			req := commitRequest(at(0, 1, ""))
			req.MemberID, req.Generation = a.id, a.generation
			code(t, nil, o.commitCode(req))
		}
		code(t, nil, a.beat())
	})
}

func TestOffsetCommitIsDurableBeforeItsAnswer(t *testing.T) {
	inOffsets(t, noDelay, func(o *offsetTest) {
		o.store.shut()
		first, second := o.commit(commitRequest(at(0, 1, ""))), o.commit(commitRequest(at(0, 2, "")))
		first.waits()
		second.waits()
		require.Equal(t, int64(-1), o.committed("g", 0))
		o.store.open()
		code(t, nil, first.answer().Topics[0].Partitions[0].ErrorCode)
		code(t, nil, second.answer().Topics[0].Partitions[0].ErrorCode)
		require.Equal(t, int64(2), o.committed("g", 0), "in the order of the requests")
	})
}

func TestOffsetCommitWhileTheStoreHangs(t *testing.T) {
	inOffsets(t, noDelay, func(o *offsetTest) {
		o.store.shut()
		start := time.Now()
		code(t, kerr.CoordinatorNotAvailable, o.commitCode(commitRequest(at(0, 1, "")))) // clients retry
		require.Equal(t, 15*time.Second, time.Since(start))
		o.store.open()
		// The client retries, as it was told; the offset that is read is not a stale one.
		code(t, nil, o.commitCode(commitRequest(at(0, 2, ""))))
		require.Equal(t, int64(2), o.committed("g", 0))
	})
}

func TestOffsetCommitAfterClose(t *testing.T) {
	inOffsets(t, noDelay, func(o *offsetTest) {
		o.s.groups.Close()
		code(t, kerr.NotCoordinator, o.commitCode(commitRequest(at(0, 1, ""))))
	})
}

func BenchmarkOffsetCommit(b *testing.B) {
	l, err := log.Open(b.Context(), mem.New(), log.Options{MetadataPath: filepath.Join(b.TempDir(), "meta.db")})
	require.NoError(b, err)
	defer l.Close(context.Background())
	_, err = l.CreateTopics([]log.TopicSpec{{Name: "a", Partitions: 100}}).Wait(b.Context())
	require.NoError(b, err)
	s := groupServer(noDelay, l)
	defer s.groups.Close()
	c := &client{id: "bench"}
	var parts []kmsg.OffsetCommitRequestTopicPartition
	for i := range int32(100) {
		parts = append(parts, at(i, 1, ""))
	}
	req := commitRequest(parts...)
	b.ReportAllocs()
	// Commits that are under way together share a flush, as those of many consumers do.
	const together = 64
	var answers [together]func() *kmsg.OffsetCommitResponse
	for i := 0; b.Loop(); i++ {
		if answer := answers[i%together]; answer != nil {
			if resp := answer(); resp.Topics[0].Partitions[99].ErrorCode != 0 {
				b.Fatal(resp.Topics[0].Partitions[99].ErrorCode)
			}
		}
		answers[i%together] = s.offsetCommit(b.Context(), c, req)
	}
	b.ReportMetric(float64(len(parts)), "offsets/op")
}
