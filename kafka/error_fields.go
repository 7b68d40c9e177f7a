package kafka

import (
	"reflect"

	"streamhouse/kafka/wire"
)

// errorFields knows where the error codes of a kind of answer stand, so that no request has to tell of its own errors. It is made
// once for each and never changed; nil has none.
type errorFields struct {
	code     int // index of the struct's own code, or -1
	children []errorChild
}

// errorChild is a field whose elements have error codes.
type errorChild struct {
	field int // a slice of structs
	in    *errorFields
}

// errorFieldsOf returns nil where a struct has no error code anywhere. t is a struct; kmsg's are not recursive.
func errorFieldsOf(t reflect.Type) *errorFields {
	f := &errorFields{code: -1}
	for i := range t.NumField() {
		field := t.Field(i)
		switch {
		case field.Name == "ErrorCode" && field.Type.Kind() == reflect.Int16:
			f.code = i
		case field.Type.Kind() == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct:
			if in := errorFieldsOf(field.Type.Elem()); in != nil {
				f.children = append(f.children, errorChild{i, in})
			}
		}
	}
	if f.code < 0 && len(f.children) == 0 {
		return nil
	}
	return f
}

// first returns the first error code of an answer that is not 0, else 0. The order is that of the fields, an answer's own code first.
func (f *errorFields) first(resp wire.Response) int16 {
	if f == nil {
		return 0
	}
	return f.firstIn(reflect.ValueOf(resp).Elem())
}

func (f *errorFields) firstIn(v reflect.Value) int16 {
	if f.code >= 0 {
		if code := int16(v.Field(f.code).Int()); code != 0 {
			return code
		}
	}
	for _, c := range f.children {
		slice := v.Field(c.field)
		for i := range slice.Len() {
			if code := c.in.firstIn(slice.Index(i)); code != 0 {
				return code
			}
		}
	}
	return 0
}
