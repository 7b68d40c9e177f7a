package log

import (
	"context"
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

// metadataFile is what the engine knows of its metadata file. writeBehind has it for itself,
// then Close.
type metadataFile struct {
	failures int       // attempts in a row
	stale    time.Time // since when the file lacks changes, while failures is not 0
	due      chan struct{}

	// saving ends when a rewrite is to be broken off: with the context of Close.
	saving     context.Context
	stopSaving context.CancelFunc
}

func newMetadataFile() metadataFile {
	m := metadataFile{due: make(chan struct{}, 1)}
	m.saving, m.stopSaving = context.WithCancel(context.Background())
	return m
}

// writeBehind brings the state's changes to bbolt every now and then. bbolt is
// never ahead of the bucket and never the only copy: after a crash the journal
// is replayed from where bbolt stands. So a file that cannot be written stops nothing: it
// is written anew once that is possible.
func (l *Log) writeBehind() {
	for pause := time.Duration(0); l.waitToSave(pause); {
		pause = l.o.MetadataInterval
		_ = l.saveState(l.file.saving) // it has told
		if l.file.failures > 0 {
			pause = metadataRetry.After(l.file.failures)
		}
	}
}

// waitToSave returns false when the log has stopped. What is due comes before
// the pause is over, unless the last attempt failed.
func (l *Log) waitToSave(pause time.Duration) bool {
	due := l.file.due
	if l.file.failures > 0 {
		due = nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-due:
	case <-l.quit.Done():
	}
	return l.quit.Err() == nil
}

// metadataRetry is how soon a metadata file that could not be written is tried again.
var metadataRetry = objstore.Backoff{First: time.Second, Most: time.Minute}

// saveState brings the file to the state as it is now: with what has changed, or whole where
// there is no file that is current. One caller at a time: writeBehind, then Close. It
// tells about failures, and whoever listens to events, too.
func (l *Log) saveState(ctx context.Context) error {
	var err error
	if l.db.Current() {
		l.commitMu.Lock()
		changes := l.state.TakeChanges()
		l.commitMu.Unlock()
		if err = l.db.Write(changes); err != nil {
			l.commitMu.Lock()
			l.state.StopCollecting()
			l.commitMu.Unlock()
		}
	} else {
		start := time.Now()
		if err = l.db.Rewrite(ctx, l.state, &l.commitMu, l.stateMu.RLocker()); err == nil {
			l.log.Info("metadata file written anew", "path", l.o.MetadataPath, "took", time.Since(start))
		}
	}
	switch {
	case err == nil:
		l.metadataCurrent()
	case ctx.Err() == nil:
		l.metadataStale(err)
	}
	return err
}

func (l *Log) metadataStale(err error) {
	if l.file.failures++; l.file.failures == 1 {
		l.file.stale = time.Now()
	}
	l.log.Error("metadata file cannot be written: nothing is lost, the bucket has everything, but the next start will be slow; make room on the disk or mend it, it is tried again",
		"path", l.o.MetadataPath, "stale since", l.file.stale, "err", err)
	if l.o.Events.MetadataStale != nil {
		l.o.Events.MetadataStale(l.file.stale, err)
	}
}

func (l *Log) metadataCurrent() {
	if l.file.failures == 0 {
		return
	}
	l.log.Info("metadata file is current again", "path", l.o.MetadataPath, "was stale since", l.file.stale)
	l.file.failures = 0
	emit0(l.o.Events.MetadataCurrent)
}

// dropFarBehind lets the file be written anew where more has changed since it was written
// than one transaction should hold: after a replay of much.
func (l *Log) dropFarBehind() error {
	if l.state.Unsaved() <= maxUnsavedAtStart {
		return nil
	}
	l.state.StopCollecting()
	return l.db.Forget()
}

// lastSave is the one of a stop. A file that is not whole when ctx ends is no file.
func (l *Log) lastSave(ctx context.Context) {
	if err := l.saveState(ctx); err != nil && ctx.Err() != nil {
		l.log.Warn("stopped before the metadata file was whole: the next start replays the journal instead", "path", l.o.MetadataPath, "err", err)
	}
}
