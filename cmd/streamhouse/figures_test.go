package main

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"streamhouse/grpcapi/pb"
)

func (p *program) metrics() string {
	p.t.Helper()
	answer, err := http.Get("http://" + p.http + "/metrics")
	require.NoError(p.t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(p.t, err)
	return string(body)
}

// Both doors work on one engine, and /metrics shows what they did.
func TestFiguresOfARunningBroker(t *testing.T) {
	p := launch(t, brokerIn(t.TempDir())...)
	p.requireServing()
	conn, err := grpc.NewClient(p.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer conn.Close()
	serves, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
	require.NoError(t, err)
	require.Equal(t, healthpb.HealthCheckResponse_SERVING, serves.GetStatus(), "as /readyz says")
	service := pb.NewStreamHouseClient(conn)
	_, err = service.CreateTopic(t.Context(), &pb.CreateTopicRequest{Name: "t", PartitionCount: 1})
	require.NoError(t, err)
	_, err = service.Produce(t.Context(), &pb.ProduceRequest{Topic: "t", Value: []byte("by gRPC")})
	require.NoError(t, err)
	p.produce("by Kafka")

	member := p.client(kgo.ConsumerGroup("g"), kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	var values []string
	for len(values) < 2 {
		fetches := member.PollFetches(t.Context())
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	require.Equal(t, []string{"by gRPC", "by Kafka"}, values)

	shown := p.metrics()
	for _, line := range []string{
		`streamhouse_appended_records_total 2`,
		`streamhouse_groups{state="Stable"} 1`,
		`streamhouse_groups{state="Empty"} 0`,
		`streamhouse_group_members 1`,
		`streamhouse_state_usage{setting="max-topics"} 1`,
		`streamhouse_state_limit{setting="max-topics"} 100000`,
		`streamhouse_state_usage{setting="max-partitions"} 1`,
		`streamhouse_state_limit{setting="max-partitions"} 200000`,
		`streamhouse_state_limit{setting="max-offset-metadata-size"} 6.7108864e+07`,
		`streamhouse_grpc_requests_total{code="OK",method="Produce"} 1`,
		`streamhouse_grpc_request_seconds_count{method="CreateTopic"} 1`,
		`streamhouse_kafka_request_seconds_count{api="Produce"} 1`,
		`streamhouse_kafka_request_seconds_count{api="JoinGroup"}`,
		`streamhouse_store_requests_total{kind="put",outcome="ok"}`,
		`streamhouse_flush_seconds_count{step="put"}`,
		`streamhouse_read_bytes_total{source="tail"}`,
		`streamhouse_read_records_total{source="tail"} 2`,
		`streamhouse_unflushed_bytes 0`,
		`streamhouse_tail_bytes `,
		`streamhouse_topics 1`,
		`streamhouse_partitions 1`,
		`streamhouse_kafka_connections `,
	} {
		require.Contains(t, shown, "\n"+line)
	}
}

func TestBenchMeasuresThisBroker(t *testing.T) {
	p := launch(t, brokerIn(t.TempDir())...)
	p.requireServing()
	status, stdout, stderr := runProgram("bench", "--addr", p.kafka, "--phases=produce,tail,cold", "--records=20000", "--json")
	require.Zero(t, status, stderr)
	var got struct {
		Phases []struct {
			Phase   string
			Records int64
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &got))
	require.Len(t, got.Phases, 3)
	for _, phase := range got.Phases {
		require.EqualValues(t, 20000, phase.Records, phase.Phase)
	}
}

// What goes beyond a setting is refused by its name, through both doors, told in the log and counted.
func TestLimitsOfARunningBroker(t *testing.T) {
	p := launch(t, append(brokerIn(t.TempDir()), "STREAMHOUSE_MAX_PARTITIONS=3", "STREAMHOUSE_MAX_GROUPS=1")...)
	p.requireServing()
	conn, err := grpc.NewClient(p.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer conn.Close()
	service := pb.NewStreamHouseClient(conn)
	_, err = service.CreateTopic(t.Context(), &pb.CreateTopicRequest{Name: "t", PartitionCount: 2})
	require.NoError(t, err)
	_, err = service.CreateTopic(t.Context(), &pb.CreateTopicRequest{Name: "u", PartitionCount: 2})
	require.Equal(t, codes.ResourceExhausted, status.Code(err))
	require.ErrorContains(t, err, "max-partitions is 3, there are 2, and 2 more were asked for")
	_, err = kadm.NewClient(p.client()).CreateTopic(t.Context(), 2, 1, nil, "u")
	require.ErrorIs(t, err, kerr.PolicyViolation)
	_, err = service.CommitOffset(t.Context(), &pb.CommitOffsetRequest{ConsumerGroup: "g", Topic: "t"})
	require.NoError(t, err)
	_, err = service.CommitOffset(t.Context(), &pb.CommitOffsetRequest{ConsumerGroup: "h", Topic: "t"})
	require.Equal(t, codes.ResourceExhausted, status.Code(err))
	p.requireSaid("a client asked for more than the settings allow")
	shown := p.metrics()
	for _, line := range []string{
		`streamhouse_state_refusals_total{setting="max-partitions"} 2`,
		`streamhouse_state_refusals_total{setting="max-groups"} 1`,
		`streamhouse_state_usage{setting="max-partitions"} 2`,
	} {
		require.Contains(t, shown, "\n"+line+"\n")
	}
}
