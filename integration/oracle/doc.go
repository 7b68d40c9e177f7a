// Package oracle compares StreamHouse with Apache Kafka 4.4, answer by answer.
//
// A case is a sequence of requests to a broker, in every version of one of them: ordinary ones, wrong ones, and
// those at the limits. What Kafka answers stands in testdata/kafka-4.4, one file for each case; so the ordinary run needs
// no Kafka. Where StreamHouse answers otherwise, testdata/differences.txt has the difference and its reason. A
// difference that is not listed fails, and so does a listed one that is gone.
//
//	go test ./integration/oracle                   StreamHouse against the golden files; Kafka, where it is installed, in the oldest and the newest version of each case
//	go test ./integration/oracle -kafka=all        Kafka in all versions
//	go test ./integration/oracle -kafka=none       no Kafka
//	go test ./integration/oracle -update           asks Kafka anew, and lists the differences anew
//	go test ./integration/oracle -run '/fetch'     one case
//
// After a change of StreamHouse, -update -run TestStreamHouse writes the differences alone. New ones stand under "no reason
// yet" at the end of the file: give them a reason, which begins with who mends it, and a pattern that they match.
//
// Kafka is one node of its own (KRaft, 512 MiB) from the jars that clients/install.sh installs, with its defaults but for
// what one node needs. It is started once for all cases; each case, in each version, has topics and groups of its own.
//
// # How to read an answer
//
// Under the name of a step stand the versions that it was asked in, and then the fields of the answer, a struct
// in a line. A line that begins with versions holds for those only. A field that has its default is left out, and so is
// what goes without saying: that there is an answer, and a struct that has another one inside. An element of
// a list is called by its name, topic, partition …, so that the order of a list does not matter. What differs from run to run is
// written in angle brackets: <epoch> is the leader's present epoch, <now> a time of the run, <orders> the id of that topic, and
// an id that the broker has made is called by the step that brought it. Of a text for people it is only said that
// there is one.
//
// # Facts about Kafka 4.4
//
// What the answers show, and is easily guessed wrong:
//
//	a topic, partition or group that stands twice in a request   is answered once: by CreateTopics, DeleteTopics, CreatePartitions and
//	                                                             ListOffsets with INVALID_REQUEST, by Produce and Fetch for the last one
//	AlterConfigs with a topic twice                              is never answered, and nothing behind it on the connection either
//	Produce with null records                                    the same
//	Metadata by topic id                                         from version 12 on; 10 and 11 have the field and answer INVALID_REQUEST.
//	                                                             Where one topic goes by its id, those that go by name are not answered
//	Fetch, its list of aborted transactions                      is null where nobody asked and where reading failed, and empty where there is no such partition
//	a topic without partitions in a request                      is left out of the answer, except by OffsetForLeaderEpoch and OffsetFetch
//	authorized operations                                        are also told of a name that nobody has, and not of an id
//	the coordinator of transactions                              has to be asked for before InitProducerId: that makes the topic they are in
//	Produce 0 to 2                                               are advertised, for librdkafka, and close the connection
//	an unknown version                                           closes the connection; of ApiVersions it is answered in version 0 with the versions that there are
//	CreateTopics, CreatePartitions with a timeout of 0           change nothing: REQUEST_TIMED_OUT
//	CreateTopics that only validates                             answers with the id that the topic would have
//	names that differ in dots and underscores only               collide: INVALID_TOPIC_EXCEPTION
//	DescribeConfigs, an empty list of names                      describes all, as null does
//	min.insync.replicas of a topic                               comes from the default of all brokers (source 3), which the elector of leaders has set
//	base offset other than 0 in a sent batch                     INVALID_RECORD, and so is magic 0 or 1, and a second batch for the partition
//	bytes of another batch that is cut off behind the first      are ignored
//	bytes behind a gzip member or an LZ4 frame                   are ignored, and so is another LZ4 frame
//	offset deltas of an uncompressed batch                       are not looked at; of a compressed one numbered anew
//	LogAppendTime said by a producer                             INVALID_TIMESTAMP, but for a topic of CreateTime and a largest timestamp other than -1
//	a batch that was there already                               is answered with the time of its records as the append time
//	negative offsets in OffsetCommit                             are stored
//	an empty instance id in JoinGroup                            is a static member
package oracle
