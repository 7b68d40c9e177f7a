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
// # Who waits for whom
//
// A commit is applied in steps ([State.Begin]), between which readers look at the state. Whoever
// uses the package keeps two locks: one over whole commits and over [State.TakeChanges], and one
// that each step holds alone and that readers share. Nothing but a step of a commit changes
// what readers see, so TakeChanges needs the first lock only: it copies, and encoding and
// writing come later, under none.
//
// A step of 500 batches takes 0.1 to 1 ms. One entry is never cut in two. The long ones, on a
// machine of 2026 with two cores: CreateTopic of 10,000 partitions 0.4 to 3 ms; DeleteTopic of as
// many with 1,000,000 extents 10 to 20 ms, of which the groups that have offsets in it are a part and
// all others are not; CommitOffsets of 10,000 partitions 5 to 10 ms. The look for expired producers
// is cut into steps, too; only the producers of one partition are looked at in one go.
//
// # The bbolt file
//
// The file is at any moment, also after a crash, the state at one sequence number, or it
// says that it is incomplete and is refused: to apply the journal to a mixture of two states would
// count extents twice.
//
// It is written in two ways. [DB.Write] takes what [State.TakeChanges] collected, in one
// transaction that moves the file from the state at one sequence number to
// the state at a later one. How large that is, is for the caller to bound, by taking changes often
// enough ([State.Unsaved]). [DB.Rewrite] writes a whole state to a new file, path + ".new", in many
// transactions, while commits go on:
//
//  1. The new file says that it is incomplete. The state begins to collect changes: S0.
//  2. All that the state holds is copied in the order of the keys, in short steps. Each pair was true at
//     some moment since S0.
//  3. The changes since S0 are written. They are values and absences, never differences: a pair that
//     differs between the copy and the state has changed since S0, so that it is among them, and what
//     they say of it holds whatever was copied. That makes the file the state at S1.
//  4. The last transaction removes the mark, the file is synced, renamed over the old one, and the folder synced.
//
// That rests on what each kind of change says:
//
//   - A topic that was deleted takes all keys that begin with its id along, before anything is put: its
//     id may have come back, and what was copied may be of the old one, the new one, or both.
//   - A partition's extents before its first one go, if some were dropped since S0: whatever
//     was copied of them lies there. Those added since S0 and still there are put.
//   - A producer that was forgotten is deleted, then put if it is known again.
//   - Offsets and names are looked up when the changes are taken: there or not.
//   - Segments are never changed. What will delete or replace extents or segments in other places must
//     say so in the same manner.
//
// A failed write or sync makes the file untrusted: what the system could not write it may take for
// written from then on. It is closed, the state collects nothing for it, and only a rewrite makes
// it current again. The lock that keeps other processes away is a file of its own, path + ".lock", so that
// it is held while the file is replaced or closed.
//
// bbolt keeps the keys that a transaction adds to a page in one sorted list: keys in another
// order than theirs make it move that list for each, which is quadratic. So all are written in order.
//
// Pairs are read by [DB.Load] only. Numbers in keys are
// big-endian, so that the order of the keys is the order of the numbers; values are
// written like those of a commit, see [AppendCommit]. P is a topic id (16 bytes)
// and a partition index (4 bytes).
//
//	bucket      key                         value
//	position    "position"                  file version, cluster, epoch, seq, epoch of seq, time, last expiry, next producer id
//	topics      topic id                    name, creation time, number of partitions, configs; a 0 and the replicas in front, where some were asked for
//	partitions  P                           log start, high watermark, leader epochs with their starts
//	extents     P, base offset (8)          count, segment, position, length, byte range, largest timestamp; a 0 in front if of some batches that is not known
//	producers   P, producer id (8)          epoch, time of the last batch, the last batches
//	segments    segment id (8)              epoch, size
//	offsets     group length (2), group, P  offset, leader epoch, metadata, commit time
//	names       producer name               producer id, time when it was last asked for
//
// While a file is incomplete, position has the key "incomplete" and no other.
//
// bbolt checks its first two pages by a checksum, and of all others only that they say which they are. So [OpenDB] looks at the
// pages of every bucket before a cursor goes over them (checkPages), and [DB.Load] at every pair and at the state as a whole.
//
// What makes each of them change:
//
//	position    every commit
//	topics      CreateTopic, CreatePartitions, AlterConfigs, AlterReplicas; DeleteTopic deletes
//	partitions  CreateTopic, CreatePartitions, Append, DeleteRecords; DeleteTopic deletes
//	extents     Append; DeleteRecords and DeleteTopic delete
//	producers   Append; DeleteTopic and the expiry of producers delete
//	segments    the first Append of a commit
//	offsets     CommitOffsets; DeleteOffsets, DeleteGroup and DeleteTopic delete
//	names       NameProducer; the expiry of producers deletes
//
// How many extents refer to a segment, how many bytes a partition's extents hold, how many offsets a group has in a topic, and the usage
// are counted when the file is loaded.
package meta
