package journal

import (
	"context"
	"fmt"
	"strings"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
)

// checkEnd refuses to take the place where the replay stopped for the journal's end, if that is a loss.
func (j *Journal) checkEnd(ctx context.Context, state *meta.State) error {
	beyond, err := j.beyondEnd(ctx, state)
	if err != nil || beyond == "" {
		return err
	}
	// A broker that is still at work may have written all that meanwhile.
	run, err := j.listRun(ctx, state.Epoch, state.Seq, 1)
	if err != nil || len(run) > 0 {
		return err
	}
	return fmt.Errorf("%w: %s is missing, though %s exists: restore it before you start the broker again",
		segment.ErrCorrupt, segment.Key(state.Epoch, state.Seq+1), beyond)
}

// beyondEnd looks for proof that the place where the replay stopped is a loss
// and not the journal's end: a segment farther behind than any pipeline
// reaches, or a later epoch, which only a seal can have begun. Sealing there
// would void what was acknowledged. A fence post proves nothing; see [Journal.seal].
func (j *Journal) beyondEnd(ctx context.Context, state *meta.State) (key string, err error) {
	err = j.retry(ctx, func() error {
		key = ""
		for info, err := range j.store.List(ctx, "journal/", segment.Key(state.Epoch, state.Seq+MaxPipeline)) {
			if err != nil {
				return fmt.Errorf("list the journal: %w", err)
			}
			post, err := j.isPost(ctx, state.Epoch, info)
			if err != nil {
				return err
			}
			if !post {
				key = info.Key
				break
			}
		}
		return nil
	})
	return key, err
}

// isPost tells whether an object is a seal of an epoch.
func (j *Journal) isPost(ctx context.Context, epoch uint32, info objstore.Info) (bool, error) {
	if !strings.HasPrefix(info.Key, segment.Prefix(epoch)) {
		return false, nil
	}
	c, err := j.read(ctx, info.Key, info.Size)
	if err != nil {
		return false, err
	}
	if len(c.Entries) != 1 {
		return false, nil
	}
	_, seal := c.Entries[0].(*meta.Seal)
	return seal, nil
}
