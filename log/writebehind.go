package log

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"streamhouse/meta"
)

// openDB opens the metadata file. One that cannot be read is set aside: the
// bucket has all that was in it.
func openDB(o Options, logger *slog.Logger) (*meta.DB, error) {
	db, err := meta.OpenDB(o.MetadataPath)
	if !errors.Is(err, meta.ErrCorrupt) {
		return db, err
	}
	aside := fmt.Sprintf("%s.corrupt-%d", o.MetadataPath, time.Now().Unix())
	if renameErr := os.Rename(o.MetadataPath, aside); renameErr != nil {
		return nil, errors.Join(err, renameErr)
	}
	logger.Warn("metadata file is unreadable and was set aside; it is rebuilt from the bucket", "aside", aside, "err", err)
	return meta.OpenDB(o.MetadataPath)
}

// writeBehind brings the state's changes to bbolt every now and then. bbolt is
// never ahead of the bucket and never the only copy: after a crash the journal
// is replayed from where bbolt stands.
func (l *Log) writeBehind() {
	for sleep(l.quit, l.o.MetadataInterval) == nil {
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
