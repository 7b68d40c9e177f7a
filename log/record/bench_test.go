package record

import (
	"bytes"
	"fmt"
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
