package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"streamhouse/cmd/streamhouse/metrics"
	"streamhouse/objstore"
)

func TestPatienceEndsWithASilentStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		ctx, p := newPatience(t.Context(), time.Minute)
		defer p.close()
		<-ctx.Done()
		require.Equal(t, time.Minute, time.Since(begun))
		require.EqualError(t, context.Cause(ctx), "the object store does not answer: nothing for 1m0s")
	})
}

func TestPatienceNamesTheLastFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, p := newPatience(t.Context(), time.Minute)
		defer p.close()
		for range 3 {
			time.Sleep(time.Second)
			p.called(metrics.StoreCall{Err: errors.New("connection refused")})
		}
		<-ctx.Done()
		p.called(metrics.StoreCall{Err: context.Canceled})
		require.ErrorIs(t, context.Cause(ctx), errSilent)
		require.ErrorContains(t, context.Cause(ctx), "nothing for 1m0s: connection refused")
	})
}

// A long replay in a storm of refusals goes on as long as something comes through.
func TestAnAnswerRenewsPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, p := newPatience(t.Context(), time.Minute)
		for i := range 100 {
			time.Sleep(29 * time.Second)
			answer := []error{nil, objstore.ErrNotFound, objstore.ErrExists, objstore.ErrPermanent, objstore.ErrRange}[i%5]
			p.called(metrics.StoreCall{Err: errors.New("503")})
			p.called(metrics.StoreCall{Err: answer})
		}
		require.NoError(t, ctx.Err())
		p.close()
		time.Sleep(time.Hour)
		p.called(metrics.StoreCall{Err: nil}) // the broker runs: nobody counts any more
		time.Sleep(time.Hour)
		require.NoError(t, ctx.Err())
	})
}
