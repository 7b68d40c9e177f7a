package kafka

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// shown is what tools read of a topic: partitions with the numbers of their replicas and of those in sync.
func (c *wireClient) shown(topic string) (shown [][2]int) {
	c.Helper()
	req := kmsg.NewPtrMetadataRequest()
	req.Version = 12
	req.Topics = []kmsg.MetadataRequestTopic{{Topic: &topic}}
	meta := ask[*kmsg.MetadataResponse](c, req).Topics[0]
	requireCode(c, nil, meta.ErrorCode)
	describe := kmsg.NewPtrDescribeTopicPartitionsRequest()
	describe.Topics = []kmsg.DescribeTopicPartitionsRequestTopic{{Topic: topic}}
	described := ask[*kmsg.DescribeTopicPartitionsResponse](c, describe).Topics[0]
	for i, p := range meta.Partitions {
		require.Equal(c, p.Replicas, described.Partitions[i].Replicas)
		require.Equal(c, p.ISR, described.Partitions[i].ISR)
		for _, id := range append(append([]int32{p.Leader}, p.Replicas...), p.ISR...) {
			require.EqualValues(c, nodeID, id, "there is no other broker")
		}
		require.Empty(c, p.OfflineReplicas)
		shown = append(shown, [2]int{len(p.Replicas), len(p.ISR)})
	}
	return shown
}

// leastInSync is min.insync.replicas as DescribeConfigs has it.
func (c *wireClient) leastInSync(topic string) int {
	c.Helper()
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.Version = 4
	req.Resources = []kmsg.DescribeConfigsRequestResource{{ResourceType: kmsg.ConfigResourceTypeTopic, ResourceName: topic, ConfigNames: []string{"min.insync.replicas"}}}
	n, err := strconv.Atoi(*ask[*kmsg.DescribeConfigsResponse](c, req).Resources[0].Configs[0].Value)
	require.NoError(c, err)
	return n
}

// Terraform's provider (Mongey) and Strimzi's topic operator create a topic, read it back and compare the number of replicas of each
// partition with what is declared; kafka-topics and consoles raise an alarm where fewer are in sync than there are, or
// than min.insync.replicas wants.
func TestNoToolSeesADrift(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		for i, declared := range []struct{ replicas, least int16 }{{1, 1}, {3, 1}, {3, 2}, {3, 3}, {5, 2}, {2, 4}, {-1, 2}} {
			name, least := "t"+strconv.Itoa(i), strconv.Itoa(int(declared.least))
			created := ask[*kmsg.CreateTopicsResponse](c, createRequest(7, newTopic(name, func(t *kmsg.CreateTopicsRequestTopic) {
				t.NumPartitions, t.ReplicationFactor = 2, declared.replicas
				t.Configs = []kmsg.CreateTopicsRequestTopicConfig{{Name: "min.insync.replicas", Value: &least}}
			}))).Topics[0]
			requireCode(t, nil, created.ErrorCode)
			want := max(int(declared.replicas), 1)
			require.EqualValues(t, want, created.ReplicationFactor)
			require.EqualValues(t, declared.least, c.leastInSync(name))
			for _, p := range c.shown(name) {
				require.Equal(t, want, p[0], "%+v: a drift", declared)
				require.GreaterOrEqual(t, p[1], want, "%+v: under-replicated", declared)
				require.GreaterOrEqual(t, p[1], c.leastInSync(name), "%+v: under min.insync.replicas", declared)
			}
		}
	})
}

// A tool that reduces the replication factor assigns the partitions to this broker alone, and reads that back.
func TestReassignmentChangesTheReplicationFactor(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		c := d.dial()
		requireCode(t, nil, ask[*kmsg.CreateTopicsResponse](c, createRequest(7, newTopic("t", func(t *kmsg.CreateTopicsRequestTopic) {
			t.NumPartitions, t.ReplicationFactor = 2, 3
		}))).Topics[0].ErrorCode)
		req := kmsg.NewPtrAlterPartitionAssignmentsRequest()
		req.Version, req.AllowReplicationFactorChange, req.TimeoutMillis = 1, false, 4000
		req.Topics = []kmsg.AlterPartitionAssignmentsRequestTopic{{Topic: "t", Partitions: []kmsg.AlterPartitionAssignmentsRequestTopicPartition{
			{Partition: 0, Replicas: []int32{nodeID}}, {Partition: 1, Replicas: []int32{nodeID}}, {Partition: 2, Replicas: []int32{nodeID}},
		}}}
		reassigned := func() (codes []string) {
			for _, p := range ask[*kmsg.AlterPartitionAssignmentsResponse](c, req).Topics[0].Partitions {
				codes = append(codes, codeName(p.ErrorCode))
			}
			return codes
		}
		none := kerr.UnknownTopicOrPartition.Message
		require.Equal(t, []string{"INVALID_REPLICATION_FACTOR", "INVALID_REPLICATION_FACTOR", none}, reassigned())
		require.Equal(t, [][2]int{{3, 3}, {3, 3}}, c.shown("t"))
		req.AllowReplicationFactorChange = true
		require.Equal(t, []string{"NONE", "NONE", none}, reassigned())
		require.Equal(t, [][2]int{{1, 1}, {1, 1}}, c.shown("t"))
	})
}
