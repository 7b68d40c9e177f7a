package grpcapi

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"streamhouse/grpcapi/pb"
)

// TestWire pins what clients in use rely on: names, numbers and types. A line
// that changes breaks them; new lines are fine. -update is no flag on purpose.
func TestWire(t *testing.T) {
	want, err := os.ReadFile("testdata/wire.golden")
	require.NoError(t, err)
	require.Equal(t, string(want), wire(pb.File_streamhouse_proto))
}

// wire writes a proto file's services and messages as text.
func wire(f protoreflect.FileDescriptor) string {
	var b strings.Builder
	for i := range f.Services().Len() {
		s := f.Services().Get(i)
		fmt.Fprintf(&b, "service %s\n", s.FullName())
		for j := range s.Methods().Len() {
			m := s.Methods().Get(j)
			fmt.Fprintf(&b, "  %s %s -> %s\n", m.Name(), m.Input().Name(), m.Output().Name())
		}
	}
	for i := range f.Messages().Len() {
		m := f.Messages().Get(i)
		fmt.Fprintf(&b, "message %s\n", m.FullName())
		for j := range m.Fields().Len() {
			fmt.Fprintf(&b, "  %s\n", field(m.Fields().Get(j)))
		}
	}
	return b.String()
}

func field(f protoreflect.FieldDescriptor) string {
	kind := f.Kind().String()
	if f.Kind() == protoreflect.MessageKind {
		kind = string(f.Message().Name())
	}
	switch {
	case f.IsMap():
		kind = fmt.Sprintf("map<%s,%s>", f.MapKey().Kind(), f.MapValue().Kind())
	case f.IsList():
		kind = "repeated " + kind
	case f.HasOptionalKeyword():
		kind = "optional " + kind
	}
	return fmt.Sprintf("%d %s %s", f.Number(), f.Name(), kind)
}

// TestWireBytes: messages as existing clients write them, who know neither
// optional keys and values nor the ordered headers.
func TestWireBytes(t *testing.T) {
	var produce pb.ProduceRequest
	require.NoError(t, proto.Unmarshal([]byte("\x0a\x01t\x10\x02\x1a\x01k\x22\x01v\x2a\x06\x0a\x01h\x12\x01w"), &produce))
	require.True(t, proto.Equal(&pb.ProduceRequest{
		Topic: "t", Partition: 2, Key: []byte("k"), Value: []byte("v"), Headers: map[string]string{"h": "w"},
	}, &produce))

	var batch pb.ProduceBatchRequest
	require.NoError(t, proto.Unmarshal([]byte("\x0a\x01t\x10\x02\x1a\x06\x0a\x01k\x12\x01v\x22\x01p\x28\x03\x30\x04\x3a\x01x\x40\x01"), &batch))
	require.True(t, proto.Equal(&pb.ProduceBatchRequest{
		Topic: "t", Partition: 2, Records: []*pb.Record{{Key: []byte("k"), Value: []byte("v")}},
		ProducerId: proto.String("p"), ProducerEpoch: proto.Uint32(3), BaseSequence: proto.Int64(4), TransactionId: proto.String("x"), AckMode: 1,
	}, &batch))

	consumed, err := proto.Marshal(&pb.ConsumeResponse{
		Records:       []*pb.ConsumedRecord{{Offset: 1, Timestamp: 2, Key: []byte("k"), Value: []byte("v"), Headers: map[string]string{"h": "w"}}},
		HighWatermark: 9, HasMore: true,
	})
	require.NoError(t, err)
	require.Equal(t, "\x0a\x12\x08\x01\x10\x02\x1a\x01k\x22\x01v\x2a\x06\x0a\x01h\x12\x01w\x10\x09\x18\x01", string(consumed))
}

// TestGenerated: pb is what protoc makes of the proto file.
func TestGenerated(t *testing.T) {
	protoc, err := exec.LookPath("protoc")
	if err != nil {
		t.Skip("protoc is not installed")
	}
	out := filepath.Join(t.TempDir(), "set")
	text, err := exec.CommandContext(t.Context(), protoc, "--descriptor_set_out="+out, "streamhouse.proto").CombinedOutput()
	require.NoError(t, err, "%s", text)
	src, err := os.ReadFile(out)
	require.NoError(t, err)
	var set descriptorpb.FileDescriptorSet
	require.NoError(t, proto.Unmarshal(src, &set))
	require.True(t, proto.Equal(set.GetFile()[0], protodesc.ToFileDescriptorProto(pb.File_streamhouse_proto)), "run go generate ./grpcapi")
}
