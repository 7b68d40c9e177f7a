package faultproxy

import (
	"net/http"
	"strings"
	"time"
)

// Kind is what a request does to the store.
type Kind string

// The kinds of requests.
const (
	Put    Kind = "PUT" // an object, or a part of one
	Get    Kind = "GET" // an object, or a range of one
	List   Kind = "LIST"
	Delete Kind = "DELETE"
	Other  Kind = "OTHER" // a look at the bucket, HEAD …
)

// Request is one request of the broker to the store. What the S3 client tries again is another one.
type Request struct {
	Kind Kind
	Key  string // of the object, without the bucket; the prefix for a List
	N    int    // how many of its kind came before it
}

// Action is what becomes of a request. The zero value lets it through.
type Action struct {
	Delay time.Duration // before anything else
	Fate  Fate
}

// Fate is how a request ends.
type Fate int

// The fates. Hang lasts until the fault is changed or the client gives up;
// then the request goes through.
const (
	Pass      Fate = iota
	SlowDown       // 503 SlowDown; the store never sees it
	Fail           // 500 InternalError; the store never sees it
	Deny           // 403 AccessDenied; the store never sees it
	Cut            // the connection is cut; the store never sees it
	Hang           // nothing happens, and nothing is answered
	FailAfter      // 500, though the store has carried it out
	CutAfter       // the connection is cut, though the store has carried it out
)

// Fault chooses what becomes of each request. It may be called concurrently, and may itself wait: it is called without a lock.
type Fault func(Request) Action

// classify reads a request as S3's REST API has it, with the bucket in the path.
func classify(r *http.Request) Request {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodPut && key != "":
		return Request{Kind: Put, Key: key}
	case r.Method == http.MethodGet && key != "":
		return Request{Kind: Get, Key: key}
	case r.Method == http.MethodGet && query.Has("list-type"):
		return Request{Kind: List, Key: query.Get("prefix")}
	case r.Method == http.MethodDelete, r.Method == http.MethodPost && query.Has("delete"):
		return Request{Kind: Delete, Key: key}
	}
	return Request{Kind: Other, Key: key}
}
