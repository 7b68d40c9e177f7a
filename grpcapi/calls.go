package grpcapi

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// call runs one unary call: bounded in time, reported, and alone in its panic. What a client's own deadline
// ended stays DEADLINE_EXCEEDED; what ours ended is UNAVAILABLE.
func (s *Server) call(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (resp any, err error) {
	start := time.Now()
	defer func() {
		err = s.ended(info.FullMethod, start, recover(), err)
	}()
	bounded, cancel := context.WithTimeout(ctx, s.o.RequestTimeout)
	defer cancel()
	resp, err = handle(bounded, req)
	if status.Code(err) == codes.DeadlineExceeded && ctx.Err() == nil {
		// Our time was up, not the client's: it may try again.
		err = status.Errorf(codes.Unavailable, "no answer after %v: %s", s.o.RequestTimeout, status.Convert(err).Message())
	}
	return resp, err
}

// stream runs one streaming call, of the health or the reflection service. It has no time limit: a Watch
// lasts as long as its client wants.
func (s *Server) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	start := time.Now()
	defer func() {
		err = s.ended(info.FullMethod, start, recover(), err)
	}()
	return handle(srv, stream)
}

// ended reports the end of a call, once, and returns what it answers. A panic becomes INTERNAL without a
// word of it: its text is for the log.
func (s *Server) ended(method string, start time.Time, panicked any, err error) error {
	if panicked != nil {
		s.o.Logger.Error("grpc: call panicked", "method", method, "panic", panicked, "stack", string(debug.Stack()))
		err = status.Error(codes.Internal, "internal error")
	}
	code := status.Code(err)
	s.logEnd(method, code, err)
	s.health.observe(code)
	if s.o.Events.Handled != nil {
		s.o.Events.Handled(method, code, time.Since(start))
	}
	return err
}

// logEnd logs what somebody should look at as an error, and what a client did wrong for those who ask. UNAVAILABLE
// is not among the former: the engine tells of a store that fails once, not per call.
func (s *Server) logEnd(method string, code codes.Code, err error) {
	level := slog.LevelDebug
	switch code {
	case codes.OK:
		return
	case codes.Internal, codes.DataLoss, codes.Unknown:
		level = slog.LevelError
	}
	s.o.Logger.Log(context.Background(), level, "grpc: call failed", "method", method, "code", code, "error", err)
}
