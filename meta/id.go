package meta

import (
	"crypto/rand"
	"encoding/base64"
)

// NewID returns a random id of 122 bits: a UUID of version 4, as Kafka's topic ids are.
func NewID() (id [16]byte) {
	rand.Read(id[:]) // never fails
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// FormatID prints a 16-byte id as Kafka does: 22 characters of URL-safe base64.
func FormatID(id [16]byte) string { return base64.RawURLEncoding.EncodeToString(id[:]) }
