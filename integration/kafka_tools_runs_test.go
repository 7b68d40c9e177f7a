package integration

// Where a tool fails because something is not there yet, the outcome says with what it will come.
const (
	laterTransactions = "later, with transactions"
	laterSecurity     = "later, with security"
	laterConfigs      = "later, with configs of the broker that can be altered: it takes throttles back"
	laterQuotas       = "later, with quotas"
	laterGroups       = "later, with consumer groups of the new protocol, share groups and streams groups"
	laterFeatures     = "later, with features that can be updated"
)

// toolRun is a command line tool with arguments, and what is to become of it.
type toolRun struct {
	tool   string // as its script is called
	args   string // {x} is what the test puts there
	input  string
	says   string // a regular expression that its output fits
	silent bool   // it has nothing to say
	fails  bool   // by its exit code
	alone  bool   // it needs a JVM of its own: it does something at its end
	why    string // where it does not do what it is for: what is missing, or why it never will
}

// toolRuns are in their order: later ones see what earlier ones have done.
var toolRuns = []toolRun{
	{tool: "kafka-topics", args: "--create --topic orders --partitions 3 --replication-factor 3 --config min.insync.replicas=2", says: "Created topic orders."},
	{tool: "kafka-topics", args: "--create --topic strict --partitions 1 --replication-factor 1 --config min.insync.replicas=3", says: "Created topic strict."},
	{tool: "kafka-topics", args: "--describe --topic orders", says: `(?s)PartitionCount: 3\s+ReplicationFactor: 3\s+Configs: min.insync.replicas=2.*Partition: 2\s+Leader: 1\s+Replicas: 1,1,1\s+Isr: 1,1,1`},
	{tool: "kafka-topics", args: "--list", says: `(?m)^orders$`},
	{tool: "kafka-topics", args: "--describe --under-min-isr-partitions", silent: true},
	{tool: "kafka-topics", args: "--describe --under-replicated-partitions", silent: true},
	{tool: "kafka-topics", args: "--describe --unavailable-partitions", silent: true},
	{tool: "kafka-topics", args: "--alter --topic orders --partitions 4", silent: true},

	{tool: "kafka-configs", args: "--alter --entity-type topics --entity-name orders --add-config retention.ms=1000000", says: "Completed updating config for topic orders"},
	{tool: "kafka-configs", args: "--describe --entity-type topics --entity-name orders", says: `(?s)min.insync.replicas=2 .*retention.ms=1000000 `},
	{tool: "kafka-configs", args: "--alter --entity-type topics --entity-name orders --delete-config retention.ms", says: "Completed updating config for topic orders"},
	{tool: "kafka-configs", args: "--describe --entity-type brokers --entity-name 1 --all", says: `(?s)inter.broker.protocol.version=4.4-IV2.*num.partitions=1`},
	{tool: "kafka-configs", args: "--describe --entity-type clients", silent: true},
	{tool: "kafka-configs", args: "--describe --entity-type users", says: "does not support DESCRIBE_USER_SCRAM_CREDENTIALS", fails: true, why: laterSecurity},
	{tool: "kafka-configs", args: "--alter --entity-type clients --entity-name c --add-config producer_byte_rate=1000", says: "does not support ALTER_CLIENT_QUOTAS", fails: true, why: laterQuotas},

	{tool: "kafka-console-producer", args: "--topic orders --reader-property parse.key=true --reader-property key.separator=:", input: "k1:one\nk2:two\n", silent: true},
	{tool: "kafka-console-consumer", args: "--topic orders --from-beginning --max-messages 2 --group console", says: `(?s)(one.*two|two.*one).*Processed a total of 2 messages`},
	{tool: "kafka-console-consumer", args: "--topic orders --group new --max-messages 1 --command-property group.protocol=consumer", says: "Processed a total of 0 messages", why: laterGroups},
	{tool: "kafka-producer-perf-test", args: "--topic orders --num-records 1000 --record-size 100 --throughput -1", says: "1000 records sent"},
	{tool: "kafka-consumer-perf-test", args: "--topic orders --num-records 1000 --group perf", says: `(?m)^\d{4}-.*, 10[01]\d,`},
	{tool: "kafka-verifiable-producer", args: "--topic orders --max-messages 10", says: `"sent":10,"acked":10`, alone: true},
	{tool: "kafka-verifiable-consumer", args: "--topic orders --group-id verifiable --max-messages 10 --reset-policy earliest", says: `(?s)offsets_committed.*"success":true.*shutdown_complete`},
	{tool: "kafka-e2e-latency", args: "--topic strict --num-records 5 --producer-acks all --record-size 20", says: "Avg latency"},

	{tool: "kafka-get-offsets", args: "--topic strict", says: `(?m)^strict:0:5$`},
	{tool: "kafka-get-offsets", args: "--topic strict --time earliest", says: `(?m)^strict:0:0$`},
	{tool: "kafka-get-offsets", args: "--topic strict --time max-timestamp", says: `(?m)^strict:0:4$`},
	{tool: "kafka-delete-records", args: "--offset-json-file {delete}", says: `partition: strict-0\s+low_watermark: 2`},
	{tool: "kafka-get-offsets", args: "--topic strict --time earliest", says: `(?m)^strict:0:2$`},

	{tool: "kafka-consumer-groups", args: "--list --state", says: `console\s+Empty`},
	{tool: "kafka-consumer-groups", args: "--describe --group verifiable", says: `verifiable\s+orders\s+\d\s+\d+\s+\d+\s+\d+`},
	{tool: "kafka-consumer-groups", args: "--describe --group verifiable --state", says: `verifiable\s.*Empty\s+0`},
	{tool: "kafka-consumer-groups", args: "--reset-offsets --group console --topic orders --to-earliest --execute", says: `console\s+orders\s+3\s+0`},
	{tool: "kafka-consumer-groups", args: "--delete-offsets --group console --topic orders", says: `orders\s+3\s+Successful`},
	{tool: "kafka-consumer-groups", args: "--delete --group verifiable", says: "was successful"},
	{tool: "kafka-groups", args: "--list", says: `perf\s+Classic`},
	{tool: "kafka-streams-application-reset", args: "--application-id perf --input-topics orders", says: `Topic: orders Partition: 0 Offset: 0`},

	{tool: "kafka-log-dirs", args: "--describe --topic-list strict", says: `"partition":"strict-0","size":[1-9]\d*,"offsetLag":0,"isFuture":false`},
	{tool: "kafka-leader-election", args: "--election-type preferred --topic orders --partition 0", says: "Valid replica already elected for partitions orders-0"},
	{tool: "kafka-leader-election", args: "--election-type unclean --all-topic-partitions", silent: true},
	{tool: "kafka-reassign-partitions", args: "--execute --reassignment-json-file {reassign}", says: "Successfully started partition reassignment"},
	{tool: "kafka-reassign-partitions", args: "--verify --preserve-throttles --reassignment-json-file {reassign}", says: "Reassignment of partition orders-0 is completed"},
	{tool: "kafka-reassign-partitions", args: "--verify --reassignment-json-file {reassign}", says: `(?s)orders-0 is completed.*the broker's are settings`, fails: true, why: laterConfigs},
	{tool: "kafka-reassign-partitions", args: "--generate --broker-list 1 --topics-to-move-json-file {move}", says: `(?s)Proposed partition reassignment.*"replicas":\[1\]`},
	{tool: "kafka-reassign-partitions", args: "--list", says: "No partition reassignments found"},
	{tool: "kafka-topics", args: "--describe --topic orders", says: `ReplicationFactor: 1`},

	{tool: "kafka-features", args: "describe", says: `metadata.version\s.*FinalizedVersionLevel: 4.4-IV2`},
	{tool: "kafka-features", args: "disable --feature group.version", says: "does not support UPDATE_FEATURES", fails: true, why: laterFeatures},
	{tool: "kafka-metadata-quorum", args: "describe --status", says: `(?s)LeaderId:\s+1.*CurrentVoters:.*"id": 1`},
	{tool: "kafka-metadata-quorum", args: "describe --replication", says: `(?m)^1\s.*Leader`},
	{tool: "kafka-metadata-quorum", args: "remove-controller --controller-id 1 --controller-directory-id AAAAAAAAAAAAAAAAAAAAAQ", says: "does not support REMOVE_RAFT_VOTER", fails: true, why: "never: there is no quorum of several nodes"},
	{tool: "kafka-cluster", args: "cluster-id", says: "Cluster ID: "},
	{tool: "kafka-cluster", args: "list-endpoints", says: `(?m)^1\s+127.0.0.1\s.*broker`},
	{tool: "kafka-cluster", args: "unregister --id 9", says: "BrokerIdNotRegistered", fails: true, why: "never: there is no other broker; Kafka says the same of one that is not there"},
	{tool: "kafka-broker-api-versions", says: `(?s)Produce\(0\): 0 to 13 \[usable: 13\].*DescribeTopicPartitions\(75\): 0 \[usable: 0\]`},
	{tool: "kafka-client-metrics", args: "--list", silent: true},

	{tool: "kafka-transactions", args: "describe-producers --topic orders --partition 0", says: `ProducerId\s+ProducerEpoch`},
	{tool: "kafka-transactions", args: "find-hanging --broker-id 1", says: "CoordinatorEpoch"},
	{tool: "kafka-transactions", args: "list", says: "does not support LIST_TRANSACTIONS", fails: true, why: laterTransactions},
	{tool: "kafka-transactions", args: "describe --transactional-id t", says: "does not support DESCRIBE_TRANSACTIONS", fails: true, why: laterTransactions},
	{tool: "kafka-acls", args: "--list", says: "SECURITY_DISABLED", fails: true, why: laterSecurity + "; a Kafka without an authorizer says the same"},
	{tool: "kafka-acls", args: "--add --allow-principal User:u --operation Read --topic orders", says: "SECURITY_DISABLED", fails: true, why: laterSecurity + "; a Kafka without an authorizer says the same"},
	{tool: "kafka-delegation-tokens", args: "--describe --command-config {empty}", says: "does not support DESCRIBE_DELEGATION_TOKEN", fails: true, why: laterSecurity},
	{tool: "kafka-share-groups", args: "--list", silent: true},
	{tool: "kafka-share-groups", args: "--describe --group g", says: "does not support SHARE_GROUP_DESCRIBE", why: laterGroups},
	{tool: "kafka-share-consumer-perf-test", args: "--topic orders --num-records 1 --timeout 2000", says: "does not support SHARE_GROUP_HEARTBEAT", fails: true, why: laterGroups},
	{tool: "kafka-streams-groups", args: "--list", silent: true},
	{tool: "kafka-streams-groups", args: "--describe --group g", says: "does not support STREAMS_GROUP_DESCRIBE", fails: true, why: laterGroups},
	{tool: "kafka-replica-verification", says: "verification process is started"}, // late: it goes on until the JVM ends
	{tool: "kafka-topics", args: "--delete --topic orders,strict", silent: true},
}

