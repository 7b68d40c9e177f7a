package kafka

import (
	"io"
	"time"
)

// linger lets the client read the last answers before the connection closes. To close a socket
// with input that nobody has read resets it, which destroys the answers that the client has not read
// yet. So the server's side is closed first, and what comes is thrown away until the client closes its own.
func (c *conn) linger() {
	half, ok := c.net.(interface{ CloseWrite() error })
	if !ok || c.ctx.Err() != nil {
		return // failed, or a connection in memory, which hands over what is written before Write returns
	}
	if half.CloseWrite() != nil || c.net.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c.net, lingerBytes) // however it ends, the connection closes now
}
