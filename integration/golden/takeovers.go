package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"streamhouse/log"
	"streamhouse/objstore"
)

// voidSegments leaves segments behind a gap: the first flush of several never
// lands, those behind it do. The next broker's seal takes the missing place.
func (m *maker) voidSegments() error {
	o, err := m.open("engine.db", nil)
	if err != nil {
		return err
	}
	if err := o.create(log.TopicSpec{Name: "taken", Partitions: 1}); err != nil {
		return err
	}
	var missing atomic.Pointer[string]
	o.store.hook(func(ctx context.Context, key string) error {
		if missing.CompareAndSwap(nil, &key); key != *missing.Load() {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	})
	for i := range 3 {
		if _, err := o.start("taken", 0, one(fmt.Sprint("void ", i))); err != nil {
			return err
		}
		time.Sleep(3 * flushInterval) // it is sealed, and on its way
	}
	return o.crash()
}

// overtaken runs two brokers: the second one takes over while the first is at work. Each of the first writes of a
// seal is beaten by a record of the first broker; refuse says what becomes of those behind them. after runs while the first
// broker still thinks that it leads.
func (m *maker) overtaken(beats int, refuse func(put int) error, after func(old *opened) error) error {
	old, err := m.open("old.db", nil)
	if err != nil {
		return err
	}
	puts := 0
	next, err := m.open("engine.db", func(_ context.Context, key string) error {
		if !strings.HasPrefix(key, "journal/") {
			return nil
		}
		if puts++; puts <= beats {
			return old.append("taken", 0, [][]byte{one(fmt.Sprint("in time ", puts))})
		}
		return refuse(puts)
	})
	cutShort := err != nil
	if cutShort && !errors.Is(err, errCutShort) {
		return err
	}
	err = after(old)
	if !cutShort {
		err = errors.Join(err, next.Check(m.ctx), next.Close(m.ctx))
	}
	// The first broker was fenced, or had nothing left to do.
	if closed := old.Close(m.ctx); !errors.Is(closed, log.ErrFenced) {
		err = errors.Join(err, closed)
	}
	return err
}

// errCutShort is permanent, so that the broker that takes over does not try again.
var errCutShort = fmt.Errorf("%w: the broker that took over is gone", objstore.ErrPermanent)

// postReached leaves a post that is reached without a gap: the old broker has filled what lay before it.
func (m *maker) postReached() error {
	return m.overtaken(1, func(int) error { return nil }, m.fenced)
}

// postBehindSeal leaves a post that is void: the first missing place got a seal as well.
func (m *maker) postBehindSeal() error {
	return m.overtaken(2, func(int) error { return nil }, m.fenced)
}

// takeoverCutShort leaves a post of a broker that came no further; the old one goes on up to it.
func (m *maker) takeoverCutShort() error {
	return m.overtaken(2, func(put int) error {
		if put == 3 {
			return nil // the post
		}
		return errCutShort
	}, func(old *opened) error {
		return errors.Join(old.append("taken", 0, [][]byte{one("up to the post")}), m.fenced(old))
	})
}

// fenced checks that the old broker cannot write any more.
func (m *maker) fenced(old *opened) error {
	pending, err := old.start("taken", 0, one("too late"))
	if err == nil {
		_, err = pending.Wait(m.ctx)
	}
	if !errors.Is(err, log.ErrFenced) {
		return fmt.Errorf("the old broker is told: %w", err)
	}
	return nil
}
