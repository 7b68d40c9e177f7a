package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConnectionsFitIntoTheDescriptors(t *testing.T) {
	auto := connectionLimit{auto: true}
	set := func(n int) connectionLimit { return connectionLimit{n: n} }
	for name, c := range map[string]struct {
		descriptors uint64
		kafka, grpc connectionLimit
		want        connections
	}{
		"plenty":                       {1 << 20, auto, auto, connections{20_000, 10_000}},
		"without a limit":              {1 << 63, auto, auto, connections{20_000, 10_000}},
		"just enough":                  {30_000 + keptDescriptors, auto, auto, connections{20_000, 10_000}},
		"half":                         {15_000 + keptDescriptors, auto, auto, connections{10_000, 5_000}},
		"1024":                         {1024, auto, auto, connections{256, 128}},
		"one is set":                   {1024, set(300), auto, connections{300, 84}},
		"the other is set":             {1024, auto, set(300), connections{84, 300}},
		"both are set":                 {1024, set(184), set(200), connections{184, 200}},
		"set higher than usual":        {1 << 20, set(100_000), auto, connections{100_000, 10_000}},
		"the least":                    {3*leastConnections + keptDescriptors, auto, auto, connections{2 * leastConnections, leastConnections}},
		"what is set leaves the least": {1024, set(384 - leastConnections), auto, connections{384 - leastConnections, leastConnections}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &settings{KafkaMaxConnections: c.kafka, GRPCMaxConnections: c.grpc}
			got, err := s.fitConnections(c.descriptors)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			require.LessOrEqual(t, uint64(got.kafka+got.grpc+keptDescriptors), c.descriptors)
		})
	}
	for name, c := range map[string]struct {
		descriptors uint64
		kafka, grpc connectionLimit
	}{
		"too many":                      {1024, set(385), set(1)},
		"nothing left for the other":    {1024, set(380), auto},
		"none at all":                   {0, auto, auto},
		"fewer than the broker's own":   {256, auto, auto},
		"set, and fewer than its own":   {256, set(10), set(10)},
		"the number that used to be it": {1024, set(20_000), auto},
	} {
		t.Run(name, func(t *testing.T) {
			s := &settings{KafkaMaxConnections: c.kafka, GRPCMaxConnections: c.grpc}
			_, err := s.fitConnections(c.descriptors)
			require.ErrorIs(t, err, errSettings)
			require.ErrorContains(t, err, "ulimit -n")
			require.ErrorContains(t, err, "--kafka-max-connections")
		})
	}
}

func TestConnectionLimitIsANumberOrAuto(t *testing.T) {
	var c connectionLimit
	require.NoError(t, c.UnmarshalText([]byte("auto")))
	require.Equal(t, connectionLimit{auto: true}, c)
	require.NoError(t, c.UnmarshalText([]byte("17")))
	require.Equal(t, connectionLimit{n: 17}, c)
	for _, bad := range []string{"", "many", "1.5", "99999999999999999999"} {
		require.ErrorContains(t, c.UnmarshalText([]byte(bad)), "write auto or 5000", bad)
	}
}
