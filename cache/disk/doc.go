// Package disk keeps blocks of immutable objects as files under a local folder:
// the second tier of package cache. A block is handed to a writer in the background
// and found again, also after a restart, by its [Key]; the files whose last use is
// the longest ago are given up when the folder would grow beyond its limit. A
// folder that fails turns the tier off and harms nobody.
package disk
