// Package mem keeps objects in memory, for tests: it has the semantics of the
// real stores and costs nothing.
package mem
