package record

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

func BenchmarkAppendBatch(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			records := slices.Repeat([]Record{{Timestamp: 1, Key: make([]byte, 16), Value: make([]byte, 1024)}}, n)
			src, _ := AppendBatch(nil, records, nil)
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := AppendBatch(nil, records, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecodeRecords(b *testing.B) {
	records := slices.Repeat([]Record{{Timestamp: 1, Key: make([]byte, 16), Value: bytes.Repeat([]byte("payload "), 128)}}, 100)
	plain := mustBatch(b, 0, records)
	run := func(name string, src []byte) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			pieces := [][]byte{src}
			for b.Loop() {
				if err := Decode(pieces, 0, func(Record) bool { return true }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("none", plain)
	for name, codec := range codecs {
		run(name, compressed(b, plain, codec))
	}
}

// What the check costs: of a batch of 1 MiB before compression, of records of 1 KiB of which a quarter is random and of 100
// bytes; bytes are those before compression.
func BenchmarkCheckRecords(b *testing.B) {
	random := rand.NewChaCha8([32]byte{})
	for _, size := range []int{1024, 100} {
		var records []Record
		for range 1 << 20 / size {
			value := bytes.Repeat([]byte("payload "), size/8)
			_, _ = random.Read(value[:size/4])
			records = append(records, Record{Timestamp: int64(len(records)), Key: value[:16], Value: value})
		}
		plain := mustBatch(b, 0, records)
		run := func(name string, src Batch) {
			b.Run(fmt.Sprintf("%s/%dB", name, size), func(b *testing.B) {
				b.SetBytes(int64(len(plain)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := src.CheckRecords(AnyTime); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		run("none", plain)
		for _, name := range slices.Sorted(maps.Keys(codecs)) {
			run(name, compressed(b, plain, codecs[name]))
		}
		run("xerial", withPayload(plain, codecSnappy, xerial(plain[HeaderLen:], 32<<10)))
	}
}
