package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func main() {
	var r recorder
	flag.StringVar(&r.listen, "listen", "localhost:9192", "address that the client connects to")
	flag.StringVar(&r.broker, "broker", "localhost:9092", "address of the broker")
	flag.StringVar(&r.client, "client", "", "name of the client, with its version")
	flag.StringVar(&r.out, "out", "", "folder that the batches are written to")
	flag.Parse()
	slog.Error("nothing more is recorded", "error", r.run())
	os.Exit(1)
}

// recorder passes connections on to a broker and writes down what is produced through them.
type recorder struct {
	listen, broker, client, out string

	mu     sync.Mutex
	counts [len(codecs)]int // batches by codec
}

// run records until it cannot go on.
func (r *recorder) run() error {
	if r.client == "" || r.out == "" {
		return fmt.Errorf("name the client and the folder: -client NAME -out FOLDER")
	}
	listener, err := net.Listen("tcp", r.listen)
	if err != nil {
		return err
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			if err := r.pass(client); err != nil {
				slog.Warn("a connection ended", "error", err)
			}
		}()
	}
}

// pass passes one connection on until either side closes it.
func (r *recorder) pass(client net.Conn) error {
	defer client.Close()
	broker, err := net.Dial("tcp", r.broker)
	if err != nil {
		return err
	}
	defer broker.Close()
	answers := make(chan error, 1)
	go func() {
		_, err := io.Copy(client, broker)
		client.Close()
		answers <- err
	}()
	for err == nil {
		err = r.request(client, broker)
	}
	broker.Close()
	<-answers // it was closed
	if err == io.EOF {
		return nil
	}
	return err
}

// request passes one request on.
func (r *recorder) request(client io.Reader, broker io.Writer) error {
	var size [4]byte
	if _, err := io.ReadFull(client, size[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 10 || n > 100<<20 {
		return fmt.Errorf("a request of %d bytes", n)
	}
	frame := make([]byte, n)
	if _, err := io.ReadFull(client, frame); err != nil {
		return err
	}
	if key := binary.BigEndian.Uint16(frame); key == uint16(kmsg.Produce) {
		if err := r.produce(frame); err != nil {
			return err
		}
	}
	_, err := broker.Write(append(size[:], frame...))
	return err
}

// produce writes the batches of a Produce down. Its header is api key, version, correlation id, client id and, from version 9
// on, tags, of which clients send none.
func (r *recorder) produce(frame []byte) error {
	req := kmsg.NewPtrProduceRequest()
	req.Version = int16(binary.BigEndian.Uint16(frame[2:]))
	at := 10
	if n := int16(binary.BigEndian.Uint16(frame[8:])); n > 0 {
		at += int(n)
	}
	if req.IsFlexible() {
		at++
	}
	if at > len(frame) {
		return fmt.Errorf("a Produce of %d bytes", len(frame))
	}
	if err := req.ReadFrom(frame[at:]); err != nil {
		return fmt.Errorf("a Produce of version %d: %w", req.Version, err)
	}
	for _, t := range req.Topics {
		for _, p := range t.Partitions {
			if err := r.write(p.Records); err != nil {
				return err
			}
		}
	}
	return nil
}

// codecs are the names of the codecs that a batch can have.
var codecs = [8]string{"none", "gzip", "snappy", "lz4", "zstd", "5", "6", "7"}

func (r *recorder) write(records []byte) error {
	if len(records) < 61 {
		return fmt.Errorf("%d bytes of records", len(records))
	}
	codec := records[22] & 7 // the low byte of the attributes
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[codec]++
	name := fmt.Sprintf("%s-%s-%d.batch", r.client, codecs[codec], r.counts[codec])
	return os.WriteFile(filepath.Join(r.out, name), records, 0o644)
}
