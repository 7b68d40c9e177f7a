// Package units reads and writes quantities as people write them on a command
// line: a number of bytes with its unit. The settings of the broker and those of
// its benchmark share it. A value knows its text form ([encoding.TextUnmarshaler]
// and [fmt.Stringer]), so the parser of flags needs to know nothing of it.
package units
