// Package meta is the broker's metadata: what the journal's commits say
// ([Commit], [Entry]), the state that follows from them ([State]), and a bbolt
// file that holds the state on disk ([DB]).
//
// The state is a pure function of the journal. [State.Apply] reads nothing but
// the commit and the state: no clock, no randomness, no I/O. Equal journals
// give equal states on every machine.
//
// # The bbolt file
//
// All values are written by [DB.Write], from what [State.TakeChanges] collected,
// in one transaction that moves the file from the state at one sequence number to
// the state at a later one. Keys are big-endian, so that they sort; P is a topic
// id (16 bytes) and a partition index (4 bytes).
//
//	bucket      key                    value
//	position    "position"             format version, cluster, epoch, seq, time, producer id counter
//	topics      topic id               name, creation time, number of partitions, configs
//	partitions  P                      log start, high watermark, leader epochs
//	extents     P, base offset (8)     count, segment, position, length, byte range, largest timestamp
//	producers   P, producer id (8)     epoch, time of the last batch, the last batches
//	segments    segment id (8)         epoch, size
//	offsets     group, NUL*, P         offset, leader epoch, metadata, commit time
//	names       producer name          producer id, time it was asked for
//
// (*) the key is the group's length (2 bytes), the group, then P. How many
// extents refer to a segment is counted when the file is loaded.
package meta
