// Package faultproxy stands between a broker and an S3 server: it counts the
// requests and makes chosen ones go wrong, each in a way that a real store has.
package faultproxy

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy is a running proxy. All methods may be called concurrently.
type Proxy struct {
	server   *http.Server
	addr     string
	forward  *httputil.ReverseProxy
	careless atomic.Bool // see IgnoreConditions

	mu     sync.Mutex
	fault  Fault
	lifted chan struct{} // closed when the fault is changed
	counts map[Kind]int
	keys   []Request
}

// Start runs a proxy in front of the S3 server at target, a URL, on a port of its own. The caller closes it. The server
// need not be there: while it is not, connections are cut.
func Start(target string) (*Proxy, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{addr: listener.Addr().String(), lifted: make(chan struct{}), counts: make(map[Kind]int)}
	p.forward = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u)
			r.Out.Host = r.In.Host // the signature covers it
		},
		ModifyResponse: func(r *http.Response) error {
			if r.StatusCode == http.StatusPreconditionFailed && p.careless.Load() {
				r.StatusCode, r.ContentLength, r.Body = http.StatusOK, 0, http.NoBody
				r.Header.Set("Content-Length", "0")
			}
			return nil
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		ErrorLog:  slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {
			panic(http.ErrAbortHandler) // the server is down: so are we
		},
	}
	p.server = &http.Server{Handler: p, ErrorLog: p.forward.ErrorLog}
	go func() { _ = p.server.Serve(listener) }() // ends with Close
	return p, nil
}

// URL is where the broker finds the store.
func (p *Proxy) URL() string { return "http://" + p.addr }

// Close cuts all connections and stops listening.
func (p *Proxy) Close() {
	p.SetFault(nil)
	_ = p.server.Close() // nothing to lose
}

// SetFault changes what goes wrong from now on; nil is nothing. Requests that
// hang go through.
func (p *Proxy) SetFault(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	close(p.lifted)
	p.lifted = make(chan struct{})
}

// IgnoreConditions makes the store look like one that ignores If-None-Match: a
// PUT that is refused because the object exists is answered as if it had worked. The object stays what it was. It is for good.
func (p *Proxy) IgnoreConditions() { p.careless.Store(true) }

// Counts returns how many requests of each kind have come since the start or the
// last Reset, those that went wrong included. The map is the caller's.
func (p *Proxy) Counts() map[Kind]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := make(map[Kind]int, len(p.counts))
	for k, n := range p.counts {
		c[k] = n
	}
	return c
}

// Requests returns the requests of a kind since the start or the last Reset, in
// the order in which they came.
func (p *Proxy) Requests(kind Kind) []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Request
	for _, r := range p.keys {
		if r.Kind == kind {
			all = append(all, r)
		}
	}
	return all
}

// Reset forgets what was counted.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.counts)
	p.keys = nil
}

// ServeHTTP is the proxy's side towards the broker. A panic with [http.ErrAbortHandler] is how net/http cuts a connection.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action, lifted := p.judge(r)
	if !pause(r, action.Delay) {
		return
	}
	switch action.Fate {
	case SlowDown:
		refuse(w, r, http.StatusServiceUnavailable, "SlowDown")
	case Fail:
		refuse(w, r, http.StatusInternalServerError, "InternalError")
	case Deny:
		refuse(w, r, http.StatusForbidden, "AccessDenied")
	case Cut:
		panic(http.ErrAbortHandler)
	case FailAfter:
		p.forward.ServeHTTP(unheard{http.Header{}}, r)
		refuse(w, r, http.StatusInternalServerError, "InternalError")
	case CutAfter:
		p.forward.ServeHTTP(unheard{http.Header{}}, r)
		panic(http.ErrAbortHandler)
	case Hang:
		select {
		case <-lifted:
		case <-r.Context().Done():
			return
		}
		p.forward.ServeHTTP(w, r)
	default:
		p.forward.ServeHTTP(w, r)
	}
}

// judge counts the request and asks the fault for its fate. The channel is closed when that fault is lifted.
func (p *Proxy) judge(r *http.Request) (Action, <-chan struct{}) {
	req := classify(r)
	p.mu.Lock()
	req.N = p.counts[req.Kind]
	p.counts[req.Kind]++
	p.keys = append(p.keys, req)
	fault, lifted := p.fault, p.lifted
	p.mu.Unlock()
	if fault == nil {
		return Action{}, lifted
	}
	return fault(req), lifted
}

// pause waits, and reports whether the client is still there.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// refuse answers as S3 does. The body is read first: a server that answers
// before it has read everything resets the connection instead.
func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	_, _ = io.Copy(io.Discard, r.Body) // may be read already
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>`+code+`</Code><Message>made up by the test</Message></Error>`)
	}
}

// unheard swallows an answer that the broker never gets.
type unheard struct{ header http.Header }

func (u unheard) Header() http.Header       { return u.header }
func (unheard) WriteHeader(int)             {}
func (unheard) Write(p []byte) (int, error) { return len(p), nil }
