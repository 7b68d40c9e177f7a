// Package journal is the order of all commits: one object for each in the bucket, written create-only, so that
// of two brokers only one ever gets a place. It founds the cluster, replays, takes over by a seal that fences the broker
// before, and looks for the seal of the broker after. What may pass is tried again, and what would be the end is heard
// several times before it is believed; errors.go says what counts as evidence.
//
// [Journal] is a concrete type. The engine uses six methods, which are the seam for another ordering service; an interface
// of one implementation would guess at the second, since [Journal.TakeOver] and [Journal.CheckFence] are shaped by a bucket's fence.
package journal
