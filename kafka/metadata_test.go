package kafka

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
)

// metadataRequest asks for topics by name; without names its list is empty, not null.
func metadataRequest(version int16, names ...string) *kmsg.MetadataRequest {
	req := kmsg.NewPtrMetadataRequest()
	req.Version, req.Topics = version, []kmsg.MetadataRequestTopic{}
	for _, name := range names {
		req.Topics = append(req.Topics, kmsg.MetadataRequestTopic{Topic: &name})
	}
	return req
}

func metadataByID(ids ...log.TopicID) *kmsg.MetadataRequest {
	req := metadataRequest(12)
	for _, id := range ids {
		req.Topics = append(req.Topics, kmsg.MetadataRequestTopic{TopicID: id})
	}
	return req
}

// topicsOf prints an answer's topics: their name or id, and what is wrong with them.
func topicsOf(resp *kmsg.MetadataResponse) (all []string) {
	for _, t := range resp.Topics {
		name := "null"
		if t.Topic != nil {
			name = *t.Topic
		}
		if t.ErrorCode != 0 {
			name += " " + codeName(t.ErrorCode)
		}
		all = append(all, name)
	}
	return all
}

func TestMetadataTopics(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		a, b := d.topic("a", 1), d.topic("b", 3)
		d.topic("c.d", 1)
		c := d.dial()
		everything := metadataRequest(12)
		everything.Topics = nil
		for what, w := range map[string]struct {
			req  *kmsg.MetadataRequest
			want []string
		}{
			"null is all":                   {everything, []string{"a", "b", "c.d"}},
			"empty is none":                 {metadataRequest(12), nil},
			"empty is none since version 1": {metadataRequest(1), nil},
			"empty is all in version 0":     {metadataRequest(0), []string{"a", "b", "c.d"}},
			"in the order asked for":        {metadataRequest(12, "b", "a"), []string{"b", "a"}},
			"twice is answered once":        {metadataRequest(12, "b", "b"), []string{"b"}},
			"what is missing, once":         {metadataRequest(12, "x", "a", "x"), []string{"x UNKNOWN_TOPIC_OR_PARTITION", "a"}},
			"a name that can't be":          {metadataRequest(12, "a b"), []string{"a b INVALID_TOPIC_EXCEPTION"}},
			"a name that is too long":       {metadataRequest(12, strings.Repeat("n", 250)), []string{strings.Repeat("n", 250) + " INVALID_TOPIC_EXCEPTION"}},
			"by id":                         {metadataByID(b, a, b), []string{"b", "a"}},
			"an id that is nobody's":        {metadataByID(log.TopicID{1}, a, log.TopicID{1}), []string{"null UNKNOWN_TOPIC_ID", "a"}},
			"a name that others are like":   {metadataRequest(12, "c_d"), []string{"c_d UNKNOWN_TOPIC_OR_PARTITION"}},
		} {
			require.Equal(t, w.want, topicsOf(ask[*kmsg.MetadataResponse](c, w.req)), what)
		}
	})
}

func TestMetadataPartitions(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		id := d.topic("t", 3)
		c := d.dial()
		for version := range int16(14) {
			resp := ask[*kmsg.MetadataResponse](c, metadataRequest(version, "t"))
			got := resp.Topics[0]
			require.Len(t, got.Partitions, 3)
			for i, p := range got.Partitions {
				require.Equal(t, []int32{int32(i), nodeID}, []int32{p.Partition, p.Leader}, "version %d", version)
				require.Equal(t, [][]int32{{nodeID}, {nodeID}}, [][]int32{p.Replicas, p.ISR})
				if version >= 7 {
					require.Equal(t, d.log.LeaderEpoch(), p.LeaderEpoch)
				}
			}
			require.Len(t, resp.Brokers, 1)
			if version >= 10 {
				require.Equal(t, [16]byte(id), got.TopicID)
			}
			if version >= 2 {
				require.Equal(t, d.log.ClusterID(), *resp.ClusterID)
			}
		}
	})
}

func TestMetadataOperations(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		req := metadataRequest(9, "t", "none")
		resp := ask[*kmsg.MetadataResponse](c, req)
		const unasked = -1 << 31
		require.Equal(t, []int32{unasked, unasked}, []int32{resp.AuthorizedOperations, resp.Topics[0].AuthorizedOperations})
		req.IncludeClusterAuthorizedOperations, req.IncludeTopicAuthorizedOperations = true, true
		resp = ask[*kmsg.MetadataResponse](c, req)
		require.EqualValues(t, 8096, resp.AuthorizedOperations)
		require.Equal(t, []int32{3576, 3576}, []int32{resp.Topics[0].AuthorizedOperations, resp.Topics[1].AuthorizedOperations})
	})
}

