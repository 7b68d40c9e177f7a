package oracle

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"streamhouse/integration/wire"
)

// A subject is a case: steps that are asked in every version of one request.
type subject struct {
	name string
	key  kmsg.Key
	run  func(*script)
}

// A script is one run of a case in one version. Methods fail the test where what was only
// set up goes wrong; what a step brings is written down, whatever it is.
type script struct {
	testing.TB
	*names
	key     kmsg.Key
	version int16
	conns   map[string]*wire.Conn
	conn    string // the one in use
	notes   *transcript
	last    **step
}

// play runs a case in the versions given and returns what was answered.
func play(t testing.TB, on *target, c subject, versions []int16) *transcript {
	t.Helper()
	notes := new(transcript)
	for _, v := range versions {
		prefix := fmt.Sprintf("%s%s.%d.", runPrefix, strings.ReplaceAll(c.name, " ", "-"), v)
		var last *step
		s := &script{TB: t, names: newNames(on, prefix), key: c.key, version: v, conns: map[string]*wire.Conn{}, notes: notes, last: &last}
		c.run(s)
		for _, conn := range s.conns {
			_ = conn.Close() // may be closed already
		}
	}
	return notes
}

// name is a topic's or group's name that no other run has.
func (s *script) name(n string) string { return s.prefix + n }

// on speaks on another connection.
func (s *script) on(conn string) *script {
	other := *s
	other.conn = conn
	return &other
}

func (s *script) dialled() *wire.Conn {
	if s.conns[s.conn] == nil {
		c, err := wire.Dial(s.target.addr)
		require.NoError(s, err)
		s.conns[s.conn] = c
	}
	return s.conns[s.conn]
}

func (s *script) hangUp() {
	_ = s.dialled().Close()
	delete(s.conns, s.conn)
}

// ask is a step: it sends a request and writes down the answer, which it returns, or nil where
// the connection was closed instead.
func (s *script) ask(name string, req kmsg.Request) kmsg.Response {
	s.Helper()
	return s.await(name, s.send(req))
}

// send starts a step, whose answer comes later.
func (s *script) send(req kmsg.Request) kmsg.Request {
	s.Helper()
	s.setVersion(req)
	if s.target.knows(req) {
		_ = s.dialled().Send(req) // where this fails the answer does, too
	}
	return req
}

// await ends a step that was sent on this connection.
func (s *script) await(name string, req kmsg.Request) kmsg.Response {
	s.Helper()
	if !s.target.knows(req) {
		s.note(name, only(unasked))
		return nil
	}
	return s.receive(name, req, req.ResponseKind())
}

// askIn is a step in a version of its own, which the broker may not have.
func (s *script) askIn(name string, version int16, req kmsg.Request, resp kmsg.Response) {
	s.Helper()
	req.SetVersion(version)
	_ = s.dialled().Send(req) // where this fails the answer does, too
	s.receive(name, req, resp)
}

func (s *script) receive(name string, req kmsg.Request, resp kmsg.Response) kmsg.Response {
	s.Helper()
	if err := s.dialled().Receive(resp); err != nil {
		require.NotContains(s, err.Error(), "timeout", "%s, %s: no answer", s.prefix, name)
		s.hangUp()
		s.note(name, only(closed))
		return nil
	}
	s.note(name, s.flatten(name, resp))
	s.target.settle(s, req)
	return resp
}

// tell is a step that has no answer.
func (s *script) tell(name string, req kmsg.Request) {
	s.Helper()
	s.setVersion(req)
	require.NoError(s, s.dialled().Send(req))
	for range probes {
		probe := kmsg.NewPtrApiVersionsRequest()
		probe.Version = 0
		err := s.dialled().Send(probe)
		if err == nil {
			err = s.dialled().Receive(probe.ResponseKind())
		}
		if err != nil {
			s.hangUp()
			s.note(name, only(closed))
			return
		}
	}
	s.note(name, only(silence))
}

// probes are the requests that must be answered behind one that has no answer: a broker that hangs up
// may answer first what it has read already.
const probes = 20

func (s *script) note(name string, a answer) {
	at := s.notes.at(name, *s.last)
	if _, twice := at.answers[s.version]; twice {
		s.Fatalf("%s: step %q is there twice", s.prefix, name)
	}
	at.answers[s.version] = a
	*s.last = at
}

// setVersion makes a request of the case's kind one of the run's version, and any other one
// of the newest.
func (s *script) setVersion(req kmsg.Request) {
	if v, ok := s.target.newest(req.Key()); ok {
		req.SetVersion(v)
	}
	if req.Key() == s.key.Int16() {
		req.SetVersion(s.version)
	}
}

// do sends a request that is no step.
func (s *script) do(req kmsg.Request) kmsg.Response {
	s.Helper()
	resp := s.peek(req)
	s.names.setUps++
	s.flatten(fmt.Sprintf("set-up %d", s.names.setUps), resp) // for the names
	s.target.settle(s, req)
	return resp
}

// peek asks for what nothing is learned from.
func (s *script) peek(req kmsg.Request) kmsg.Response {
	s.Helper()
	c := s.on("set-up")
	v, ok := s.target.newest(req.Key())
	require.True(s, ok)
	req.SetVersion(v)
	resp := req.ResponseKind()
	require.NoError(s, c.dialled().Send(req))
	require.NoError(s, c.dialled().Receive(resp), "%s: %s", s.prefix, kmsg.NameForKey(req.Key()))
	return resp
}

// topic creates a topic as a set-up and returns its name; configs are name, value, name, value.
func (s *script) topic(name string, partitions int32, configs ...string) string {
	s.Helper()
	t := newTopic(s.name(name), partitions, configs...)
	got := s.do(createTopics(t)).(*kmsg.CreateTopicsResponse)
	require.NoError(s, kerr.ErrorForCode(got.Topics[0].ErrorCode), "%s: topic %s", s.prefix, name)
	return s.name(name)
}

// id returns a topic's id.
func (s *script) id(topic string) [16]byte {
	id, ok := s.idOf(topic)
	require.True(s, ok, "nobody has seen the id of %s", topic)
	return id
}
