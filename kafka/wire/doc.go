// Package wire is the Kafka protocol's bytes, whatever they mean: it cuts requests off a
// connection, checks their structure before kmsg decodes them, and encodes and writes responses.
//
// frame.go reads what write.go writes; header.go, request.go and response.go are what stands in
// a frame; shape.go is the check, shape_probe.go finds out what to check; pieces.go keeps large
// responses uncopied. It knows kmsg, and neither the engine nor the server.
package wire
