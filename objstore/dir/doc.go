// Package dir keeps objects as files under a local folder. An object is written
// to a temporary file, synced, and linked to its name, so that it appears whole
// or not at all and never replaces another, also where several processes share
// the folder and after a crash.
package dir
