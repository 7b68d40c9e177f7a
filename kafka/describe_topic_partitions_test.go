package kafka

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// pages reads all topics, or some, with so many partitions in an answer, and returns what each answer had.
func (c *wireClient) pages(limit int32, topics ...string) (pages [][]string) {
	c.Helper()
	req := kmsg.NewPtrDescribeTopicPartitionsRequest()
	req.ResponsePartitionLimit = limit
	for _, t := range topics {
		req.Topics = append(req.Topics, kmsg.DescribeTopicPartitionsRequestTopic{Topic: t})
	}
	for {
		resp := ask[*kmsg.DescribeTopicPartitionsResponse](c, req)
		var page []string
		for _, t := range resp.Topics {
			requireCode(c, nil, t.ErrorCode)
			for _, p := range t.Partitions {
				page = append(page, fmt.Sprintf("%s/%d", *t.Topic, p.Partition))
			}
		}
		if pages = append(pages, page); resp.NextCursor == nil {
			return pages
		}
		req.Cursor = &kmsg.DescribeTopicPartitionsRequestCursor{Topic: resp.NextCursor.Topic, Partition: resp.NextCursor.Partition}
	}
}

func TestDescribeTopicPartitionsInPieces(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("b", 3)
		d.topic("a", 1)
		d.topic("c", 2)
		c := d.dial()
		all := [][]string{{"a/0", "b/0", "b/1", "b/2", "c/0", "c/1"}}
		require.Equal(t, all, c.pages(100))
		require.Equal(t, [][]string{{"a/0", "b/0"}, {"b/1", "b/2"}, {"c/0", "c/1"}}, c.pages(2))
		require.Equal(t, [][]string{{"a/0", "b/0", "b/1", "b/2"}, {"c/0", "c/1"}}, c.pages(4), "a topic that fits is not begun again")
		require.Equal(t, [][]string{{"a/0", "c/0"}, {"c/1"}}, c.pages(2, "c", "a", "c"))
		require.Len(t, c.pages(0), 6, "at least one")
	})
}

func TestDescribeTopicPartitionsIsBounded(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("large", maxDescribedPartitions+1)
		pages := d.dial().pages(1 << 30)
		require.Len(t, pages, 2)
		require.Len(t, pages[0], maxDescribedPartitions)
	})
}

func TestDescribeTopicPartitionsCreatesNothing(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		req := kmsg.NewPtrDescribeTopicPartitionsRequest()
		req.Topics = []kmsg.DescribeTopicPartitionsRequestTopic{{Topic: "none"}}
		requireCode(t, kerr.UnknownTopicOrPartition, ask[*kmsg.DescribeTopicPartitionsResponse](d.dial(), req).Topics[0].ErrorCode)
		d.requireTopics(map[string]int32{})
	})
}
