package simulation

import (
	"math/rand/v2"
	"os"
	"path/filepath"
)

// spoilCache damages the folder of the disk cache, under the brokers that use it.
func (w *world) spoilCache(r *rand.Rand) {
	if w.diskBytes == 0 {
		return
	}
	w.tell("the folder of the cache is damaged")
	files, _ := filepath.Glob(filepath.Join(w.cache, "*"))
	switch r.IntN(5) {
	case 0:
		_ = os.RemoveAll(w.cache)
		return
	case 1: // no file can be made in it
		_ = os.RemoveAll(w.cache)
		_ = os.MkdirAll(filepath.Dir(w.cache), 0o700)
		return
	case 2:
		_ = os.WriteFile(filepath.Join(w.cache, "blocks-00000000000fffff.cache"), drawBytes(r, 100), 0o600)
	}
	for _, name := range files {
		spoilFile(r, name)
	}
}

// spoilFile cuts a file, removes it, or changes bytes in it.
func spoilFile(r *rand.Rand, name string) {
	info, err := os.Stat(name)
	if err != nil || info.Size() == 0 {
		return
	}
	switch r.IntN(4) {
	case 0:
		_ = os.Truncate(name, r.Int64N(info.Size()))
	case 1:
		_ = os.Remove(name)
	case 2:
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			return
		}
		defer f.Close()
		for range 1 + r.IntN(20) {
			_, _ = f.WriteAt([]byte{byte(r.Uint32())}, r.Int64N(info.Size()))
		}
	}
}
