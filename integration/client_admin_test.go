package integration

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// An administrator makes, changes, inspects and deletes topics; what was done is
// still so on another machine.
func TestClientAdmin_Topics(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		adm, ctx := admin(t, b), guarded(t)
		_, err := adm.CreateTopic(ctx, 2, 1, map[string]*string{"retention.ms": kadm.StringPtr("86400000")}, "orders")
		require.NoError(t, err)
		_, err = adm.CreateTopic(ctx, 2, 1, nil, "orders")
		require.ErrorIs(t, err, kerr.TopicAlreadyExists)

		grown, err := adm.CreatePartitions(ctx, 3, "orders") // three more
		require.NoError(t, err)
		require.NoError(t, grown["orders"].Err)
		altered, err := adm.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: kadm.StringPtr("5000")}}, "orders")
		require.NoError(t, err)
		require.NoError(t, altered[0].Err)
		refused, err := adm.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "no.such.config", Value: kadm.StringPtr("1")}}, "orders")
		require.NoError(t, err)
		require.ErrorIs(t, refused[0].Err, kerr.InvalidConfig)
		require.Contains(t, refused[0].ErrMessage, "no.such.config")

		recoverFromBucket(t, b)
		topics, err := adm.ListTopics(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"orders"}, topics.Names())
		require.Len(t, topics["orders"].Partitions, 5)
		require.NotZero(t, topics["orders"].ID)
		configs, err := adm.DescribeTopicConfigs(ctx, "orders")
		require.NoError(t, err)
		require.Equal(t, "86400000", configValue(t, configs, "retention.ms"))
		require.Equal(t, "5000", configValue(t, configs, "max.message.bytes"))

		deleted, err := adm.DeleteTopics(ctx, "orders")
		require.NoError(t, err)
		require.NoError(t, deleted["orders"].Err)
		createTopic(t, b, "orders", 1)
		require.Empty(t, readAll(t, b, "orders"), "a new topic of an old name is empty")
	})
}

func configValue(t *testing.T, configs kadm.ResourceConfigs, name string) string {
	t.Helper()
	require.Len(t, configs, 1)
	require.NoError(t, configs[0].Err)
	for _, c := range configs[0].Configs {
		if c.Key == name {
			return c.MaybeValue()
		}
	}
	t.Fatalf("no config %s", name)
	return ""
}

// Offsets by position and time, and records deleted from the front.
func TestClientAdmin_Records(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "log", 1)
		produce(t, b, "log", 0, numbered("v", 10)...)
		deleteRecords(t, b, "log", 4)
		check := func() {
			adm, ctx := admin(t, b), guarded(t)
			starts, err := adm.ListStartOffsets(ctx, "log")
			require.NoError(t, err)
			require.EqualValues(t, 4, starts["log"][0].Offset)
			ends, err := adm.ListEndOffsets(ctx, "log")
			require.NoError(t, err)
			require.EqualValues(t, 10, ends["log"][0].Offset)
			require.Len(t, readAll(t, b, "log")[0], 6)
		}
		check()
		recoverFromBucket(t, b)
		check()
	})
}

// Groups are listed, described, lagging, reset and deleted.
func TestClientAdmin_Groups(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, s *store) {
		b := startBroker(t, s)
		createTopic(t, b, "grouped", 4)
		for p := range int32(4) {
			produce(t, b, "grouped", p, "v")
		}
		adm, ctx := admin(t, b), guarded(t)
		member := newClient(t, b, kgo.ConsumerGroup("team"), kgo.ConsumeTopics("grouped"), kgo.ClientID("anna"))
		pollUntil(ctx, t, member, func(*kgo.Record) bool { return false })

		groups, err := adm.ListGroups(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"team"}, groups.Groups())
		described, err := adm.DescribeGroups(ctx, "team")
		require.NoError(t, err)
		require.Equal(t, "Stable", described["team"].State)
		require.Equal(t, "anna", described["team"].Members[0].ClientID)
		require.Len(t, described.AssignedPartitions()["grouped"], 4)
		refused, err := adm.DeleteGroups(ctx, "team")
		require.NoError(t, err)
		require.ErrorIs(t, refused["team"].Err, kerr.NonEmptyGroup)
		member.Close() // it leaves and commits what it has polled

		offsets := make(kadm.Offsets)
		offsets.AddOffset("grouped", 2, 1, -1)
		committed, err := adm.CommitOffsets(ctx, "team", offsets)
		require.NoError(t, err)
		require.NoError(t, committed.Error())
		recoverFromBucket(t, b)
		fetched, err := adm.FetchOffsets(ctx, "team")
		require.NoError(t, err)
		at, ok := fetched.Lookup("grouped", 2)
		require.True(t, ok)
		require.EqualValues(t, 1, at.At)

		deleted, err := adm.DeleteGroups(ctx, "team")
		require.NoError(t, err)
		require.NoError(t, deleted["team"].Err)
		fetched, err = adm.FetchOffsets(ctx, "team")
		if !errors.Is(err, kerr.GroupIDNotFound) { // which newer versions may say
			require.NoError(t, err)
		}
		require.Empty(t, fetched)
	})
}

// With no advertised address set, clients are sent to where they came from.
func TestClientAdmin_ClusterNamesTheAddressOfTheClient(t *testing.T) {
	t.Parallel()
	b := startBroker(t, localStore(t))
	meta, err := admin(t, b).BrokerMetadata(guarded(t))
	require.NoError(t, err)
	require.Len(t, meta.Brokers, 1)
	require.Equal(t, b.Kafka, joinHostPort(meta.Brokers[0].Host, meta.Brokers[0].Port))
	require.Len(t, meta.Cluster, 22)

	elsewhere := startBroker(t, localStore(t), "STREAMHOUSE_KAFKA_ADVERTISED_ADDR=kafka.example.com:19092")
	meta, err = admin(t, elsewhere).BrokerMetadata(guarded(t))
	require.NoError(t, err)
	require.Equal(t, "kafka.example.com:19092", joinHostPort(meta.Brokers[0].Host, meta.Brokers[0].Port))
}
