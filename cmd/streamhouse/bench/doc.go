// Package bench measures a Kafka broker, StreamHouse or any other, from the
// outside: what it takes from producers, how long that takes until it is durable, how
// far behind a reader at the end stays, and how fast a whole topic is read.
// It is a Kafka client and nothing else: it knows nothing of the engine, so its
// figures can be compared with those of another broker.
package bench
