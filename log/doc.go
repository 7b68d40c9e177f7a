// Package log is the engine: order, durability and reads. It keeps the log of
// many topics in one object store, and its metadata in package meta.
//
// three packages lie below it: log/record has the record batches, log/segment the format of the objects that they are
// written into, and log/journal the order of those objects and the fence between brokers. What is left here is the engine.
//
// # Promises
//
//  1. What a Wait has acknowledged is in the object store, applied, and found again on any machine.
//  2. The bucket alone is the truth. The metadata file makes starts fast; without it the journal is replayed.
//  3. A flush is one PUT, however many topics, partitions, producers and groups took part.
//  4. Two brokers never both write. The second to start fences the first, which notices at its next write.
//  5. A record batch comes back as it was sent, byte for byte, but for its base offset, its leader epoch, and the largest
//     timestamp in its header where that was not the records'.
//  6. A record batch that is taken can be read, by every client's decoder, up to its end.
//
// # The write path
//
// What a crash leaves behind after each step. Nobody is answered before step 6.
//
//  1. [Log.Append] checks the batches and all records in them (log/record/check.go lists what) and adds them to the open
//     flush; any other change of state adds an entry. One that would grow beyond Options.FlushBytes waits in a
//     queue, and the next one is opened: a flush holds at most as many bytes of batches and changes, or one request
//     where that is larger. What waits counts as unflushed. A batch that is known to be in the log already is
//     answered here. A crash: nothing happened, the client tries again.
//  2. The flush is sealed when a PUT may start and it is the queue's first, or the queue is empty and a batch waits
//     for room among the unflushed bytes, or the flush interval since the start of the previous flush that did
//     not come from the queue is over. Only now it gets the next sequence number of the journal, and the time that its commit
//     will carry: nothing overtakes. A crash: the same.
//  3. It is encoded: blocks sorted by partition, compressed, then the commit, then the footer. A crash: the same.
//  4. It is PUT, create-only, under journal/<epoch>/<seq>. Several PUTs are under way at once. A crash before: the
//     same. After, even if nobody learned of it: the commit is in the journal, and replay applies it.
//     If a PUT of a lower sequence number is missing, the flush is void: the next broker's seal takes the missing place.
//     A flush that the store refuses for its size is cut, and its first part tried at the same place; cut.go has
//     the rule. An object larger than any before it has no flush behind it until its place is filled, so that a rest takes
//     the next place; see proof.go. Where the store takes less than it did, and producers would get out of step, the place is left unfilled and
//     the log stops with [ErrStoreShrank]. One request that is too large by itself is refused, and an empty commit takes the place.
//  5. The commit is applied to the state, strictly in the order of sequence numbers. It assigns offsets, and finds
//     duplicates and fenced producers. The batches go into the tail. A large commit is applied in steps, between which
//     readers see one partition before it and another behind it. A crash: replay does it again, with the same outcome.
//  6. Readers that wait are woken, and the producers are answered. A crash before the answer: an idempotent producer
//     sends the batch again, and is told the original offset.
//  7. A second or so later the changes of the state go to bbolt, with the sequence number that they reach. A crash: replay begins where bbolt stands.
//     Where there is no bbolt file, or a write to it failed, all of the state is written to a new one, beside serving; until that is
//     whole the log goes on without. A crash: the next start replays from where the old file stands, or all.
//
// # Opening
//
// Open (most of it in log/journal) reads the object "cluster", proves that the store honours create-only writes, loads bbolt, replays the
// journal behind it through every sealed epoch, and writes a seal at the first missing place, create-only. The
// seal begins the next epoch. From then on the old broker's PUT of that place is refused, so nothing behind it is ever acknowledged.
//
// If the old broker gets a segment in first, places ahead are tried, twice as far each time, until a seal stands in
// its way: a broker that is busy writes faster than another one can read what it wrote. Then what it still got in is applied, and the
// first place that is missing gets a seal as well, unless the first one is reached. What lies behind a seal is void.
//
// A gap in the journal is its end, unless a segment that is no seal stands farther behind it than a pipeline reaches
// ([MaxPipeline]), or a later epoch exists: then a segment was lost, and Open refuses to seal over it.
//
// What the bucket says is believed on evidence. Each listing begins with an object that is known to be there, so that an empty one is
// not taken for an empty journal. Whose a taken place is, says the footer of what stands there, which has a checksum. Bytes that
// are wrong, and objects that are missing where they must not be, are looked at eight times, over some seconds,
// before they end anything; and a store that does not answer is away, however long.
//
// # Reads
//
// [Log.Read] looks a position up in the state. The newest batches are in the tail, in memory; older ones are found
// by their extent, and their block is in the cache or one ranged GET away. A reader that goes on where it stopped is
// read ahead, with a window that doubles. Blocks that many partitions need at once and that lie near to each other come in one GET.
//
// A block that is missing or damaged is planned and asked for once more. If it stays so, and no other broker has taken over, it is [ErrCorruptLog].
//
// What reads hold of the store is bounded, whatever clients ask for. The blocks that are fetched for them, and those that came after
// their read had ended, count against one account, half as large as the cache. Beyond it they wait their turn, in
// order. A read of many cold partitions asks for as many blocks as fit into its answer and into a quarter of the account, answers with
// what comes, and leaves the other partitions to the reads after it. What it asked for is kept for those.
//
// # What clients can make the state hold
//
// All that a client can add to the state for good has a bound ([Options].Limits). It is checked where a change is
// proposed, against what is applied and what is on its way, and never when a commit is applied: a replay gives the
// same state whatever the settings are, and a bucket that holds more is served. Partitions are created and
// deleted at a pace, with a burst that an ordinary request stays within; so no commit is a giant that everybody waits for. Callers that
// can be told to come again get [ErrThrottled], for the others there are methods that wait (CreateTopicsPaced …).
//
// # Invariants
//
// [Log.Check] verifies them.
//
//   - Extents of a partition follow each other without gap or overlap, up to the high watermark.
//   - Every extent's block is in the bucket, passes its checksum, belongs to that partition, and holds as many offsets as the extent says.
//   - The state equals a replay of the journal from its first segment.
//   - A segment counts the extents that refer to it.
//   - The newest segment of the journal is never deleted: bbolt is recognised by it as belonging to the bucket.
//
// # Deviations that were chosen
//
//   - What Kafka takes and not every reader can read is refused: offset deltas that are not 0, 1, 2 …, among others.
//   - All that identifies a segment stands in its footer and not in a header: a replay then needs one read of the
//     last bytes of each object, and the commit, which names every block, is the index.
//   - A batch that waits for room in the unflushed bytes is never refused by a timeout, only by the end of its caller: the
//     batches behind it of the same producer would overtake it.
//   - The leader epoch of every partition is the journal epoch. A client that has seen the new broker is refused by the old one (KIP-320).
package log
