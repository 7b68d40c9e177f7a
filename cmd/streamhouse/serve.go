package main

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"streamhouse/cmd/streamhouse/metrics"
)

// Run serves until the process is told to stop. A second signal ends it at once. It returns nil after
// a stop that was asked for, errSettings before anything is opened when a setting makes no sense,
// and else why it could not start or serve on. kong calls it.
func (s *settings) Run(out output) error {
	if err := errors.Join(checkEnvironment(os.Environ(), environmentNames()), s.check()); err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	logger := newLogger(s, out.err)
	slog.SetDefault(logger) // of what has no logger of its own, libraries among it
	return serve(ctx, s, logger)
}

// serve is the broker's life: it starts in order, waits for ctx or for trouble, and
// stops in reverse. When it returns, everything that it opened is closed and every record that was
// acknowledged is durable, also after an error.
func serve(ctx context.Context, s *settings, logger *slog.Logger) (err error) {
	m, h := metrics.New(buildVersion()), newHealth(s.ReadyGrace)

	// Ports come first: one that is taken must not cost another broker the bucket.
	p, err := listen(ctx, s)
	if err != nil {
		return err
	}
	defer p.close()
	limits, err := limitConnections(s, p, logger)
	if err != nil {
		return err
	}
	// Probes are answered while the engine starts and until it is closed: both may take long.
	probes := newDoors(p.httpDoor(newHTTPServer(h, m, logger))...)
	defer func() { err = errors.Join(err, probes.stop(ctx, httpStopTimeout)) }()

	engine, err := openEngine(ctx, s, m, h, logger)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	servers, err := clientDoors(s, p, limits, engine, m, h, logger)
	if err != nil {
		return errors.Join(err, closeEngine(ctx, engine, s.ShutdownTimeout))
	}
	clients := newDoors(servers...)
	h.serving(engine)
	logger.Info("serving", "grpc", p.grpc.Addr().String(), "kafka", p.kafka.Addr().String(), "http", p.httpAddr(), "cluster", engine.ClusterID(), "epoch", engine.LeaderEpoch(), "version", buildVersion())

	select {
	case <-ctx.Done():
		logger.Info("stopping: finishing what was taken")
	case <-engine.Stopped():
		err = explain(engine.Err())
	case err = <-clients.failed:
	case err = <-probes.failed:
	}
	// The probes say so first. Then the clients' calls get most of the time, in which flushes go on; the
	// engine flushes what is left in the rest.
	h.stopping()
	err = errors.Join(err, clients.stop(ctx, s.ShutdownTimeout*3/4), closeEngine(ctx, engine, s.ShutdownTimeout/4))
	logger.Info("stopped")
	return err
}
