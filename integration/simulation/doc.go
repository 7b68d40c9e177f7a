// Package simulation runs whole brokers in a bubble of fake time, against a
// store and a network in memory that fail as a seed says, with real clients
// of both doors at work, and compares what comes out with a simple model.
//
//	go test ./integration/simulation                     a fixed set of seeds and a few new ones
//	go test ./integration/simulation -seed=123           one seed again
//	go test ./integration/simulation -simulations=500    many new seeds
//	go test ./integration/simulation -seed=123 -v        with the story of the run
//	… -verbose                                           with what brokers and clients log
//
// A seed decides the settings of the brokers, what each client does, which
// faults come when, and when brokers are stopped, crash or are taken over. How
// the goroutines take turns, and what the clients' and the broker's own backoffs
// draw, it does not decide: a failure that depends on those shows again after a few
// runs of its seed (-count). A run that ends in a hang has its seed in its name.
//
// Things that go wrong: the store, for all brokers; connections; the metadata file of a broker that crashed, torn as a crash
// may leave it, or damaged as it may not, or without room on its disk while the broker runs; the folder of the disk cache; each broker's clock, which is always a little
// wrong and jumps; and processes that sleep, in the middle of any store call, while others take over from
// them, or two others at once. Some runs have hardly any memory for what is not flushed yet, so that clients wait for room.
//
// What cannot wait for fake time stays out: the clock of a bubble stands still while anybody waits
// for a mutex whose owner waits for time. It is why the members of the group make their commit
// requests themselves.
//
// # What must hold
//
//   - An acknowledged record stands at the offset that was acknowledged, byte for byte:
//     at once, after every restart (where [log.Log.Check] also compares all with a replay), and on a machine that has nothing but the bucket.
//   - What any reader has seen at an offset stays there.
//   - Nothing is there that was not sent; nothing of an idempotent producer is there twice;
//     each producer's records stand in the order in which it sent them.
//   - Consumers see ascending offsets without a hole.
//   - High watermarks never go back.
//   - Of topics that several clients create, change and delete at the same time, an order of the changes exists that
//     explains what each client was told. A topic keeps its id; one that is created anew has another, and none of its records.
//   - Topics, configs, first offsets and positions are as the last acknowledged change left
//     them, or as one that was not answered would have.
//   - When the faults end, everything goes on: every producer gets its answers, every consumer
//     reaches the end.
package simulation
