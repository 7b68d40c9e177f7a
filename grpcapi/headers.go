package grpcapi

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"streamhouse/grpcapi/pb"
	"streamhouse/log/record"
)

// toHeaders returns the headers of a record to be stored, nil for none. The ordered list is
// what counts; without one, the map's entries stand by key, so that the same
// request always stores the same bytes. Every entry of the map must be in the
// list: a client that fills both differently did not mean either. The error is a status. The result shares
// the request's memory.
func toHeaders(unordered map[string]string, ordered []*pb.Header) ([]record.Header, error) {
	if len(ordered) == 0 {
		return mapHeaders(unordered), nil
	}
	headers := make([]record.Header, len(ordered))
	for i, h := range ordered {
		headers[i] = record.Header{Key: h.GetKey(), Value: h.GetValue()}
		if h.GetRawKey() != nil {
			headers[i].Key = string(h.GetRawKey())
		}
	}
	if len(unordered) == 0 {
		return headers, nil
	}
	type entry struct{ key, value string }
	listed := make(map[entry]bool, len(headers))
	for _, h := range headers {
		// A map of strings has no null: only a header with a value can be the same.
		if h.Value != nil {
			listed[entry{h.Key, string(h.Value)}] = true
		}
	}
	for key, value := range unordered {
		if !listed[entry{key, value}] {
			return nil, refuse("Contradicting headers: headers has %q, ordered_headers has not with the same value", key)
		}
	}
	return headers, nil
}

// mapHeaders returns the entries of a map as headers, sorted by key.
func mapHeaders(unordered map[string]string) []record.Header {
	if len(unordered) == 0 {
		return nil
	}
	headers := make([]record.Header, 0, len(unordered))
	for _, key := range slices.Sorted(maps.Keys(unordered)) {
		headers = append(headers, record.Header{Key: key, Value: []byte(unordered[key])})
	}
	return headers
}

// setHeaders puts the headers of a stored record into its message: all of them
// in order, and the map with the last one of each key where it fits. So a record that is produced again as it was
// consumed keeps them all.
func setHeaders(r *pb.ConsumedRecord, headers []record.Header) {
	if len(headers) == 0 {
		return
	}
	r.OrderedHeaders = make([]*pb.Header, len(headers))
	r.Headers = make(map[string]string, len(headers))
	// One allocation for all: records are many.
	entries := make([]pb.Header, len(headers))
	for i := range headers {
		h, e := &headers[i], &entries[i]
		r.OrderedHeaders[i] = e
		e.Value = h.Value
		if !utf8.ValidString(h.Key) {
			e.Key, e.RawKey = strings.ToValidUTF8(h.Key, "\uFFFD"), []byte(h.Key)
			continue
		}
		e.Key = h.Key
		if h.Value != nil && utf8.Valid(h.Value) {
			r.Headers[h.Key] = string(h.Value)
		} else {
			delete(r.Headers, h.Key)
		}
	}
}
