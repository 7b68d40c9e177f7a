package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"streamhouse/log"
	"streamhouse/objstore"
	"streamhouse/objstore/dir"
)

// hookedStore calls beforePut before each object that is written, which may wait or refuse. It may be called
// concurrently; beforePut is called without the lock.
type hookedStore struct {
	objstore.Store

	mu        sync.Mutex
	beforePut func(ctx context.Context, key string) error
}

// hook sets what is called before each Put; nil is nothing.
func (s *hookedStore) hook(f func(ctx context.Context, key string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.beforePut = f
}

// Put implements [objstore.Store].
func (s *hookedStore) Put(ctx context.Context, key string, body []byte) error {
	s.mu.Lock()
	f := s.beforePut
	s.mu.Unlock()
	if f != nil {
		if err := f(ctx, key); err != nil {
			return err
		}
	}
	return s.Store.Put(ctx, key, body)
}

// opened is a log with the store under it.
type opened struct {
	*log.Log
	m     *maker
	store *hookedStore
}

// open opens the bucket with a metadata file of that name, and a hook, nil for none. The caller closes the log or has it crash.
func (m *maker) open(metadata string, hook func(ctx context.Context, key string) error) (*opened, error) {
	bucket, err := dir.Open(m.bucket())
	if err != nil {
		return nil, err
	}
	o := &opened{m: m, store: &hookedStore{Store: bucket, beforePut: hook}}
	o.Log, err = log.Open(m.ctx, o.store, log.Options{
		MetadataPath:    m.path(metadata),
		FlushInterval:   flushInterval,
		TrustCompressed: m.trust,
		Logger:          slog.New(slog.DiscardHandler),
	})
	return o, err
}

// flushInterval lets what a step starts at once share a flush.
const flushInterval = 50 * time.Millisecond

// crash ends a log whose last flushes do not land. What the hook holds up has to end with its context, else it hangs.
func (o *opened) crash() error {
	ctx, cancel := context.WithCancel(o.m.ctx)
	cancel()
	if err := o.Close(ctx); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("a crash ended with: %w", err)
	}
	return nil
}

// overlapping has two flushes under way at once: the one that first fills is held up until the one of second is about to
// be written.
func (o *opened) overlapping(first, second func() error) error {
	held, release := make(chan struct{}), make(chan struct{})
	var puts atomic.Int32
	o.store.hook(func(context.Context, string) error {
		switch puts.Add(1) {
		case 1:
			close(held)
			<-release
		case 2:
			close(release)
		}
		return nil
	})
	defer o.store.hook(nil)
	if err := first(); err != nil {
		return err
	}
	<-held
	return second()
}

// with opens the bucket for a step, checks all of it at the end and closes it. Steps share one metadata file.
func (m *maker) with(step func(*opened) error) error {
	o, err := m.open("engine.db", nil)
	if err != nil {
		return err
	}
	err = step(o)
	if err == nil {
		err = o.Check(m.ctx)
	}
	return errors.Join(err, o.Close(m.ctx))
}
