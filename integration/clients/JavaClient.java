import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.*;
import org.apache.kafka.common.serialization.*;

/** What a Java program does with Kafka's own client, from version 2.8 on; fails where the broker at args[0] does not keep up. */
public class JavaClient {
    static final String TOPIC = "java";
    static final int PARTITIONS = 3, RECORDS = 50;
    static String server;

    public static void main(String[] args) throws Exception {
        server = args[0];
        try (Admin admin = Admin.create(config())) {
            admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 1).configs(Map.of("retention.ms", "1000000")))).all().get();
            int total = produce();
            consume("eager", total, "partition.assignment.strategy", RangeAssignor.class.getName());
            consume("cooperative", total, "partition.assignment.strategy", CooperativeStickyAssignor.class.getName());
            consume("static", total, "group.instance.id", "me");
            groups(admin, total);
            topics(admin);
            refusals(admin);
            admin.deleteTopics(List.of(TOPIC)).all().get();
        }
    }

    static Map<String, Object> config(String... more) {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", server));
        for (int i = 0; i < more.length; i += 2) config.put(more[i], more[i + 1]);
        return config;
    }

    static KafkaProducer<byte[], byte[]> producer(String... more) {
        return new KafkaProducer<>(config(more), new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** Every codec with every acks; idempotent with acks=all. */
    static int produce() throws Exception {
        int sent = 0;
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd"))
            for (String acks : List.of("0", "1", "all"))
                try (var producer = producer("compression.type", codec, "acks", acks, "enable.idempotence", "" + acks.equals("all"), "linger.ms", "10")) {
                    List<Future<RecordMetadata>> answers = new ArrayList<>();
                    for (int i = 0; i < RECORDS; i++, sent++) {
                        var record = new ProducerRecord<>(TOPIC, ("" + i).getBytes(), "value".repeat(20).getBytes());
                        record.headers().add("h", new byte[] {0, (byte) 0xff}).add("h", null);
                        answers.add(producer.send(record));
                    }
                    for (var answer : answers) answer.get();
                }
        return sent;
    }

    /** A group of one reads everything, commits and leaves. */
    static void consume(String group, int total, String... more) {
        var config = config(more);
        config.putAll(Map.of("group.id", group, "auto.offset.reset", "earliest", "enable.auto.commit", "false"));
        try (var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(TOPIC));
            long[] next = new long[PARTITIONS];
            for (int read = 0; read < total; ) {
                for (var record : consumer.poll(Duration.ofSeconds(60))) {
                    check(record.offset() == next[record.partition()]++, "offset " + record);
                    check(record.headers().toArray().length == 2 && record.headers().lastHeader("h").value() == null, "headers " + record);
                    read++;
                }
            }
            consumer.commitSync();
            var first = new TopicPartition(TOPIC, 0);
            check(consumer.offsetsForTimes(Map.of(first, 1000L)).get(first).offset() == 0, "offset by time");
        }
    }

    static void groups(Admin admin, int total) throws Exception {
        check(admin.listConsumerGroups().all().get().stream().anyMatch(g -> g.groupId().equals("eager")), "the group is listed");
        check(admin.describeConsumerGroups(List.of("eager")).all().get().get("eager").members().isEmpty(), "the group is empty");
        long sum = admin.listConsumerGroupOffsets("eager").partitionsToOffsetAndMetadata().get().values().stream().mapToLong(OffsetAndMetadata::offset).sum();
        check(sum == total, "committed " + sum + " of " + total);
        admin.deleteConsumerGroups(List.of("eager")).all().get();
    }

    static void topics(Admin admin) throws Exception {
        var topic = new ConfigResource(ConfigResource.Type.TOPIC, TOPIC);
        admin.incrementalAlterConfigs(Map.of(topic, List.of(new AlterConfigOp(new ConfigEntry("retention.ms", "777"), AlterConfigOp.OpType.SET)))).all().get();
        check(admin.describeConfigs(List.of(topic)).all().get().get(topic).get("retention.ms").value().equals("777"), "the config is altered");
        admin.createPartitions(Map.of(TOPIC, NewPartitions.increaseTo(PARTITIONS + 2))).all().get();
        var first = new TopicPartition(TOPIC, 0);
        check(admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(5))).lowWatermarks().get(first).get().lowWatermark() == 5, "records are deleted");
        check(admin.listOffsets(Map.of(first, OffsetSpec.earliest())).all().get().get(first).offset() == 5, "the log starts behind them");
        check(admin.describeCluster().nodes().get().size() == 1, "one broker");
    }

    static void refusals(Admin admin) throws Exception {
        try (var producer = producer("transactional.id", "tx")) {
            producer.initTransactions();
            check(false, "a transaction began");
        } catch (TransactionalIdAuthorizationException e) {
            // clear, and final
        }
        try (var producer = producer("max.request.size", "3000000")) {
            producer.send(new ProducerRecord<>(TOPIC, new byte[2_000_000])).get();
            check(false, "a record of 2 MB was taken");
        } catch (ExecutionException e) {
            check(e.getCause() instanceof RecordTooLargeException, "" + e.getCause());
        }
        try {
            admin.listOffsets(Map.of(new TopicPartition("unknown", 0), OffsetSpec.latest())).all().get();
            check(false, "an unknown topic was described");
        } catch (ExecutionException e) {
            check(e.getCause() instanceof UnknownTopicOrPartitionException, "" + e.getCause());
        }
    }

    static void check(boolean holds, String what) {
        if (!holds) throw new KafkaException(what);
    }
}