// toolClasses are the programs behind the scripts.
var toolClasses = map[string]string{
	"kafka-acls":                      "AclCommand",
	"kafka-broker-api-versions":       "BrokerApiVersionsCommand",
	"kafka-client-metrics":            "ClientMetricsCommand",
	"kafka-cluster":                   "ClusterTool",
	"kafka-configs":                   "ConfigCommand",
	"kafka-console-consumer":          "consumer.ConsoleConsumer",
	"kafka-console-producer":          "ConsoleProducer",
	"kafka-consumer-groups":           "consumer.group.ConsumerGroupCommand",
	"kafka-consumer-perf-test":        "ConsumerPerformance",
	"kafka-delegation-tokens":         "DelegationTokenCommand",
	"kafka-delete-records":            "DeleteRecordsCommand",
	"kafka-e2e-latency":               "EndToEndLatency",
	"kafka-features":                  "FeatureCommand",
	"kafka-get-offsets":               "GetOffsetShell",
	"kafka-groups":                    "GroupsCommand",
	"kafka-leader-election":           "LeaderElectionCommand",
	"kafka-log-dirs":                  "LogDirsCommand",
	"kafka-metadata-quorum":           "MetadataQuorumCommand",
	"kafka-producer-perf-test":        "ProducerPerformance",
	"kafka-reassign-partitions":       "reassign.ReassignPartitionsCommand",
	"kafka-replica-verification":      "ReplicaVerificationTool",
	"kafka-share-consumer-perf-test":  "ShareConsumerPerformance",
	"kafka-share-groups":              "consumer.group.ShareGroupCommand",
	"kafka-streams-application-reset": "StreamsResetter",
	"kafka-streams-groups":            "streams.StreamsGroupCommand",
	"kafka-topics":                    "TopicCommand",
	"kafka-transactions":              "TransactionsCommand",
	"kafka-verifiable-consumer":       "VerifiableConsumer",
	"kafka-verifiable-producer":       "VerifiableProducer",
}

// toolsNotRun are those of Kafka's scripts that have nothing to do with this broker, or nothing to do here yet.
var toolsNotRun = [][2]string{
	{"kafka-console-share-consumer, kafka-verifiable-share-consumer", laterGroups},
	{"kafka-dump-log, kafka-metadata-shell, kafka-storage", "never: they read or write the files of a Kafka"},
	{"kafka-jmx, kafka-run-class, kafka-server-start, kafka-server-stop", "never: they are about the JVM that a Kafka runs in"},
	{"connect-distributed, connect-standalone, connect-mirror-maker, trogdor", "programs that run beside a Kafka, and no tools"},
}
