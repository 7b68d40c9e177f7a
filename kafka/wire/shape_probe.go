package wire

import (
	"bytes"
	"encoding/binary"
	"reflect"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// ShapeOf derives the shape of a request from its encoder: it changes one field
// after the other and looks what becomes of the bytes. kmsg's structs have their
// fields in the order of the wire; which of them a version has, and which are
// tags, only its code knows.
//
// It panics where kmsg has no such request.
func ShapeOf(key, version int16) *Shape {
	p := &shapeProbe{key: key, version: version}
	req := p.request()
	p.flexible = req.IsFlexible()
	return p.structure(reflect.TypeOf(req).Elem(), 0, func(root reflect.Value) reflect.Value { return root })
}

// shapeProbe is the request that is probed, by key and version.
type shapeProbe struct {
	key, version int16
	flexible     bool
}

// accessor finds the struct that is probed in a fresh request, making the arrays on its way.
type accessor func(root reflect.Value) reflect.Value

// request is a fresh one, of which nothing but the version is set.
func (p *shapeProbe) request() kmsg.Request {
	req := kmsg.RequestForKey(p.key)
	req.SetVersion(p.version)
	return req
}

// encode encodes a request in which one struct was changed.
func (p *shapeProbe) encode(at accessor, change func(reflect.Value)) []byte {
	req := p.request()
	change(at(reflect.ValueOf(req).Elem()))
	return req.AppendTo(nil)
}

var tagsType = reflect.TypeFor[kmsg.Tags]()

// structure is the shape of a struct. What is encoded before from may change with it: the size of a tag that it stands in.
func (p *shapeProbe) structure(t reflect.Type, from int, at accessor) *Shape {
	s := &Shape{flexible: p.flexible, tagged: p.flexible}
	base := p.encode(at, func(reflect.Value) {})
	tagsAt := p.tagsAt(base, from, at)
	for i := range t.NumField() {
		if t.Field(i).Name == "Version" || t.Field(i).Type == tagsType {
			continue
		}
		changed := p.encode(at, func(v reflect.Value) { alter(v.Field(i)) })
		if bytes.Equal(base, changed) {
			continue // this version does not have it
		}
		within := func(root reflect.Value) reflect.Value { return at(root).Field(i) }
		if differ(base, changed, from) != tagsAt {
			s.fields = append(s.fields, p.field(t.Field(i).Type, from, within))
			continue
		}
		// The bytes part where the number of tags stands; the tag's key and size follow.
		key, n := binary.Uvarint(changed[tagsAt+1:])
		p.tag(s, uint32(key), p.field(t.Field(i).Type, tagsAt+1+n+1, within))
	}
	return s
}

// tagsAt returns where the number of a struct's tags stands, -1 where it has none.
func (p *shapeProbe) tagsAt(base []byte, from int, at accessor) int {
	if !p.flexible {
		return -1
	}
	return differ(base, p.encode(at, func(v reflect.Value) {
		v.FieldByName("UnknownTags").Addr().Interface().(*kmsg.Tags).Set(1<<20, nil)
	}), from)
}

// differ returns the first place from one on where two encodings differ.
func differ(a, b []byte, from int) int {
	for a[from] == b[from] {
		from++
	}
	return from
}

// tag adds a tag. Those that hold no counts need no check: they are read within their size.
func (p *shapeProbe) tag(s *Shape, key uint32, f shapeField) {
	if f.elem == nil {
		return
	}
	if s.tags == nil {
		s.tags = make(map[uint32]*Shape)
	}
	s.tags[key] = &Shape{flexible: true, fields: []shapeField{f}}
}

// field is the shape of a field, in line or in a tag.
func (p *shapeProbe) field(t reflect.Type, from int, at accessor) (f shapeField) {
	f.kind, f.size = kindOf(t)
	switch f.kind {
	case shapeArray:
		f.elem = p.element(t.Elem(), from, at)
	case shapeStruct:
		f.elem = p.structure(t, from, func(root reflect.Value) reflect.Value {
			v := at(root)
			alter(v) // a tag is there only when it is not at its default
			return v
		})
	case shapeNullable:
		f.elem = p.structure(t.Elem(), from, func(root reflect.Value) reflect.Value {
			v := at(root)
			if v.IsNil() {
				alter(v)
			}
			return v.Elem()
		})
	}
	return f
}

// element is the shape of what an array holds.
func (p *shapeProbe) element(t reflect.Type, from int, array accessor) *Shape {
	if t.Kind() != reflect.Struct {
		kind, size := kindOf(t)
		return &Shape{flexible: p.flexible, fields: []shapeField{{kind: kind, size: size}}}
	}
	return p.structure(t, from, func(root reflect.Value) reflect.Value {
		v := array(root)
		if v.Len() == 0 {
			v.Set(single(t))
		}
		return v.Index(0)
	})
}

// alter gives a field another value, a third one when it is called again. A string or a pointer to one grows by
// a byte, an array gets one element. Kinds that kmsg has no fields of are left as they are.
func alter(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Uint16, reflect.Uint32:
		v.SetUint(v.Uint() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if v.Elem().Kind() == reflect.String {
			v.Elem().SetString("x")
		}
	case reflect.Array:
		v.Index(0).SetUint(v.Index(0).Uint() + 1)
	case reflect.Slice:
		v.Set(reflect.AppendSlice(v, single(v.Type().Elem())))
	case reflect.Struct:
		alter(v.Field(0))
	}
}

// single is an array of one element at its default, which kmsg tells by a method where it is not zero.
func single(t reflect.Type) reflect.Value {
	v := reflect.MakeSlice(reflect.SliceOf(t), 1, 1)
	if d, ok := v.Index(0).Addr().Interface().(interface{ Default() }); ok {
		d.Default()
	}
	return v
}

// kindOf returns the kind of a Go type in kmsg, and of a fixed one the bytes on the wire, which are those in memory.
func kindOf(t reflect.Type) (shapeKind, int) {
	switch t.Kind() {
	case reflect.Pointer:
		if t.Elem().Kind() == reflect.Struct {
			return shapeNullable, 0
		}
		return shapeString, 0
	case reflect.String:
		return shapeString, 0
	case reflect.Struct:
		return shapeStruct, 0
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return shapeBytes, 0
		}
		return shapeArray, 0
	}
	return shapeFixed, int(t.Size())
}
