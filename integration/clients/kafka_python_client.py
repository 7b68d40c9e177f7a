"""What a Python program does with kafka-python; exits with an error where the broker at argv[1] does not keep up."""

import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewPartitions, NewTopic

TOPIC = "kafka-python"
PARTITIONS = [TopicPartition(TOPIC, p) for p in range(3)]
RECORDS = 20

admin = KafkaAdminClient(bootstrap_servers=sys.argv[1])
admin.create_topics([NewTopic(TOPIC, len(PARTITIONS), 1)])

total = 0
for codec in (None, "gzip"):
    for acks in (0, 1, "all"):
        producer = KafkaProducer(bootstrap_servers=sys.argv[1], acks=acks, compression_type=codec)
        futures = [producer.send(TOPIC, key=b"%d" % i, value=b"value", headers=[("h", b"\xff")]) for i in range(RECORDS)]
        producer.flush(60)
        for future in futures:
            future.get(60)
        producer.close()
        total += RECORDS

consumer = KafkaConsumer(TOPIC, bootstrap_servers=sys.argv[1], group_id="kafka-python", auto_offset_reset="earliest", enable_auto_commit=False)
for count, record in enumerate(consumer, 1):
    assert record.headers == [("h", b"\xff")] and record.value == b"value", record
    if count == total:
        break
consumer.commit()
assert sum(consumer.committed(p) or 0 for p in PARTITIONS) == total
assert sum(consumer.end_offsets(PARTITIONS).values()) == total
assert set(consumer.beginning_offsets(PARTITIONS).values()) == {0}
assert consumer.offsets_for_times({PARTITIONS[0]: 1000})[PARTITIONS[0]].offset == 0
consumer.close()

admin.create_partitions({TOPIC: NewPartitions(5)})
admin.delete_topics([TOPIC])
