// Package group is the membership of consumer groups: Kafka's classic group protocol as a state machine,
// in its own words. A [Registry] has all groups that have members, in memory only; what groups commit is
// kept by package log.
//
// Every call names its group, takes the group's lock, changes it and returns. Those that have to wait for
// other members ([Registry.Join], [Registry.Sync]) return a [Future]. All calls may run concurrently; calls
// about one group take effect in the order in which they got its lock. Time is the time package's, so that
// tests run in a bubble of testing/synctest.
//
// # Where to look
//
//	registry.go               NewRegistry, Close: the groups by name
//	group.go                  one group: its states, and what holds of it
//	join.go, sync.go          how members get into a generation, and to their assignments
//	heartbeat.go, leave.go    staying and going; member.go: sessions, pending.go: ids that were given out
//	rebalance.go              from one generation to the next
//	subscription.go           what members read, as far as the registry can tell
//	offsets.go, describe.go   when offsets may be changed; what people are shown
//	alarm.go, future.go       a timer under the group's lock; a result that comes later
//
// # Not obvious
//
//   - Metadata and assignments are opaque: the leader computes the assignment, the registry passes it on. Only
//     a [ProtocolType] that the caller explains to it does it read.
//   - Strings and bytes of a request are cloned before they are kept: they may share the memory of a frame.
//     What results share with members is never changed in place.
//   - A group that nobody is in leaves nothing behind. Its next generation is 1 again.
//
// Sources: the Kafka protocol guide (JoinGroup, SyncGroup, Heartbeat, LeaveGroup), KIP-62 (session and
// rebalance timeout), KIP-134 (initial delay), KIP-345 (static members), KIP-389 (largest size), KIP-394
// (member ids are asked for), KIP-429 (cooperative rebalances), KIP-559 (protocols in SyncGroup), KIP-814 (skipped assignments).
package group
