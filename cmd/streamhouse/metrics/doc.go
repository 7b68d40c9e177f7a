// Package metrics turns what happens in the broker into Prometheus metrics: it
// subscribes to the events of the engine, of both doors and of the object store, and
// reads their figures of the moment when somebody scrapes. Nothing else in the program
// knows that there is a Prometheus. Every name begins with streamhouse_; what each
// metric means stands in its help text.
package metrics
