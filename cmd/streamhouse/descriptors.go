package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"golang.org/x/net/netutil"

	"streamhouse/cache/disk"
	"streamhouse/objstore/s3"
)

const (
	// probeConnections bounds those of probes, scrapes and profilers; further ones wait.
	probeConnections = 64
	// otherDescriptors are for the metadata file, the listeners, look-ups of names, standard
	// input and output, and connections that are just turned away.
	otherDescriptors = 64
	// keptDescriptors are what connections of clients leave free: without them the broker could
	// neither write to the store nor tell that it is alive. A local directory opens fewer files than
	// a bucket connections.
	keptDescriptors = s3.MaxConnections + disk.MaxFiles + probeConnections + otherDescriptors
	// leastConnections is what a limit that nobody set comes to at least.
	leastConnections = 16
)

// connectionLimit is a number of connections, or auto: as many as the machine
// lets the process open, up to a number that is enough for most.
type connectionLimit struct {
	// auto makes n meaningless: see [settings.fitConnections].
	auto bool
	n    int
}

// UnmarshalText reads auto or a number, for kong. Its bounds are checked later, by
// [settings.checkConnections].
func (c *connectionLimit) UnmarshalText(text []byte) error {
	if string(text) == "auto" {
		*c = connectionLimit{auto: true}
		return nil
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a number of connections: write auto or 5000", text)
	}
	*c = connectionLimit{n: n}
	return nil
}

// What auto comes to where descriptors abound.
const (
	autoKafkaConnections = 20_000
	autoGRPCConnections  = 10_000
)

// connections are the limits in force, each 1 at least.
type connections struct{ kafka, grpc int }

// fitConnections fits the limits into the files that the process may open. One that
// somebody has set is kept or refused; one that is auto takes what is left, and two that are share
// it in proportion to what they would like. It returns errSettings when they do not fit.
func (s *settings) fitConnections(descriptors uint64) (c connections, err error) {
	// Unlimited is the largest uint64, which no int holds.
	left := int(min(descriptors, 1<<31)) - keptDescriptors
	c = connections{s.KafkaMaxConnections.n, s.GRPCMaxConnections.n} // 0 where auto
	wanted := 0
	if s.KafkaMaxConnections.auto {
		wanted += autoKafkaConnections
	}
	if s.GRPCMaxConnections.auto {
		wanted += autoGRPCConnections
	}
	rest := left - c.kafka - c.grpc
	share := func(limit connectionLimit, most int) int {
		if !limit.auto {
			return limit.n
		}
		return max(leastConnections, int(int64(most)*int64(min(rest, wanted))/int64(wanted)))
	}
	c = connections{share(s.KafkaMaxConnections, autoKafkaConnections), share(s.GRPCMaxConnections, autoGRPCConnections)}
	if need := c.kafka + c.grpc; need > left {
		return c, fmt.Errorf("%w: --kafka-max-connections %d and --grpc-max-connections %d do not fit into the %d files that the process may open, of which %d are kept for the store, the cache and the probes: "+
			"allow it %d or more (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of a container), or set lower limits",
			errSettings, c.kafka, c.grpc, descriptors, keptDescriptors, need+keptDescriptors)
	}
	return c, nil
}

// limitConnections finds the limits in force, and tells where they are lower than usual. It
// also bounds p.http, whose server has no limit of its own: further connections wait in
// the kernel's queue, without a descriptor.
func limitConnections(s *settings, p *ports, logger *slog.Logger) (connections, error) {
	descriptors, known := openFiles()
	if !known {
		descriptors = 1 << 31
	}
	c, err := s.fitConnections(descriptors)
	if err != nil {
		return c, err
	}
	if s.KafkaMaxConnections.auto && c.kafka < autoKafkaConnections || s.GRPCMaxConnections.auto && c.grpc < autoGRPCConnections {
		logger.Warn("the process may open few files: fewer connections are served; raise the limit (ulimit -n)", "files", descriptors, "kafka", c.kafka, "grpc", c.grpc)
	}
	if p.http != nil {
		p.http = netutil.LimitListener(p.http, probeConnections)
	}
	return c, nil
}

// checkConnections checks what somebody has set. Whether it fits the machine is known
// only later: see [settings.fitConnections].
func (s *settings) checkConnections() error {
	var errs []error
	for _, l := range []struct {
		flag  string
		limit connectionLimit
	}{{"--kafka-max-connections", s.KafkaMaxConnections}, {"--grpc-max-connections", s.GRPCMaxConnections}} {
		if !l.limit.auto {
			errs = append(errs, between(l.flag, l.limit.n, 1, maxConnections))
		}
	}
	return errors.Join(errs...)
}
