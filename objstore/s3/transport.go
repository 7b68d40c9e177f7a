package s3

import (
	"context"
	"net"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	defaultStallTimeout = 30 * time.Second
	dialTimeout         = 5 * time.Second
	// MaxConnections bounds the open connections of a store: some PUTs and a fleet of
	// readers. A request that finds none waits for one.
	MaxConnections = 256
	// connectionBufferBytes spares system calls on large bodies; per connection and direction.
	connectionBufferBytes = 64 << 10
	// stallChunkBytes is how much may be under way in one write: its progress is seen
	// only at its end.
	stallChunkBytes = 256 << 10
)

// newHTTPClient returns the SDK's client, tuned. There is no limit on a request's
// whole time, because a large body on a slow line may take long; only silence ends it.
func newHTTPClient(stall time.Duration) *awshttp.BuildableClient {
	dialer := &net.Dialer{Timeout: min(stall, dialTimeout)}
	return awshttp.NewBuildableClient().WithReadTimeout(0).WithTransportOptions(func(t *http.Transport) {
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &stallConn{Conn: conn, limit: stall}, nil
		}
		t.TLSHandshakeTimeout = min(stall, 2*dialTimeout)
		t.MaxConnsPerHost = MaxConnections
		t.MaxIdleConns = MaxConnections
		t.MaxIdleConnsPerHost = MaxConnections // or busy times dial anew all the time
		// An idle connection stalls too: let go of it before that.
		t.IdleConnTimeout = stall * 3 / 4
		t.WriteBufferSize, t.ReadBufferSize = connectionBufferBytes, connectionBufferBytes
		// With HTTP/2 all requests would share one connection: its speed and its fate.
		t.ForceAttemptHTTP2 = false
	})
}

// stallConn fails when no byte moves in either direction for the limit. Like any connection it may be read and
// written concurrently.
type stallConn struct {
	net.Conn
	limit time.Duration
}

// Read waits for an answer. What is sent meanwhile counts as progress too: Write
// moves the deadline of a Read that waits.
func (c *stallConn) Read(p []byte) (int, error) {
	if err := c.Conn.SetReadDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write sends in chunks, each of which has the limit.
func (c *stallConn) Write(p []byte) (written int, err error) {
	for {
		if err := c.Conn.SetDeadline(time.Now().Add(c.limit)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(p[:min(len(p), stallChunkBytes)])
		written += n
		if err != nil {
			return written, err
		}
		if p = p[n:]; len(p) == 0 {
			// The other side has the whole limit to answer, however long this took.
			return written, c.Conn.SetReadDeadline(time.Now().Add(c.limit))
		}
	}
}
