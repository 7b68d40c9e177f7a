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
// tags, only its code knows. It is slow, and meant to be called once for each version at the start.
func ShapeOf(key, version int16) *Shape {
	p := &shapeProbe{key: key, version: version}
	req := p.request()
	p.flexible = req.IsFlexible()
	return p.structure(reflect.TypeOf(req).Elem(), func(root reflect.Value) reflect.Value { return root })
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

// structure is the shape of the struct of type t that at finds.
func (p *shapeProbe) structure(t reflect.Type, at accessor) *Shape {
	s := &Shape{flexible: p.flexible, tagged: p.flexible}
	base := p.encode(at, func(reflect.Value) {})
	for i := range t.NumField() {
		if t.Field(i).Name == "Version" || t.Field(i).Type == tagsType {
			continue
		}
		changed := p.encode(at, func(v reflect.Value) { alter(v.Field(i)) })
		if bytes.Equal(base, changed) {
			continue // this version does not have it
		}
		f := shapeField{}
		f.kind, f.size = kindOf(t.Field(i).Type)
		// A string or bytes grow by what alter adds, and by no more unless they are a tag, which also has a key and a size.
		grown := len(changed) - len(base)
		inner := func(root reflect.Value) reflect.Value { return at(root).Field(i) }
		switch {
		case t.Field(i).Type.Kind() == reflect.Struct:
			p.nested(s, t.Field(i).Type, inner, base, changed)
			continue
		case f.kind == shapeArray:
			f.elem = p.element(t.Field(i).Type.Elem(), inner)
		case grown > 0 && f.kind == shapeFixed || grown > 1:
			continue // a tag: tags hold no counts, but for nested structs
		}
		s.fields = append(s.fields, f)
	}
	return s
}

// nested adds a struct within a struct: in line, or as a tag. base and changed are the encodings without it
// and with it.
func (p *shapeProbe) nested(s *Shape, t reflect.Type, at accessor, base, changed []byte) {
	inner := p.structure(t, func(root reflect.Value) reflect.Value {
		v := at(root)
		alter(v) // a tag is there only when it is not at its default
		return v
	})
	if len(changed) == len(base) {
		s.fields = append(s.fields, shapeField{kind: shapeStruct, elem: inner})
		return
	}
	// The bytes part where the number of tags stands; the tag's key follows.
	i := 0
	for base[i] == changed[i] {
		i++
	}
	key, _ := binary.Uvarint(changed[i+1:])
	if s.tags == nil {
		s.tags = make(map[uint32]*Shape)
	}
	s.tags[uint32(key)] = inner
}

// element is the shape of what an array holds.
func (p *shapeProbe) element(t reflect.Type, array accessor) *Shape {
	if t.Kind() != reflect.Struct {
		kind, size := kindOf(t)
		return &Shape{flexible: p.flexible, fields: []shapeField{{kind: kind, size: size}}}
	}
	return p.structure(t, func(root reflect.Value) reflect.Value {
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
		x := "x"
		v.Set(reflect.ValueOf(&x))
	case reflect.Array:
		v.Index(0).SetUint(v.Index(0).Uint() + 1)
	case reflect.Slice:
		v.Set(single(v.Type().Elem()))
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
	case reflect.String, reflect.Pointer:
		return shapeString, 0
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return shapeBytes, 0
		}
		return shapeArray, 0
	}
	return shapeFixed, int(t.Size())
}
