package group

import "time"

// Options are the settings of a [Registry]. The zero value of a field means its
// default, which is Kafka's unless it says so.
type Options struct {
	// MinSessionTimeout and MaxSessionTimeout bound the session timeout that a member may ask for
	// (group.min.session.timeout.ms, group.max.session.timeout.ms). Defaults 6 s and 30 min.
	MinSessionTimeout time.Duration
	MaxSessionTimeout time.Duration
	// InitialRebalanceDelay is how long the first rebalance of an empty group waits for more members,
	// so that a fleet that starts together is assigned once (KIP-134). Default 3 s; negative: no wait.
	InitialRebalanceDelay time.Duration
	// MaxSize bounds the members of one group (group.max.size). Default 5000, where Kafka has no
	// limit: each rebalance costs the leader a response and each member a join, so a group
	// of that size hardly gets stable.
	MaxSize int
}

func (o Options) withDefaults() Options {
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
	return o
}

// ProtocolType is what the registry knows about the members of one protocol
// type, such as "consumer". It passes on unread what members of other types say.
type ProtocolType struct {
	// Topics reads the topics out of a member's metadata, in any order. The bytes come from a client,
	// and it may be called under a group's lock: it has to be quick, and must not call the registry. Errors
	// mean that the metadata cannot be read.
	Topics func(metadata []byte) ([]string, error)
	// EmptyAssignment is given to members that the leader left out: no partitions, in a form that
	// every client of the type can decode.
	EmptyAssignment []byte
}
