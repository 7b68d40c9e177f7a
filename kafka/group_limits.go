package kafka

import "time"

// GroupOptions are the settings of consumer groups. The zero value of a field
// means its default, which is Kafka's unless it says so.
type GroupOptions struct {
	// MinSessionTimeout and MaxSessionTimeout bound the session timeout that a member may ask for
	// (group.min.session.timeout.ms, group.max.session.timeout.ms). Defaults 6 s and 30 min.
	MinSessionTimeout time.Duration
	MaxSessionTimeout time.Duration
	// InitialRebalanceDelay is how long the first rebalance of an empty group waits for more members,
	// so that a fleet that starts together is assigned once (KIP-134). Default 3 s; negative: no wait.
	InitialRebalanceDelay time.Duration
	// MaxSize bounds the members of one group (group.max.size). Default 5000, where Kafka has no
	// limit: each rebalance costs the leader an answer and each member a join, so a group
	// of that size hardly settles.
	MaxSize int
	// CommitTimeout is how long an offset commit waits to become durable before the committer
	// is told to retry. Default 15 s: longer than any write that succeeds, shorter than the 30 s after which
	// clients give the connection up.
	CommitTimeout time.Duration
}

func (o GroupOptions) withDefaults() GroupOptions {
	if o.MinSessionTimeout == 0 {
		o.MinSessionTimeout = 6 * time.Second
	}
	if o.MaxSessionTimeout == 0 {
		o.MaxSessionTimeout = 30 * time.Minute
	}
	if o.InitialRebalanceDelay == 0 {
		o.InitialRebalanceDelay = 3 * time.Second
	}
	if o.MaxSize == 0 {
		o.MaxSize = 5000
	}
	if o.CommitTimeout == 0 {
		o.CommitTimeout = 15 * time.Second
	}
	return o
}

// Limits of what members keep in the broker's memory, each with its reason.
const (
	// newMemberTimeout is how long a member that was never answered may wait in
	// its join. It has no session yet; if its client gave up silently it must not haunt
	// the group. Kafka's value.
	newMemberTimeout = 5 * time.Minute

	// minRebalanceTimeout is what a member at least has to join and to sync, whatever it
	// asks for: with 0 nobody could, and a group of silent static members would make the broker spin.
	minRebalanceTimeout = time.Second

	// maxInstanceID is Kafka's limit of group.instance.id.
	maxInstanceID = 249
	// maxClientID is how much of a client's id goes into the member ids made for it.
	maxClientID = 255
	// maxProtocols bounds the assignors that a member offers: clients offer one to four.
	maxProtocols = 64
	// maxMemberBytes bounds a member's subscriptions, and its assignment: room for
	// thousands of topics. Kafka has to fit the whole group into one such record.
	maxMemberBytes = 1 << 20
	// maxGroupBytes bounds what the members of one group keep together: the
	// leader gets all subscriptions in one answer, and clients refuse frames above 100 MB.
	maxGroupBytes = 32 << 20
	// maxGroupsBytes bounds what all groups keep together.
	maxGroupsBytes = 256 << 20
	// maxGroups bounds the groups that have members. A group that only has offsets is not
	// in memory here.
	maxGroups = 100_000
	// memberOverhead is about what a member costs beside its bytes: the struct, its
	// maps' entries, its timer.
	memberOverhead = 1 << 10
	// maxGroupNames bounds the groups and coordinator keys named in one request: an answer is longer than
	// its question, so a large frame of short names would ask for a giant one.
	maxGroupNames = 10_000
)