// Clients connect to what Metadata names, whatever address they came by.
func TestMetadataNamesTheBroker(t *testing.T) {
	for advertised, want := range map[string]string{"broker.example:19092": "broker.example 19092", "": "localhost 9092"} {
		inDoor(t, func(o *Options, _ *log.Options) { o.AdvertisedAddr = advertised }, func(d *door) {
			b := ask[*kmsg.MetadataResponse](d.dial(), metadataRequest(12)).Brokers[0]
			require.Equal(t, want, b.Host+" "+itoa(b.Port))
			require.EqualValues(t, nodeID, b.NodeID)
			cluster := ask[*kmsg.DescribeClusterResponse](d.dial(), kmsg.NewPtrDescribeClusterRequest())
			require.Equal(t, want, cluster.Brokers[0].Host+" "+itoa(cluster.Brokers[0].Port))
		})
	}
}

func autoCreating(o *Options, _ *log.Options) { o.AutoCreateTopics, o.DefaultPartitions = true, 5 }

func TestMetadataCreatesTopics(t *testing.T) {
	inDoor(t, autoCreating, func(d *door) {
		c := d.dial()
		forbids := metadataRequest(12, "a")
		require.Equal(t, []string{"a UNKNOWN_TOPIC_OR_PARTITION"}, topicsOf(ask[*kmsg.MetadataResponse](c, forbids)))
		allows := metadataRequest(12, "a", "no good", "b")
		allows.AllowAutoTopicCreation = true
		resp := ask[*kmsg.MetadataResponse](c, allows)
		require.Equal(t, []string{"a", "no good INVALID_TOPIC_EXCEPTION", "b"}, topicsOf(resp))
		require.Len(t, resp.Topics[2].Partitions, 5)
		// Before version 4 nobody can say no.
		require.Equal(t, []string{"c"}, topicsOf(ask[*kmsg.MetadataResponse](c, metadataRequest(3, "c"))))
		byID := metadataByID(log.TopicID{7})
		byID.AllowAutoTopicCreation = true
		require.Equal(t, []string{"null UNKNOWN_TOPIC_ID"}, topicsOf(ask[*kmsg.MetadataResponse](c, byID)))
		require.Len(t, d.log.Topics(), 3)
	})
}

func TestMetadataCreatesNothingUnlessTold(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		req := metadataRequest(12, "a")
		req.AllowAutoTopicCreation = true
		require.Equal(t, []string{"a UNKNOWN_TOPIC_OR_PARTITION"}, topicsOf(ask[*kmsg.MetadataResponse](d.dial(), req)))
	})
}

// A topic that is on its way is LEADER_NOT_AVAILABLE, which clients ask again after.
func TestMetadataWhileTheStoreIsAway(t *testing.T) {
	inDoor(t, autoCreating, func(d *door) {
		outage := d.store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.Hang()})
		c, began := d.dial(), time.Now()
		req := metadataRequest(12, "a")
		req.AllowAutoTopicCreation = true
		require.Equal(t, []string{"a LEADER_NOT_AVAILABLE"}, topicsOf(ask[*kmsg.MetadataResponse](c, req)))
		require.Equal(t, autoCreateWait, time.Since(began))
		outage.Mend()
		require.Equal(t, []string{"a"}, topicsOf(ask[*kmsg.MetadataResponse](c, req)))
	})
}

// A request cannot make the broker create more than so many topics at a time.
func TestMetadataCreatesSoManyAtOnce(t *testing.T) {
	inDoor(t, autoCreating, func(d *door) {
		names := make([]string, maxTopicsAtOnce+1)
		for i := range names {
			names[i] = "t" + itoa(int32(i))
		}
		req := metadataRequest(12, names...)
		req.AllowAutoTopicCreation = true
		c := d.dial()
		got := topicsOf(ask[*kmsg.MetadataResponse](c, req))
		require.Len(t, d.log.Topics(), maxTopicsAtOnce)
		require.Equal(t, names[maxTopicsAtOnce]+" LEADER_NOT_AVAILABLE", got[maxTopicsAtOnce])
		require.Equal(t, names, topicsOf(ask[*kmsg.MetadataResponse](c, req)), "asked again, the rest is there")
	})
}

func TestDescribeCluster(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		for version := range int16(3) {
			req := kmsg.NewPtrDescribeClusterRequest()
			req.Version, req.IncludeClusterAuthorizedOperations = version, true
			resp := ask[*kmsg.DescribeClusterResponse](c, req)
			requireCode(t, nil, resp.ErrorCode)
			require.Equal(t, d.log.ClusterID(), resp.ClusterID)
			require.EqualValues(t, nodeID, resp.ControllerID)
			require.EqualValues(t, 8096, resp.ClusterAuthorizedOperations, "as of a Kafka without ACLs")
		}
		for kind, want := range map[int8]*kerr.Error{endpointControllers: kerr.MismatchedEndpointType, 7: kerr.UnsupportedEndpointType} {
			req := kmsg.NewPtrDescribeClusterRequest()
			req.Version, req.EndpointType = 2, kind
			resp := ask[*kmsg.DescribeClusterResponse](c, req)
			requireCode(t, want, resp.ErrorCode)
			require.NotEmpty(t, *resp.ErrorMessage)
			require.Empty(t, resp.Brokers)
			require.Empty(t, resp.ClusterID)
			require.EqualValues(t, -1, resp.ControllerID)
		}
	})
}
