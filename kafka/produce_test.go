package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/log"
	"streamhouse/log/record"
	"streamhouse/objstore"
	"streamhouse/objstore/faulty"
)

func TestProduceVersions(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		id := d.topic("t", 1)
		c := d.dial()
		for version := int16(0); version <= 13; version++ {
			req := produceRequest("t", batchOf(t, nil, "a", "b"))
			req.Version = version
			if version >= 13 {
				req.Topics[0].Topic, req.Topics[0].TopicID = "", id
			}
			p := c.produced(req)
			if version < 3 {
				requireCode(t, kerr.UnsupportedForMessageFormat, p.ErrorCode)
				continue
			}
			requireCode(t, nil, p.ErrorCode)
			require.Equal(t, int64(2*(version-3)), p.BaseOffset)
			require.Equal(t, int64(-1), p.LogAppendTime)
			if version >= 5 {
				require.Zero(t, p.LogStartOffset)
			}
		}
	})
}

func TestProduceRefusals(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		id := d.topic("t", 1, "max.message.bytes", "1000", "message.timestamp.after.max.ms", "3600000")
		c := d.dial()
		name := "tx"
		for what, r := range map[string]struct {
			change func(req *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition)
			want   *kerr.Error
		}{
			"unknown topic": {func(req *kmsg.ProduceRequest, _ *kmsg.ProduceRequestTopicPartition) { req.Topics[0].Topic = "x" }, kerr.UnknownTopicOrPartition},
			"unknown topic id": {func(req *kmsg.ProduceRequest, _ *kmsg.ProduceRequestTopicPartition) {
				req.Version, req.Topics[0].TopicID = 13, log.TopicID{1}
			}, kerr.UnknownTopicID},
			"unknown partition": {func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) { p.Partition = 1 }, kerr.UnknownTopicOrPartition},
			"negative partition": {func(req *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) {
				req.Version, req.Topics[0].TopicID, p.Partition = 13, id, -1
			}, kerr.UnknownTopicOrPartition},
			"no records":    {func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) { p.Records = nil }, kerr.InvalidRecord},
			"empty records": {func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) { p.Records = []byte{} }, kerr.InvalidRecord},
			"cut short": {func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) {
				p.Records = p.Records[:len(p.Records)-1]
			}, kerr.InvalidRecord},
			"wrong checksum": {func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) {
				p.Records[len(p.Records)-1]++
			}, kerr.CorruptMessage},
			"old magic": {func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) { p.Records[16] = 1 }, kerr.InvalidRecord},
			"too large": {func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) {
				p.Records = batchOf(t, nil, string(make([]byte, 1000)))
			}, kerr.MessageTooLarge},
			"from the future": {func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) {
				b, err := record.AppendBatch(nil, []record.Record{{Timestamp: time.Now().Add(2 * time.Hour).UnixMilli()}}, nil)
				require.NoError(t, err)
				p.Records = b
			}, kerr.InvalidTimestamp},
			"acks of 2":     {func(req *kmsg.ProduceRequest, _ *kmsg.ProduceRequestTopicPartition) { req.Acks = 2 }, kerr.InvalidRequiredAcks},
			"a transaction": {func(req *kmsg.ProduceRequest, _ *kmsg.ProduceRequestTopicPartition) { req.TransactionID = &name }, kerr.TransactionalIDAuthorizationFailed},
			"transactional batch": {func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) {
				p.Records[22] |= 0x10
				binary.BigEndian.PutUint32(p.Records[17:], crc32.Checksum(p.Records[21:], crc32.MakeTable(crc32.Castagnoli)))
			}, kerr.TransactionalIDAuthorizationFailed},
			"sequence out of order": {func(_ *kmsg.ProduceRequest, p *kmsg.ProduceRequestTopicPartition) {
				p.Records = batchOf(t, &record.Sequence{ProducerID: 77, Base: 0}, "first")
				requireCode(t, nil, c.produced(produceRequest("t", p.Records)).ErrorCode)
				p.Records = batchOf(t, &record.Sequence{ProducerID: 77, Base: 5}, "fifth")
			}, kerr.OutOfOrderSequenceNumber},
		} {
			req := produceRequest("t", batchOf(t, nil, "v"))
			r.change(req, &req.Topics[0].Partitions[0])
			before := d.log.Stats()
			p := c.produced(req)
			requireCode(t, r.want, p.ErrorCode, what)
			require.Equal(t, int64(-1), p.BaseOffset, what)
			require.NotEmpty(t, p.ErrorMessage, "%s: the answer says what is wrong", what)
			require.Equal(t, before.TailBytes, d.log.Stats().TailBytes, "%s: nothing of it is stored", what)
		}
	})
}

