// Package objstore is the broker's view of an object store: immutable objects
// that are created once, read by range, listed in order and deleted.
//
// Packages of their own keep objects: s3 in a bucket, dir in files, mem in
// memory. Two stores wrap another one: package faulty misbehaves on purpose and
// [Trace] writes down every call. Package storetest is the acceptance suite that
// runs over all of them.
package objstore
