package kafka

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// member is one client in a group. The group's lock guards it.
type member struct {
	id         string
	instance   *string // static members (KIP-345)
	clientID   string
	clientHost string
	order      uint64 // in which members were added: members are listed, and leaders chosen, by it

	session    time.Duration
	rebalance  time.Duration
	protocols  []kmsg.JoinGroupRequestProtocol // by preference; never changed in place
	assignment []byte                          // of this generation; never changed in place
	bytes      int                             // charged to the group

	told  bool // the client knows its id
	fresh bool // has not been in a generation yet
	owes  bool // a sync, for this generation

	join   *outcome[joinAnswer] // waits
	sync   *outcome[syncAnswer] // waits
	expiry alarm
}

// newMemberID makes an id that nobody had before and nobody can guess; it tells
// a person whose it is.
func newMemberID(c *client, instance *string) string {
	name := c.id
	if instance != nil {
		name = *instance
	}
	if len(name) > maxClientID {
		name = strings.ToValidUTF8(name[:maxClientID], "")
	}
	var random [16]byte
	rand.Read(random[:]) // never fails
	return name + "-" + hex.EncodeToString(random[:])
}

// find returns the member that a request is about, or an error code. One whose
// instance has come back under another id is fenced (KIP-345).
func (g *group) find(id string, instance *string) (*member, int16) {
	if instance != nil {
		m := g.static[*instance]
		switch {
		case m == nil:
			return nil, kerr.UnknownMemberID.Code
		case m.id != id:
			return nil, kerr.FencedInstanceID.Code
		}
		return m, 0
	}
	if m := g.members[id]; m != nil {
		return m, 0
	}
	return nil, kerr.UnknownMemberID.Code
}

// add makes a member of a client that joins, under an id that is in no use.
func (g *group) add(c *client, id string, req *kmsg.JoinGroupRequest) (*member, int16) {
	m := &member{
		id:         strings.Clone(id),
		clientID:   strings.Clone(c.id),
		clientHost: c.host,
		told:       req.MemberID != "",
		fresh:      true,
	}
	m.bytes = memberOverhead + len(id) + len(m.clientID)
	if req.InstanceID != nil {
		instance := strings.Clone(*req.InstanceID)
		m.instance = &instance
		m.bytes += len(instance)
	}
	if code := g.charge(m.bytes); code != 0 {
		return nil, code
	}
	if code := g.offer(m, req); code != 0 {
		g.charge(-m.bytes)
		return nil, code
	}
	m.expiry = alarm{group: g, ring: func() { g.expire(m) }}
	m.order = g.joins
	g.joins++
	if len(g.members) == 0 {
		g.protocolType = strings.Clone(req.ProtocolType)
	}
	g.members[m.id] = m
	if m.instance != nil {
		g.static[*m.instance] = m
	}
	return m, 0
}

// offer takes over what a join says about its member.
func (g *group) offer(m *member, req *kmsg.JoinGroupRequest) int16 {
	size := protocolBytes(req.Protocols) - protocolBytes(m.protocols)
	if code := g.charge(size); code != 0 {
		return code
	}
	m.bytes += size
	g.count(m, -1)
	m.protocols = make([]kmsg.JoinGroupRequestProtocol, len(req.Protocols))
	for i, p := range req.Protocols {
		m.protocols[i].Name = strings.Clone(p.Name)
		m.protocols[i].Metadata = bytes.Clone(p.Metadata)
	}
	g.count(m, +1)
	m.session = time.Duration(req.SessionTimeoutMillis) * time.Millisecond
	m.rebalance = m.session // before version 1 there was only one timeout
	if req.Version >= 1 && req.RebalanceTimeoutMillis >= 0 {
		m.rebalance = time.Duration(req.RebalanceTimeoutMillis) * time.Millisecond
	}
	return 0
}

func protocolBytes(protocols []kmsg.JoinGroupRequestProtocol) (n int) {
	for _, p := range protocols {
		n += len(p.Name) + len(p.Metadata)
	}
	return n
}

// count adds by to the support of each protocol that the member offers, once
// where it offers one twice.
func (g *group) count(m *member, by int) {
	for i, p := range m.protocols {
		if slices.ContainsFunc(m.protocols[:i], func(q kmsg.JoinGroupRequestProtocol) bool { return q.Name == p.Name }) {
			continue
		}
		if g.supports[p.Name] += by; g.supports[p.Name] == 0 {
			delete(g.supports, p.Name)
		}
	}
}

// remove takes a member out, answering what it waits for with code. The caller
// settles the group afterwards.
func (g *group) remove(m *member, code int16) {
	g.answerJoin(m, joinAnswer{code: code})
	g.answerSync(m, syncAnswer{code: code})
	g.synced(m)
	m.expiry.off()
	g.count(m, -1)
	g.charge(-m.bytes)
	delete(g.members, m.id)
	if m.instance != nil {
		delete(g.static, *m.instance)
	}
	if g.leader == m.id {
		g.leader = ""
	}
}

// rename gives a member that came back another id; who uses the old one is fenced.
func (g *group) rename(m *member, id string) {
	g.answerJoin(m, joinAnswer{code: kerr.FencedInstanceID.Code, memberID: m.id})
	g.answerSync(m, syncAnswer{code: kerr.FencedInstanceID.Code})
	delete(g.members, m.id)
	if g.leader == m.id {
		g.leader = id
	}
	m.id = id
	g.members[id] = m
}

// touch gives a member a full session from now on.
func (g *group) touch(m *member) {
	if m.fresh && m.join != nil {
		m.expiry.set(newMemberTimeout)
		return
	}
	m.expiry.set(m.session)
}

// expire is the end of a member's session. One that waits for an answer is
// alive, its connection says so: it gets a new session with the answer. One that was never answered
// may have given up long ago.
func (g *group) expire(m *member) {
	if !m.fresh && (m.join != nil || m.sync != nil) {
		return
	}
	g.owner.expired.Add(1)
	g.owner.log.Info("group member expired", "group", g.name, "member", m.id, "session", m.session, "generation", g.generation)
	g.remove(m, kerr.UnknownMemberID.Code)
	g.settle("a member expired")
}

// invite gives out a member id and remembers it for a session, until its client
// joins with it (KIP-394): a client that asks again and again without reading
// answers leaves no members behind.
func (g *group) invite(id string, session time.Duration) int16 {
	if code := g.charge(memberOverhead + len(id)); code != 0 {
		return code
	}
	a := &alarm{group: g}
	a.ring = func() {
		g.uninvite(id)
		g.invitationGone()
	}
	g.pending[id] = a
	a.set(session)
	return 0
}

// uninvite forgets an id that was given out, because it was used or is not wanted.
func (g *group) uninvite(id string) {
	g.pending[id].off()
	delete(g.pending, id)
	g.charge(-memberOverhead - len(id))
}

// invitationGone goes on with a rebalance that waited for somebody who was invited.
func (g *group) invitationGone() {
	if g.state == groupPreparing && len(g.members) > 0 {
		g.tryComplete()
	}
}

// ordered returns the members in the order in which they were added.
func (g *group) ordered() []*member {
	all := make([]*member, 0, len(g.members))
	for _, m := range g.members {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *member) int { return int(int64(a.order - b.order)) })
	return all
}

// metadata returns what the member said under a protocol's name.
func (m *member) metadata(protocol string) []byte {
	for _, p := range m.protocols {
		if p.Name == protocol {
			return p.Metadata
		}
	}
	return nil
}