// What is wrong with one partition is no matter to its neighbours.
func TestProduceNeighboursGoOn(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 3)
		req := produceRequest("t", batchOf(t, nil, "zero"))
		broken := batchOf(t, nil, "one")
		broken[len(broken)-1]++
		req.Topics[0].Partitions = append(req.Topics[0].Partitions, producePartition(1, broken), producePartition(2, batchOf(t, nil, "two")), producePartition(9, batchOf(t, nil, "nine")))
		resp := ask[*kmsg.ProduceResponse](d.dial(), req)
		for i, want := range []*kerr.Error{nil, kerr.CorruptMessage, nil, kerr.UnknownTopicOrPartition} {
			requireCode(t, want, resp.Topics[0].Partitions[i].ErrorCode)
		}
		require.Equal(t, int32(9), resp.Topics[0].Partitions[3].Partition)
	})
}

func TestProduceRetryGetsTheOriginalOffset(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		requireCode(t, nil, c.produced(produceRequest("t", batchOf(t, nil, "before"))).ErrorCode)
		for range 3 {
			p := c.produced(produceRequest("t", batchOf(t, &record.Sequence{ProducerID: 5}, "once")))
			requireCode(t, nil, p.ErrorCode)
			require.Equal(t, int64(1), p.BaseOffset)
		}
		require.Equal(t, []string{"before", "once"}, valuesOf(t, c.fetched(fetchRequest("t", 0)).RecordBatches, 0))
		p := c.produced(produceRequest("t", batchOf(t, &record.Sequence{ProducerID: 5, ProducerEpoch: 1}, "newer epoch")))
		requireCode(t, nil, p.ErrorCode)
		p = c.produced(produceRequest("t", batchOf(t, &record.Sequence{ProducerID: 5, Base: 1}, "zombie")))
		requireCode(t, kerr.InvalidProducerEpoch, p.ErrorCode)
	})
}

// One batch comes at a time; what is cut off behind it is left out, and is not stored either.
func TestProduceSeveralBatchesForOnePartition(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		requireCode(t, kerr.InvalidRecord, c.produced(produceRequest("t", append(batchOf(t, nil, "a", "b"), batchOf(t, nil, "c")...))).ErrorCode)
		requireCode(t, nil, c.produced(produceRequest("t", append(batchOf(t, nil, "d"), batchOf(t, nil, "e")[:50]...))).ErrorCode)
		p := c.fetched(fetchRequest("t", 0))
		require.Equal(t, batchOf(t, nil, "d")[16:27], p.RecordBatches[16:27])
		require.Equal(t, []string{"d"}, valuesOf(t, p.RecordBatches, 0))
		require.Equal(t, int64(1), p.HighWatermark)
	})
}

// A refusal for timestamps names the records, and no more of them than fit into an answer.
func TestProduceErrorRecords(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		now := time.Now().UnixMilli()
		send := func(version int16, offsets ...time.Duration) kmsg.ProduceResponseTopicPartition {
			var records []record.Record
			for _, o := range offsets {
				records = append(records, record.Record{Timestamp: now + o.Milliseconds()})
			}
			b, err := record.AppendBatch(nil, records, nil)
			require.NoError(t, err)
			req := produceRequest("t", b)
			req.Version = version
			p := c.produced(req)
			requireCode(t, kerr.InvalidTimestamp, p.ErrorCode)
			return p
		}
		p := send(8, 0, 2*time.Hour, 0, 3*time.Hour)
		require.Len(t, p.ErrorRecords, 2)
		for i, index := range []int32{1, 3} {
			require.Equal(t, index, p.ErrorRecords[i].RelativeOffset)
			require.Contains(t, *p.ErrorRecords[i].ErrorMessage, "is not within")
		}
		require.Contains(t, *p.ErrorMessage, "message.timestamp")
		require.Zero(t, p.LogStartOffset)
		require.Empty(t, send(7, 2*time.Hour).ErrorRecords)
		require.Len(t, send(8, slices.Repeat([]time.Duration{2 * time.Hour}, 5000)...).ErrorRecords, 100)
	})
}

