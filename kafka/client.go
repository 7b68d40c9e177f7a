package kafka

import (
	"net"
	"strings"

	"streamhouse/kafka/wire"
)

// client is who sends a request. It is never changed.
type client struct {
	id    string   // as the request's header says
	host  string   // IP address that it comes from
	local net.Addr // address that it connected to
	conn  *conn    // nil in tests
}

// hangUp ends the connection once what it has taken is answered. Handlers call it, through
// their client, for what an answer cannot tell.
func (c *client) hangUp(err error) {
	if c.conn != nil {
		c.conn.endRequests(err)
	}
}

// callerOf returns who sends a request: the same as before, unless its header names another client.
func (c *conn) callerOf(h wire.RequestHeader) *client {
	if c.caller.id != h.ClientID {
		renamed := *c.caller
		renamed.id = strings.Clone(h.ClientID)
		c.caller = &renamed
	}
	return c.caller
}
