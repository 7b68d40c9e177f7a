package kafka

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/objstore/mem"
)

// FuzzRequest gives a connection arbitrary frames: nothing may panic, and whatever a request
// asks for, the engine goes on and is sound. It is one server for all runs, as hostile clients meet it.
func FuzzRequest(f *testing.F) {
	l, err := log.Open(f.Context(), mem.New(), log.Options{
		MetadataPath: filepath.Join(f.TempDir(), "metadata.db"), Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, l.Close(context.Background())) })
	created, err := l.CreateTopics([]log.TopicSpec{{Name: "t", Partitions: 2}}).Wait(f.Context())
	require.NoError(f, err)
	s, err := NewServer(l, Options{Logger: slog.New(slog.DiscardHandler), AutoCreateTopics: true})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, s.Shutdown(context.Background())) })
	for _, a := range s.apis {
		for version := a.min; version <= a.max; version++ {
			for _, req := range plausible(f, a, version, created[0].Topic.ID) {
				f.Add(requestBytes(req, 7)[4:])
			}
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		client, server := net.Pipe()
		defer client.Close()
		c := newConn(s, server)
		defer c.close()
		c.cancel() // nobody waits for what takes time
		taken, req, err := c.take(bytes.Clone(frame))
		if err != nil {
			return
		}
		reply := taken.reply
		if req != nil {
			reply = taken.api.start(c.ctx, c.caller, req)
		}
		if resp := reply(); resp != nil {
			resp.AppendTo(nil)
		}
		require.NoError(t, l.Err(), "a request has stopped the engine")
	})
}

// plausible are requests that get past the first checks: with default values, and with a topic where there is one.
func plausible(t testing.TB, a *api, version int16, id log.TopicID) []kmsg.Request {
	bare := a.request()
	bare.SetVersion(version)
	all := []kmsg.Request{bare}
	for _, req := range []kmsg.Request{
		produceRequest("t", batchOf(t, nil, "v")), fetchRequest("t", 0), listOffsetsRequest(version, "t", -1), metadataRequest(version, "t", "new"),
		createRequest(version, newTopic("new")), deleteRecordsRequest(version, "t", 0, 0), describeRequest(version, kmsg.ConfigResourceTypeTopic, "t"),
		alterRequest(version, "t", configEdit{"retention.ms", 0, 1}), editRequest(version, "t", configEdit{"retention.ms", 0, 1}),
		offsetCommitOf(id), offsetDeleteOf(), joinOf(),
	} {
		if req.Key() == a.key {
			req.SetVersion(version)
			all = append(all, req)
		}
	}
	return all
}

func offsetCommitOf(id log.TopicID) kmsg.Request {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.Generation = "g", -1
	rt := kmsg.NewOffsetCommitRequestTopic()
	rt.Topic, rt.TopicID = "t", id
	rt.Partitions = append(rt.Partitions, kmsg.NewOffsetCommitRequestTopicPartition())
	req.Topics = append(req.Topics, rt)
	return req
}

func offsetDeleteOf() kmsg.Request {
	req := kmsg.NewPtrOffsetDeleteRequest()
	req.Group = "g"
	rt := kmsg.NewOffsetDeleteRequestTopic()
	rt.Topic = "t"
	rt.Partitions = append(rt.Partitions, kmsg.NewOffsetDeleteRequestTopicPartition())
	req.Topics = append(req.Topics, rt)
	return req
}

func joinOf() kmsg.Request {
	req := kmsg.NewPtrJoinGroupRequest()
	req.Group, req.ProtocolType, req.SessionTimeoutMillis = "g", "consumer", 10_000
	p := kmsg.NewJoinGroupRequestProtocol()
	p.Name = "range"
	req.Protocols = append(req.Protocols, p)
	return req
}