// zstd begins with version 7, the others have been there always.
func TestProduceCodecOfTheVersion(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		for version := int16(3); version <= 12; version++ {
			for codec, compression := range []kgo.CompressionCodec{kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()} {
				plain := batchOf(t, nil, "v")
				compressor, err := kgo.DefaultCompressor(compression)
				require.NoError(t, err)
				b := plain
				if compressor != nil {
					out, _ := compressor.Compress(new(bytes.Buffer), plain[record.HeaderLen:])
					b = append(plain[:record.HeaderLen:record.HeaderLen], out...)
				}
				binary.BigEndian.PutUint32(b[8:], uint32(len(b)-12))
				binary.BigEndian.PutUint16(b[21:], uint16(codec))
				binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
				req := produceRequest("t", b)
				req.Version = version
				var want *kerr.Error
				if codec == record.CodecZstd && version < 7 {
					want = kerr.UnsupportedCompressionType
				}
				requireCode(t, want, c.produced(req).ErrorCode)
			}
		}
	})
}

// A batch that was there already is answered with the time of its records, as by Kafka.
func TestProduceDuplicateSaysItsTime(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		c := d.dial()
		b := batchOf(t, &record.Sequence{ProducerID: 5}, "once")
		require.Equal(t, int64(-1), c.produced(produceRequest("t", slices.Clone(b))).LogAppendTime)
		require.Equal(t, record.Batch(b).MaxTimestamp(), c.produced(produceRequest("t", b)).LogAppendTime)
	})
}

func TestProduceWithLogAppendTime(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1, "message.timestamp.type", "LogAppendTime")
		records := batchOf(t, nil, "v")
		time.Sleep(time.Hour)
		p := d.dial().produced(produceRequest("t", records))
		requireCode(t, nil, p.ErrorCode)
		require.Equal(t, time.Now().UnixMilli(), p.LogAppendTime)
	})
}

// No answer comes before the PUT: when the client's time is up it is told to try again, and the batch
// may still come to be.
func TestProduceWhileTheStoreIsAway(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		d.store.Break(faulty.Fault{Ops: objstore.OpPut, Do: faulty.FailBefore(errors.New("away"))})
		began := time.Now()
		c := d.dial()
		p := c.produced(produceRequest("t", batchOf(t, nil, "patience")))
		requireCode(t, kerr.RequestTimedOut, p.ErrorCode)
		require.Equal(t, 10*time.Second, time.Since(began))
		d.store.Mend()
		poll := fetchRequest("t", 0)
		poll.MaxWaitMillis = 10_000
		require.Equal(t, []string{"patience"}, valuesOf(t, c.fetched(poll).RecordBatches, 0))
	})
}

// The frame is the batch's memory: nothing is allocated for each record.
func TestProduceAllocationsDoNotGrowWithTheRecords(t *testing.T) {
	inDoor(t, nil, func(d *door) {
		d.topic("t", 1)
		caller := &client{id: "test"}
		allocations := func(records int) float64 {
			batch := batchOf(t, nil, make([]string, records)...)
			return testing.AllocsPerRun(20, func() {
				req := produceRequest("t", append([]byte(nil), batch...))
				requireCode(t, nil, d.s.produce(d.Context(), caller, req)().Topics[0].Partitions[0].ErrorCode)
			})
		}
		one, thousand := allocations(1), allocations(1000)
		require.Less(t, thousand, one+50)
	})
}
