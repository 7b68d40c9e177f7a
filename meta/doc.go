// Package meta is the broker's metadata: what the journal's commits say
// ([Commit], [Entry]), the state that follows from them ([State]), and a bbolt
// file that holds the state on disk ([DB]). It knows nothing of the bytes of
// record batches, of the object store, or of any protocol.
//
// The state is a pure function of the journal. [State.Apply] reads nothing but
// the commit and the state: no clock, no randomness, no I/O. Equal journals
// give equal states on every machine. The file is the state at one commit; what
// came after it is in the journal, and if the file is lost, all of it is.
//
// # The bbolt file
//
// All pairs are written by [DB.Write] from what [State.TakeChanges] collected, in
// one transaction that moves the file from the state at one sequence number to
// the state at a later one. They are read by [DB.Load] only. Numbers in keys are
// big-endian, so that the order of the keys is the order of the numbers; values are
// written like those of a commit, see [AppendCommit]. P is a topic id (16 bytes)
// and a partition index (4 bytes).
//
//	bucket      key                         value
//	position    "position"                  file version, cluster, epoch, seq, epoch of seq, time, last expiry, next producer id
//	topics      topic id                    name, creation time, number of partitions, configs
//	partitions  P                           log start, high watermark, leader epochs with their starts
//	extents     P, base offset (8)          count, segment, position, length, byte range, largest timestamp
//	producers   P, producer id (8)          epoch, time of the last batch, the last batches
//	segments    segment id (8)              epoch, size
//	offsets     group length (2), group, P  offset, leader epoch, metadata, commit time
//	names       producer name               producer id, time when it was last asked for
//
// What makes each of them change:
//
//	position    every commit
//	topics      CreateTopic, CreatePartitions, AlterConfigs; DeleteTopic deletes
//	partitions  CreateTopic, CreatePartitions, Append, DeleteRecords; DeleteTopic deletes
//	extents     Append; DeleteRecords and DeleteTopic delete
//	producers   Append; DeleteTopic and the expiry of producers delete
//	segments    the first Append of a commit
//	offsets     CommitOffsets; DeleteOffsets, DeleteGroup and DeleteTopic delete
//	names       NameProducer; the expiry of producers deletes
//
// How many extents refer to a segment is counted when the file is loaded.
package meta
