package group

import "time"

// Limits of what members keep in the broker's memory, each with its reason.
const (
	// newMemberTimeout is how long a member that has not been in a generation yet may wait in
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
	// leader gets all subscriptions in one response, and clients refuse frames above 100 MB.
	maxGroupBytes = 32 << 20
	// maxGroupsBytes bounds what all groups keep together.
	maxGroupsBytes = 256 << 20
	// maxGroups bounds the groups that have members. A group that only has offsets is not
	// in memory here.
	maxGroups = 100_000
	// memberOverhead is about what a member costs beside its bytes: the struct, its
	// maps' entries, its timer.
	memberOverhead = 1 << 10
)
