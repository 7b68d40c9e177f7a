package grpcapi

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"streamhouse/grpcapi/pb"
)

// The benchmarks run client, server and engine in one process, over a store in memory.

func BenchmarkProduce(b *testing.B) {
	d := open(b, Options{})
	d.topic(b, "orders", 1, nil)
	req := &pb.ProduceRequest{Topic: "orders", Key: make([]byte, 16), Value: make([]byte, 1024)}
	b.SetBytes(1040)
	b.ReportAllocs()
	b.SetParallelism(50)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := d.Produce(b.Context(), req); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkProduceBatch(b *testing.B) {
	for _, n := range []int{10, 500} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			d := open(b, Options{})
			d.topic(b, "orders", 1, nil)
			req := &pb.ProduceBatchRequest{Topic: "orders"}
			for range n {
				req.Records = append(req.Records, &pb.Record{Key: make([]byte, 16), Value: make([]byte, 1024)})
			}
			b.SetBytes(int64(n) * 1040)
			b.ReportAllocs()
			b.SetParallelism(8)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if _, err := d.ProduceBatch(b.Context(), req); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

func BenchmarkConsume(b *testing.B) {
	for _, headers := range []int{0, 3} {
		b.Run(fmt.Sprintf("headers=%d", headers), func(b *testing.B) {
			d := open(b, Options{})
			d.topic(b, "orders", 1, nil)
			req := &pb.ProduceBatchRequest{Topic: "orders"}
			for range 500 {
				r := &pb.Record{Key: make([]byte, 16), Value: make([]byte, 1024)}
				for h := range headers {
					r.OrderedHeaders = append(r.OrderedHeaders, &pb.Header{Key: fmt.Sprint("header", h), Value: []byte("value")})
				}
				req.Records = append(req.Records, r)
			}
			_, err := d.ProduceBatch(b.Context(), req)
			require.NoError(b, err)
			b.SetBytes(500 * 1040)
			b.ReportAllocs()
			for b.Loop() {
				got, err := d.Consume(b.Context(), &pb.ConsumeRequest{Topic: "orders"})
				if err != nil || len(got.GetRecords()) != 500 {
					b.Fatal(len(got.GetRecords()), err)
				}
			}
		})
	}
}
