package main

import (
	"log/slog"

	"streamhouse/cmd/streamhouse/metrics"
	"streamhouse/grpcapi"
	"streamhouse/kafka"
	"streamhouse/log"
	"streamhouse/log/group"
)

// grpcMaxRequest is the most that one gRPC message may have: gRPC holds it in memory twice.
const grpcMaxRequest = 16 << 20

// clientDoors makes the servers that clients talk to, in front of the engine. Nobody is served
// before [newDoors] opens them. It also tells the figures and the health where to look.
func clientDoors(s *settings, p *ports, limits connections, engine *log.Log, m *metrics.Metrics, h *health, logger *slog.Logger) ([]door, error) {
	kafkaServer, err := kafka.NewServer(engine, kafkaOptions(s, limits, m, logger))
	if err != nil {
		return nil, err
	}
	grpcServer, err := grpcapi.NewServer(engine, grpcapi.Options{
		MaxRequestBytes: int(min(s.MaxRequestSize, grpcMaxRequest)),
		MaxConnections:  limits.grpc,
		Health:          h.ready,
		Events:          m.GRPC(),
		Logger:          logger,
	})
	if err != nil {
		return nil, err
	}
	// From here on gRPC's health service follows ready without asking over and over.
	h.onChange(grpcServer.HealthChanged)
	m.Read(engine.Stats, engine.Limits, kafkaServer.Stats)
	return []door{{"gRPC", p.grpc, grpcServer}, {"Kafka", p.kafka, kafkaServer}}, nil
}

// kafkaOptions translates the settings, which have been checked, into the options of the Kafka door.
func kafkaOptions(s *settings, limits connections, m *metrics.Metrics, logger *slog.Logger) kafka.Options {
	o := kafka.Options{
		AdvertisedAddr:    s.KafkaAdvertisedAddr,
		AutoCreateTopics:  s.AutoCreateTopics,
		DefaultPartitions: s.DefaultPartitions,
		MaxFrameBytes:     int32(s.MaxRequestSize),
		MaxConnections:    limits.kafka,
		Groups: group.Options{
			MinSessionTimeout:     s.GroupMinSessionTimeout,
			MaxSessionTimeout:     s.GroupMaxSessionTimeout,
			InitialRebalanceDelay: s.GroupInitialRebalanceDelay,
		},
		Events: m.Kafka(),
		Logger: logger,
	}
	if o.Groups.InitialRebalanceDelay == 0 {
		o.Groups.InitialRebalanceDelay = -1 // none; 0 would be the default
	}
	return o
}
