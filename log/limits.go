package log

import (
	"time"

	"streamhouse/log/journal"
	"streamhouse/log/record"
)

// Every limit of the engine, with its reason.
const (
	// MaxPipeline bounds Options.MaxInFlight.
	MaxPipeline = journal.MaxPipeline

	// MaxFrameBytes is the largest Append a door should accept, like Kafka's socket.request.max.bytes.
	MaxFrameBytes = record.MaxBytes

	// MaxPartitions bounds the partitions of one topic: CreateTopics must not be
	// able to exhaust memory with one number.
	MaxPartitions = 10_000

	// MaxTopicName is Kafka's limit.
	MaxTopicName = 249

	// MaxGroupName bounds what a group's offsets cost as keys of the state.
	MaxGroupName = 1 << 10
	// MaxProducerName bounds what a named producer costs as a key of the state.
	MaxProducerName = 1 << 10
	// MaxOffsetMetadata is Kafka's offset.metadata.max.bytes.
	MaxOffsetMetadata = 4096
	// MaxConfigValue bounds the value of a topic config, which the state keeps as it was written: a number may have
	// any number of zeros before it. The longest that means something has 20 bytes.
	MaxConfigValue = 64
)

const (
	// getTimeout ends a GET of blocks that hangs: its readers are told, and the next read tries anew.
	getTimeout = 20 * time.Second
	// maxUnflushedChanges bounds what commits of offsets, changes of topics and the like hold in
	// memory while the store is away, bytes; clients ask again and again. It also bounds a commit.
	maxUnflushedChanges = 64 << 20
)

// maxPooledBytes is the largest buffer that is kept for the next flush; a giant is let go.
const maxPooledBytes = 32 << 20

const (
	// applyStep is how many batches or other changes of a commit are applied before readers may
	// look at the state: about a millisecond's worth.
	applyStep = 500
	// maxUnsaved is how many changed pairs of the metadata file wait for the metadata interval;
	// when there are more, they are written at once.
	maxUnsaved = 100_000
	// maxUnsavedAtStart is how many a start that has replayed the journal writes in one
	// transaction; when there are more, the file is written anew, which takes less memory.
	maxUnsavedAtStart = 500_000
)

const (
	// maxReaders bounds the lagging readers that are remembered for read-ahead.
	maxReaders = 4096
	// readerIdle is when a reader that does not come back counts as gone.
	readerIdle = 30 * time.Second
	// changeBurst is how many partitions may be created or deleted at once: an ordinary request is never throttled.
	// Applied in one commit they take about as long as a PUT, during which nobody else is answered.
	changeBurst = 10_000
	// maxPendingChanges bounds the partitions that are being created or deleted and not applied yet, and so those of one
	// commit: while the store is away the bucket of the pace fills again, and the current flush stays.
	maxPendingChanges = 10_000
	// pendingPause is when to ask again where that many wait: about a flush.
	pendingPause = 250 * time.Millisecond
	// minFetchBytes is what reads may fetch at once, and hold before it is served, where half of the cache is less.
	minFetchBytes = 8 << 20
	// readShare is the part of that, one in as many, that a single read may ask for.
	readShare = 4
	// blockFetchBytes is what a fetch is counted with beside its bytes: its goroutine and places in maps and lists.
	// It bounds how many small blocks are fetched at once.
	blockFetchBytes = 16 << 10
	// maxQueuedBlocks bounds the blocks that wait for room to be fetched: some 2 MiB of memory.
	maxQueuedBlocks = 8192
	// unclaimedTime is how long a block is kept that came after its read had ended: a reader that goes on asks again at once.
	unclaimedTime = time.Second
	// maxPinned is how many times its own bytes an answer may keep alive of blocks, and one block more.
	maxPinned = 8
	// maxAheadBlocks bounds the blocks that one read asks to be read ahead, for all of its partitions.
	maxAheadBlocks = 4096
	// maxPlanExtents bounds the extents that a read copies out of the state at once.
	maxPlanExtents = 1024
	// lookupTimeout bounds the search for a record by its time.
	lookupTimeout = 30 * time.Second
	// lookupsAtOnce bounds the searches under way: each decodes a block's records.
	lookupsAtOnce = 32
	// lookupAhead is how many blocks a search that goes on reads at once.
	lookupAhead = 8
	// maxLookupBlocks and maxLookupBytes bound what a search reads where batches claim times that their records do
	// not have. Kafka looks through one segment, of 1 GiB, on its own disk.
	maxLookupBlocks = 1024
	maxLookupBytes  = 256 << 20
	// scanExtents is how many extents a search looks at without letting go of the state: some ten microseconds.
	scanExtents = 4096
	// minSpanBytes and maxSpanBytes bound what one GET brings at most, of several blocks.
	minSpanBytes = 1 << 20
	maxSpanBytes = 4 << 20
	// blockGap joins neighbouring blocks into one GET: at 100 MB/s it costs
	// less than the first byte of another request.
	blockGap = 256 << 10
)
