// Package record is Kafka's record batch, magic 2: a view over the bytes of one ([Batch]), with the
// checks of its header, the patching of what a log assigns, and the encoding and decoding of the records inside,
// of every codec. What is decompressed, and what a length claims, is bounded. It knows no log, no store and no protocol.
//
// All functions may be called concurrently on different bytes, and those that only read on the same ones.
package record
