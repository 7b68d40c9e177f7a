package grpcapi

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"streamhouse/grpcapi/pb"
	"streamhouse/log"
	"streamhouse/log/record"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
	"streamhouse/objstore/mem"
)

// Consume waits for the store and for nothing else: no longer than the store takes, nor than its client wants.
func TestConsumeWaitsForTheStoreOnly(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		offset         uint64
		store, patient time.Duration
		want           time.Duration
		code           codes.Code
	}{
		"at the end":                   {1, time.Minute, time.Hour, 0, codes.OK},
		"at the end, in a hurry":       {1, time.Minute, ms, 0, codes.OK},
		"for a store that is quick":    {0, 50 * ms, time.Hour, 50 * ms, codes.OK},
		"for a store that is slow":     {0, 15 * time.Second, time.Hour, 15 * time.Second, codes.OK},
		"no longer than it may":        {0, 50 * ms, 10 * ms, 10 * ms, codes.DeadlineExceeded},
		"not at all, where it may not": {0, 50 * ms, 0, 0, codes.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := faulty.New(mem.New(), 1)
				l, err := log.Open(t.Context(), store, log.Options{
					MetadataPath: filepath.Join(t.TempDir(), "metadata.db"), Logger: slog.New(slog.DiscardHandler), TailBytes: 1,
				})
				require.NoError(t, err)
				defer func() { require.NoError(t, l.Close(context.Background())) }()
				s := &service{log: l}
				_, err = s.CreateTopic(t.Context(), &pb.CreateTopicRequest{Name: "orders", PartitionCount: 1})
				require.NoError(t, err)
				topic, err := l.Topic("orders")
				require.NoError(t, err)
				_, err = s.append(t.Context(), log.PartitionID{Topic: topic.ID}, []record.Record{{Value: []byte("v")}}, nil)
				require.NoError(t, err)

				store.Break(faulty.Fault{Ops: objstore.OpGetRange, Do: faulty.Slow(c.store)})
				ctx, cancel := context.WithTimeout(t.Context(), c.patient)
				defer cancel()
				began := time.Now()
				resp, err := s.Consume(ctx, &pb.ConsumeRequest{Topic: "orders", Offset: c.offset})
				require.Equal(t, c.code, status.Code(err), "%v", err)
				require.Equal(t, c.want, time.Since(began))
				if err == nil {
					require.Len(t, resp.GetRecords(), 1-int(c.offset))
				}
			})
		})
	}
}
