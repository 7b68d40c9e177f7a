// Package faulty wraps a store and makes its calls fail, hang, slow down or
// return damaged bytes as a test says. What chance decides follows from a seed,
// so that a run can be repeated.
package faulty
