// Command golden makes a golden bucket: the objects of a small log that holds
// every kind of entry and every format that the program of the day writes, and
// two metadata files of it.
//
// The tests of this package open what earlier versions have made: a bucket that
// was written once opens for good, to the same state and the same bytes, with
// the metadata file, with one that lags behind, and without one. What is in it
// stands beside it, in a text that go test -update wrote when it was made.
//
//	testdata/first.zip    made at commit e9c9a0b, which took any batch whose header and CRC were right
//	testdata/checked.zip  made when the records of batches were first checked: appends are entries of kind 13
//
// A later version makes another one beside it when it writes something new:
//
//	cd integration && go run ./golden -out golden/testdata/NAME.zip && go test ./golden -update=NAME
//
// What it refuses of the batches in poison.go is left out then; those stand in the
// first bucket for good.
package main
