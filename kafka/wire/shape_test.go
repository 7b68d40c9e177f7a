package wire

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// versioned is one version of a request.
type versioned struct {
	key, version int16
	shape        *Shape
}

func (v versioned) request() kmsg.Request {
	req := kmsg.RequestForKey(v.key)
	req.SetVersion(v.version)
	return req
}

// tableVersions are the requests and versions of the request table, as its golden file has them.
func tableVersions(t testing.TB) (all []versioned) {
	t.Helper()
	table, err := os.ReadFile("../testdata/table.golden")
	require.NoError(t, err)
	for line := range strings.Lines(string(table)) {
		var key, low, high int16
		var name string
		_, err := fmt.Sscanf(line, "%d %s %d-%d", &key, &name, &low, &high)
		require.NoError(t, err, "%q", line)
		for version := low; version <= high; version++ {
			all = append(all, versioned{key, version, ShapeOf(key, version)})
		}
	}
	require.Greater(t, len(all), 100)
	return all
}

func eachVersion(t *testing.T, f func(t *testing.T, v versioned)) {
	for _, v := range tableVersions(t) {
		t.Run(fmt.Sprintf("%s/%d", kmsg.NameForKey(v.key), v.version), func(t *testing.T) { f(t, v) })
	}
}

// randomize gives every field below v a random value.
func randomize(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(r.Uint64()))
	case reflect.Uint16, reflect.Uint32:
		v.SetUint(r.Uint64() & 0xffff)
	case reflect.Float64:
		v.SetFloat(r.Float64())
	case reflect.String:
		v.SetString(string(make([]byte, r.IntN(200))))
	case reflect.Pointer:
		if r.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			randomize(r, v.Elem())
		}
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(r.IntN(256)))
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes(make([]byte, r.IntN(200)))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(4), 4))
		for i := range v.Len() {
			randomize(r, v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == tagsType {
			tags := v.Addr().Interface().(*kmsg.Tags)
			for range r.IntN(3) {
				tags.Set(100+uint32(r.IntN(1000)), make([]byte, r.IntN(20)))
			}
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "Version" {
				randomize(r, v.Field(i))
			}
		}
	}
}

// everyVersion are all requests that kmsg knows, also those that are not in the table: their structures are of all kinds.
func everyVersion(t *testing.T, f func(t *testing.T, v versioned)) {
	known := 0
	for key := range int16(200) {
		req := kmsg.RequestForKey(key)
		if req == nil {
			continue
		}
		known++
		for version := range req.MaxVersion() + 1 {
			t.Run(fmt.Sprintf("%s/%d", kmsg.NameForKey(key), version), func(t *testing.T) { f(t, versioned{key, version, ShapeOf(key, version)}) })
		}
	}
	require.Greater(t, known, 80)
}

// TestShapesFit: the shapes take what kmsg writes, to the last byte, and reject all that is cut short.
func TestShapesFit(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	everyVersion(t, func(t *testing.T, v versioned) {
		for range 30 {
			req := v.request()
			randomize(random, reflect.ValueOf(req).Elem())
			src := req.AppendTo(nil)
			w := shapeWalk{src: src, flexible: req.IsFlexible()}
			w.walk(v.shape)
			require.False(t, w.bad)
			require.Empty(t, w.src, "not read to the end")
			require.NoError(t, v.request().ReadFrom(src))
			for range 10 {
				if len(src) > 0 {
					require.ErrorIs(t, v.shape.Check(src[:random.IntN(len(src))]), ErrMalformed)
				}
			}
		}
	})
}

// TestShapesProtectTheDecoder: after any damage that the shape lets pass, decoding is
// quick and takes little memory.
func TestShapesProtectTheDecoder(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	passed := 0
	began := time.Now()
	everyVersion(t, func(t *testing.T, v versioned) {
		for range 30 {
			req := v.request()
			randomize(random, reflect.ValueOf(req).Elem())
			src := req.AppendTo(nil)
			for range 1 + random.IntN(3) {
				if len(src) > 0 {
					src[random.IntN(len(src))] = byte(random.Uint32() | random.Uint32()) // large lengths, often
				}
			}
			if v.shape.Check(src) != nil {
				continue
			}
			passed++
			grown := allocated(func() { _ = req.ReadFrom(src) })
			require.Less(t, grown, uint64(64*len(src)+1<<16))
		}
	})
	require.Positive(t, passed)
	require.Less(t, time.Since(began), 10*time.Minute, "a tag count was believed")
}

func TestShapesRefuseBombs(t *testing.T) {
	tags := []byte{0xff, 0xff, 0xff, 0xff, 0x0f} // 2^32-1 of them
	state := append([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, tags...)
	for name, c := range map[string]struct {
		key     kmsg.Key
		version int16
		src     []byte
	}{
		"topics":                   {kmsg.Metadata, 1, append([]byte{0x06, 0, 0, 0}, make([]byte, 100<<20)...)},
		"compact topics":           {kmsg.Metadata, 9, append(tags, make([]byte, 1<<20)...)},
		"tags":                     {kmsg.Metadata, 9, append([]byte{1, 0, 0, 0}, tags...)},
		"tags in what may be null": {kmsg.DescribeTopicPartitions, 0, append([]byte{1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0}, tags...)},
		"tags in a tag":            {kmsg.Fetch, 18, append(append(fetchHead(), 1, 1, byte(len(state)-1)), state[1:]...)},
	} {
		t.Run(name, func(t *testing.T) {
			v := versioned{int16(c.key), c.version, ShapeOf(int16(c.key), c.version)}
			require.ErrorIs(t, v.shape.Check(c.src), ErrMalformed)
			require.ErrorIs(t, DecodeRequest(v.request(), v.shape, append([]byte{0}, c.src...)), ErrMalformed)
		})
	}
}

// fetchHead is a Fetch of version 18 without topics, up to its tags.
func fetchHead() []byte {
	req := kmsg.NewPtrFetchRequest()
	req.Version = 18
	src := req.AppendTo(nil)
	return src[:len(src)-1]
}

// allocated returns the bytes that f allocates, with a little that others do.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
