// Package segment is the format of what a broker writes into its bucket; FORMAT.md draws it. A segment is one
// immutable object with blocks of record batches, a commit that says what changed and where the blocks
// stand, and a footer. [Writer] builds one in memory, [ReadCommit] and [Compressor.Block] read it back, and [Key]
// names it. Every byte is under a checksum, and every length is checked before it is believed. The package does no I/O.
package segment
