"""What a Python program does with librdkafka; exits with an error where the broker at argv[1] does not keep up."""

import sys
import time

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)

TOPIC = "librdkafka"
PARTITIONS = 3
RECORDS = 50
HEADERS = [("h", b"\x00\xff"), ("h", b"again"), ("null", None)]

server = {"bootstrap.servers": sys.argv[1]}
admin = AdminClient(server)


def done(futures):
    """The results of an administrator's request."""
    return {key: future.result() for key, future in futures.items()}


def produce():
    """Every codec with every acks; idempotent with acks=all. Returns how many records."""
    sent = 0
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        for acks in ("0", "1", "all"):
            failed = []
            producer = Producer(server | {"compression.type": codec, "acks": acks, "linger.ms": 10, "enable.idempotence": acks == "all"})
            for i in range(RECORDS):
                producer.produce(TOPIC, key=b"%d" % i, value=b"value " * 20, headers=HEADERS, on_delivery=lambda err, _: failed.append(err) if err else None)
            assert producer.flush(60) == 0 and not failed, (codec, acks, failed)
            sent += RECORDS
    producer.produce(TOPIC, key=b"null", value=None)
    assert producer.flush(60) == 0
    return sent + 1


def consume(group, count, **config):
    """A group of one reads all that is new to it, commits and leaves."""
    consumer = Consumer(server | {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False} | config)
    consumer.subscribe([TOPIC])
    records = []
    while len(records) < count:
        record = consumer.poll(60)
        assert record is not None and not record.error(), record
        records.append(record)
    consumer.commit(asynchronous=False)
    committed = consumer.committed([TopicPartition(TOPIC, p) for p in range(PARTITIONS)])
    assert sum(max(c.offset, 0) for c in committed) == count, committed
    consumer.close()
    return records


def check_records(records):
    assert sum(r.value() is None for r in records) == 1
    assert all(r.headers() == HEADERS for r in records if r.value() is not None)
    for p in range(PARTITIONS):
        offsets = [r.offset() for r in records if r.partition() == p]
        assert offsets == list(range(len(offsets))), offsets


def positions(count):
    ends = done(admin.list_offsets({TopicPartition(TOPIC, p): OffsetSpec.latest() for p in range(PARTITIONS)}))
    assert sum(e.offset for e in ends.values()) == count
    assert done(admin.list_offsets({TopicPartition(TOPIC, 0): OffsetSpec.max_timestamp()}))
    consumer = Consumer(server | {"group.id": "positions", "auto.offset.reset": "error"})
    [at] = consumer.offsets_for_times([TopicPartition(TOPIC, 0, int(time.time() * 1000) - 3_600_000)])
    assert at.offset == 0, at
    consumer.assign([TopicPartition(TOPIC, 0, 1_000_000)])
    error = consumer.poll(60).error()
    assert error.code() == KafkaError._AUTO_OFFSET_RESET, error
    consumer.close()


def groups(name):
    assert name in [g.group_id for g in admin.list_consumer_groups().result().valid]
    assert done(admin.describe_consumer_groups([name]))[name].state.name == "EMPTY"
    offsets = done(admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(name)]))[name]
    assert len(offsets.topic_partitions) == PARTITIONS
    done(admin.delete_consumer_groups([name]))


def topics():
    topic = ConfigResource(ConfigResource.Type.TOPIC, TOPIC)
    change = ConfigResource(ConfigResource.Type.TOPIC, TOPIC, incremental_configs=[ConfigEntry("retention.ms", "5000000", incremental_operation=AlterConfigOpType.SET)])
    done(admin.incremental_alter_configs([change]))
    assert done(admin.describe_configs([topic]))[topic]["retention.ms"].value == "5000000"
    done(admin.create_partitions([NewPartitions(TOPIC, PARTITIONS + 2)]))
    assert done(admin.delete_records([TopicPartition(TOPIC, 0, 10)]))[TopicPartition(TOPIC, 0)].low_watermark == 10


def refusals():
    try:
        Producer(server | {"transactional.id": "tx"}).init_transactions(30)
        raise AssertionError("a transaction began")
    except KafkaException as e:
        assert e.args[0].fatal(), e
    errors = []
    producer = Producer(server | {"message.max.bytes": 3_000_000})
    producer.produce(TOPIC, b"x" * 2_000_000, on_delivery=lambda err, _: errors.append(err))
    producer.flush(60)
    assert errors[0].code() == KafkaError.MSG_SIZE_TOO_LARGE, errors


done(admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1, config={"retention.ms": "1000000"})]))
total = produce()
check_records(consume("eager", total, **{"partition.assignment.strategy": "range"}))
consume("cooperative", total, **{"partition.assignment.strategy": "cooperative-sticky"})
consume("static", total, **{"group.instance.id": "me"})
positions(total)
groups("eager")
topics()
refusals()
done(admin.delete_topics([TOPIC]))
