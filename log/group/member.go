package group

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"time"
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
	protocols  []Protocol // by preference; never changed in place
	assignment []byte     // of this generation; never changed in place
	bytes      int        // charged to the group

	knowsID  bool // the client has been told its id
	isNew    bool // has not been in a generation yet
	owesSync bool // for this generation

	join   *Future[Joined]     // waits; nil: none does
	sync   *Future[Assignment] // waits; nil: none does
	expiry alarm
}

// newMemberID makes an id that nobody had before and nobody can guess; it tells
// a person whose it is.
func newMemberID(clientID string, instance *string) string {
	name := clientID
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

// add makes a member of a client that joins, under an id that is in no use.
func (g *group) add(id string, req *JoinRequest) (*member, error) {
	m := &member{
		id:         strings.Clone(id),
		clientID:   strings.Clone(req.ClientID),
		clientHost: strings.Clone(req.ClientHost),
		knowsID:    req.MemberID != "",
		isNew:      true,
	}
	m.bytes = memberOverhead + len(id) + len(m.clientID)
	if req.InstanceID != nil {
		instance := strings.Clone(*req.InstanceID)
		m.instance = &instance
		m.bytes += len(instance)
	}
	if err := g.charge(m.bytes); err != nil {
		return nil, err
	}
	if err := g.update(m, req); err != nil {
		g.charge(-m.bytes)
		return nil, err
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
	return m, nil
}

// update takes over what a join says about its member.
func (g *group) update(m *member, req *JoinRequest) error {
	size := protocolBytes(req.Protocols) - protocolBytes(m.protocols)
	if err := g.charge(size); err != nil {
		return err
	}
	m.bytes += size
	g.count(m, -1)
	m.protocols = make([]Protocol, len(req.Protocols))
	for i, p := range req.Protocols {
		m.protocols[i].Name = strings.Clone(p.Name)
		m.protocols[i].Metadata = bytes.Clone(p.Metadata)
	}
	g.count(m, +1)
	m.session, m.rebalance = req.SessionTimeout, req.RebalanceTimeout
	if m.rebalance < 0 {
		m.rebalance = m.session
	}
	return nil
}

func protocolBytes(protocols []Protocol) (n int) {
	for _, p := range protocols {
		n += len(p.Name) + len(p.Metadata)
	}
	return n
}

// count adds by to the support of each protocol that the member offers, once
// where it offers one twice.
func (g *group) count(m *member, by int) {
	for i, p := range m.protocols {
		if slices.ContainsFunc(m.protocols[:i], func(q Protocol) bool { return q.Name == p.Name }) {
			continue
		}
		if g.supports[p.Name] += by; g.supports[p.Name] == 0 {
			delete(g.supports, p.Name)
		}
	}
}

// remove takes a member out; what it waits for ends with err. The caller calls
// afterRemoval then.
func (g *group) remove(m *member, err error) {
	g.resolveJoin(m, Joined{}, err)
	g.resolveSync(m, Assignment{}, err)
	g.clearSync(m)
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

// rename gives a static member that joins anew another id; who uses the old one is fenced.
func (g *group) rename(m *member, id string) {
	g.resolveJoin(m, Joined{MemberID: m.id}, ErrFencedInstanceID)
	g.resolveSync(m, Assignment{}, ErrFencedInstanceID)
	delete(g.members, m.id)
	if g.leader == m.id {
		g.leader = id
	}
	m.id = id
	g.members[id] = m
}

// extendSession gives a member a full session from now on.
func (g *group) extendSession(m *member) {
	if m.isNew && m.join != nil {
		m.expiry.set(newMemberTimeout)
		return
	}
	m.expiry.set(m.session)
}

// expire is the end of a member's session. One whose request waits is alive, its
// connection says so: it gets a new session with the result. One that has not been in a generation yet
// may have given up long ago.
func (g *group) expire(m *member) {
	if !m.isNew && (m.join != nil || m.sync != nil) {
		return
	}
	g.owner.expired.Add(1)
	g.owner.log.Info("group member expired", "group", g.name, "member", m.id, "session", m.session, "generation", g.generation)
	g.remove(m, ErrUnknownMember)
	g.afterRemoval("a member expired")
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
