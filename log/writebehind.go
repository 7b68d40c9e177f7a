package log

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"streamhouse/meta"
	"streamhouse/objstore"
)

// openDB opens the metadata file and loads the state from it. A file that
// cannot be read is set aside: the bucket has all that was in it.
func openDB(o Options, logger *slog.Logger) (*meta.DB, *meta.State, error) {
	db, state, err := loadDB(o.MetadataPath)
	if !errors.Is(err, meta.ErrCorrupt) {
		return db, state, err
	}
	aside := fmt.Sprintf("%s.corrupt-%d", o.MetadataPath, time.Now().Unix())
	if renameErr := os.Rename(o.MetadataPath, aside); renameErr != nil {
		return nil, nil, errors.Join(err, renameErr)
	}
	logger.Warn("metadata file is unreadable and was set aside; it is rebuilt from the bucket", "aside", aside, "err", err)
	return loadDB(o.MetadataPath)
}

func loadDB(path string) (*meta.DB, *meta.State, error) {
	db, err := meta.OpenDB(path)
	if err != nil {
		return nil, nil, err
	}
	state, err := db.Load()
	if err != nil {
		return nil, nil, fmt.Errorf("metadata file %s: %w", path, errors.Join(err, db.Close()))
	}
	return db, state, nil
}

// writeBehind brings the state's changes to bbolt every now and then. bbolt is
// never ahead of the bucket and never the only copy: after a crash the journal
// is replayed from where bbolt stands.
func (l *Log) writeBehind() {
	for objstore.Sleep(l.quit, l.o.MetadataInterval) == nil {
		if err := l.writeState(); err != nil {
			l.stop(err)
			return
		}
	}
}

// writeState writes all changes since the last time. One caller at a time:
// takeOver, then writeBehind, then Close.
func (l *Log) writeState() error {
	l.stateMu.Lock()
	changes := l.state.TakeChanges()
	l.stateMu.Unlock()
	if err := l.db.Write(changes); err != nil {
		return fmt.Errorf("metadata file %s: %w; the bucket has everything: mend the disk and start again", l.o.MetadataPath, err)
	}
	return nil
}
