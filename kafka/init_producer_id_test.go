package kafka

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
)

func initRequest(version int16) *kmsg.InitProducerIDRequest {
	req := kmsg.NewPtrInitProducerIDRequest()
	req.Version, req.ProducerID, req.ProducerEpoch = version, -1, -1
	return req
}

func TestInitProducerIDsAreDistinct(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		seen := make(map[int64]bool)
		for version := range int16(6) {
			req := initRequest(version)
			for again := range 2 {
				resp := ask[*kmsg.InitProducerIDResponse](c, req)
				requireCode(t, nil, resp.ErrorCode)
				require.Zero(t, resp.ProducerEpoch)
				require.False(t, seen[resp.ProducerID], "version %d, %d", version, again)
				seen[resp.ProducerID] = true
				req.ProducerID, req.ProducerEpoch = resp.ProducerID, 0 // a client that recovers names what it had
			}
		}
	})
}

func TestInitProducerIDRefusesTransactions(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		id := "transactional"
		req := initRequest(4)
		req.TransactionalID = &id
		resp := ask[*kmsg.InitProducerIDResponse](d.dial(), req)
		requireCode(t, kerr.TransactionalIDAuthorizationFailed, resp.ErrorCode)
		require.EqualValues(t, -1, resp.ProducerID)
		require.Equal(t, []string{"failed InitProducerID TRANSACTIONAL_ID_AUTHORIZATION_FAILED"}, d.told())
	})
}

func TestInitProducerIDRefusesHalfAProducer(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		empty, some := "", "transactional"
		for _, w := range []struct {
			version       int16
			transactional *string
			id            int64
			epoch         int16
			want          *kerr.Error
		}{
			{5, nil, 7, -1, kerr.InvalidRequest},
			{3, nil, -1, 0, kerr.InvalidRequest},
			{5, &some, 7, -1, kerr.InvalidRequest},
			{0, &empty, -1, -1, kerr.InvalidRequest},
			{5, &empty, 7, 0, kerr.InvalidRequest},
			{5, nil, -2, -2, nil},
			{2, nil, 7, -1, nil}, // does not go over the wire before version 3
		} {
			req := initRequest(w.version)
			req.TransactionalID, req.ProducerID, req.ProducerEpoch = w.transactional, w.id, w.epoch
			resp := ask[*kmsg.InitProducerIDResponse](c, req)
			requireCode(t, w.want, resp.ErrorCode, "%+v", w)
			require.Equal(t, w.want != nil, resp.ProducerID == -1, "%+v", w)
		}
	})
}

// Ids are reserved many at a time. Clients that wait for the same reservation wait no longer than one would.
func TestInitProducerIDWhileTheStoreIsAway(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		outage := d.store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		var asking sync.WaitGroup
		began := time.Now()
		for i := range 3 {
			asking.Go(func() {
				time.Sleep(time.Duration(i) * maxAdminWait / 4)
				asked := time.Now()
				resp := ask[*kmsg.InitProducerIDResponse](d.dial(), initRequest(4))
				requireCode(t, kerr.RequestTimedOut, resp.ErrorCode)
				require.Equal(t, maxAdminWait, time.Since(asked))
			})
		}
		asking.Wait()
		require.Equal(t, 3*maxAdminWait/2, time.Since(began))
		outage.Mend()
		requireCode(t, nil, ask[*kmsg.InitProducerIDResponse](d.dial(), initRequest(4)).ErrorCode)
	})
}
