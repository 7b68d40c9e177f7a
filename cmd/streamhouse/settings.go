package main

import (
	"time"

	"streamhouse/cmd/streamhouse/units"
)

// settings are the broker's settings. Each stands here once: its flag, its
// environment variable, its default and its help. A flag wins over the
// environment; an empty variable counts as unset. kong fills it; nothing changes it
// afterwards, so it may be read concurrently. What the tags cannot say about a value is in [settings.check].
type settings struct {
	Addr                string `env:"STREAMHOUSE_ADDR" default:"0.0.0.0:9090" placeholder:"HOST:PORT" group:"Addresses" help:"Address of the gRPC service."`
	KafkaAddr           string `env:"STREAMHOUSE_KAFKA_ADDR" default:"0.0.0.0:9092" placeholder:"HOST:PORT" group:"Addresses" help:"Address of the Kafka listener."`
	KafkaAdvertisedAddr string `env:"STREAMHOUSE_KAFKA_ADVERTISED_ADDR" placeholder:"HOST:PORT" group:"Addresses" help:"Address that Kafka clients are told to connect to. Unset: the one that each client itself connected to."`
	HTTPAddr            string `name:"http-addr" env:"STREAMHOUSE_HTTP_ADDR" default:"127.0.0.1:8080" placeholder:"HOST:PORT" group:"Addresses" help:"Address of /healthz, /readyz, /metrics and /debug/pprof, or off. It has no authentication: keep it private."`

	Bucket           string `env:"STREAMHOUSE_BUCKET" default:"streamhouse" placeholder:"NAME" group:"Storage" help:"S3 bucket, which has to exist. Credentials and endpoint come from the AWS SDK's own variables and files."`
	Region           string `env:"AWS_REGION" default:"us-east-1" placeholder:"NAME" group:"Storage" help:"Region of the bucket."`
	UseLocalStorage  bool   `env:"USE_LOCAL_STORAGE" group:"Storage" help:"Keep the data in a local directory instead of S3."`
	LocalStoragePath string `env:"LOCAL_STORAGE_PATH" default:"./data/storage" placeholder:"DIR" group:"Storage" help:"The local directory."`
	Metadata         string `env:"STREAMHOUSE_METADATA" default:"./data/metadata.db" placeholder:"FILE" group:"Storage" help:"Metadata file, which makes starts fast. Lost, it is rebuilt from the bucket."`

	Cache         string      `env:"STREAMHOUSE_CACHE" default:"./data/cache" placeholder:"DIR" group:"Memory and cache" help:"Folder of the disk cache."`
	CacheSize     units.Bytes `env:"STREAMHOUSE_CACHE_SIZE" default:"1073741824" placeholder:"BYTES" group:"Memory and cache" help:"Size of the disk cache; 0 is none."`
	CacheMemory   units.Bytes `env:"STREAMHOUSE_CACHE_MEMORY" default:"128MiB" placeholder:"BYTES" group:"Memory and cache" help:"Memory for blocks that were read from the store."`
	TailMemory    units.Bytes `env:"STREAMHOUSE_TAIL_MEMORY" default:"128MiB" placeholder:"BYTES" group:"Memory and cache" help:"Memory for the newest records: consumers that keep up read only from here."`
	UnflushedSize units.Bytes `env:"STREAMHOUSE_UNFLUSHED_SIZE" default:"128MiB" placeholder:"BYTES" group:"Memory and cache" help:"Memory for records on their way to the store. When it is full, producers wait."`
	PrefetchSize  units.Bytes `env:"STREAMHOUSE_PREFETCH_SIZE" default:"8MiB" placeholder:"BYTES" group:"Memory and cache" help:"How far a sequential reader is read ahead, per partition."`

	FlushInterval flushInterval `env:"STREAMHOUSE_FLUSH_INTERVAL" default:"auto" placeholder:"DURATION" group:"Flushing" help:"Least time between the starts of two flushes that are not full: one PUT each. auto is 250ms on S3 and 0 on local storage."`
	FlushSize     units.Bytes   `env:"STREAMHOUSE_FLUSH_SIZE" default:"8MiB" placeholder:"BYTES" group:"Flushing" help:"A flush holds no more, or one request that is larger, and starts at once when it is full."`
	MaxInFlight   int           `env:"STREAMHOUSE_MAX_IN_FLIGHT" default:"4" placeholder:"COUNT" group:"Flushing" help:"Flushes that may be under way at once, 1 to 16."`

	AutoCreateTopics  bool        `env:"STREAMHOUSE_AUTO_CREATE_TOPICS" default:"true" negatable:"" group:"Topics" help:"Create a topic that a Kafka client asks for and that does not exist."`
	DefaultPartitions int32       `env:"STREAMHOUSE_DEFAULT_PARTITIONS" default:"1" placeholder:"COUNT" group:"Topics" help:"Partitions of a topic that is created without a number."`
	MaxMessageSize    units.Bytes `env:"STREAMHOUSE_MAX_MESSAGE_SIZE" default:"1048588" placeholder:"BYTES" group:"Topics" help:"Largest record batch where the topic has no max.message.bytes of its own."`
	CheckCompressed   bool        `env:"STREAMHOUSE_CHECK_COMPRESSED" default:"true" negatable:"" group:"Topics" help:"Look at the records in compressed batches before they are taken. Without it a faulty producer can stop consumers for good."`

	MaxTopics             int64       `env:"STREAMHOUSE_MAX_TOPICS" default:"100000" placeholder:"COUNT" group:"Limits" help:"Topics that may exist. Like the other limits it refuses what is new, and takes nothing away."`
	MaxPartitions         int64       `env:"STREAMHOUSE_MAX_PARTITIONS" default:"200000" placeholder:"COUNT" group:"Limits" help:"Partitions of all topics."`
	MaxGroups             int64       `env:"STREAMHOUSE_MAX_GROUPS" default:"100000" placeholder:"COUNT" group:"Limits" help:"Consumer groups that have committed offsets."`
	MaxOffsets            int64       `env:"STREAMHOUSE_MAX_OFFSETS" default:"1000000" placeholder:"COUNT" group:"Limits" help:"Committed offsets of all groups, one for each partition of a group."`
	MaxOffsetMetadataSize units.Bytes `env:"STREAMHOUSE_MAX_OFFSET_METADATA_SIZE" default:"64MiB" placeholder:"BYTES" group:"Limits" help:"Metadata of all committed offsets."`
	MaxProducers          int64       `env:"STREAMHOUSE_MAX_PRODUCERS" default:"500000" placeholder:"COUNT" group:"Limits" help:"Idempotent producers that are remembered, for 24 hours after their last batch, counted in each partition."`
	MaxProducerNames      int64       `env:"STREAMHOUSE_MAX_PRODUCER_NAMES" default:"100000" placeholder:"COUNT" group:"Limits" help:"Names of gRPC producers that are remembered, as long as their batches."`
	PartitionChangeRate   int64       `env:"STREAMHOUSE_PARTITION_CHANGE_RATE" default:"5000" placeholder:"COUNT" group:"Limits" help:"Partitions that may be created and deleted per second, over time; 10000 at once are never too fast."`

	MaxRequestSize             units.Bytes     `env:"STREAMHOUSE_MAX_REQUEST_SIZE" default:"100MiB" placeholder:"BYTES" group:"Clients" help:"Largest request of a Kafka client, at most 100MiB. Those of gRPC clients are held to 16MiB as well."`
	KafkaMaxConnections        connectionLimit `env:"STREAMHOUSE_KAFKA_MAX_CONNECTIONS" default:"auto" placeholder:"COUNT" group:"Clients" help:"Kafka connections that are served at once. auto is 20000, or fewer where the process may open few files."`
	GRPCMaxConnections         connectionLimit `name:"grpc-max-connections" env:"STREAMHOUSE_GRPC_MAX_CONNECTIONS" default:"auto" placeholder:"COUNT" group:"Clients" help:"gRPC connections that are served at once. auto is 10000, or fewer where the process may open few files."`
	GroupMinSessionTimeout     time.Duration   `env:"STREAMHOUSE_GROUP_MIN_SESSION_TIMEOUT" default:"6s" placeholder:"DURATION" group:"Clients" help:"Shortest session timeout that a group member may ask for."`
	GroupMaxSessionTimeout     time.Duration   `env:"STREAMHOUSE_GROUP_MAX_SESSION_TIMEOUT" default:"30m" placeholder:"DURATION" group:"Clients" help:"Longest session timeout that a group member may ask for."`
	GroupInitialRebalanceDelay time.Duration   `env:"STREAMHOUSE_GROUP_INITIAL_REBALANCE_DELAY" default:"3s" placeholder:"DURATION" group:"Clients" help:"How long a new group waits for more members before its first assignment."`

	StartupTimeout  time.Duration `env:"STREAMHOUSE_STARTUP_TIMEOUT" default:"1m" placeholder:"DURATION" group:"Process" help:"How long the store may stay silent at the start before the broker gives up."`
	ReadyGrace      time.Duration `env:"STREAMHOUSE_READY_GRACE" default:"30s" placeholder:"DURATION" group:"Process" help:"How long writes may fail before /readyz and gRPC's health service say so; 0 is at once. Reads are served meanwhile."`
	ShutdownTimeout time.Duration `env:"STREAMHOUSE_SHUTDOWN_TIMEOUT" default:"25s" placeholder:"DURATION" group:"Process" help:"How long a stop may take. Kubernetes kills after 30s."`
	LogLevel        string        `env:"STREAMHOUSE_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" group:"Process" help:"Lowest level that is logged: debug, info, warn or error."`
	LogFormat       string        `env:"STREAMHOUSE_LOG_FORMAT" default:"text" enum:"text,json" placeholder:"FORMAT" group:"Process" help:"Form of the log lines: text or json."`
}
