// Package grpcapi is the gRPC door: it decodes requests, calls the engine and
// translates what it answers. streamhouse.proto is the interface and its
// documentation; package pb is generated from it.
//
// What the door adds of its own: it builds one record batch per request
// (produce.go), keeps answers under gRPC's usual message limit (consume.go), and
// carries headers both as a map and as an ordered list (headers.go).
package grpcapi

//go:generate ./generate.sh
