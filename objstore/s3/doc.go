// Package s3 keeps objects in a bucket of Amazon S3 or of a server that speaks
// its protocol. Creation is exclusive by If-None-Match, bodies are checked by
// their CRC-32C, and passing faults are tried again a few times; a longer outage
// is the caller's to sit out. It is the only package that knows the AWS SDK.
package s3
