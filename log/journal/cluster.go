package journal

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"streamhouse/log/segment"
	"streamhouse/meta"
	"streamhouse/objstore"
)

// clusterKey is the first object of a bucket. It is written once and never changes.
const clusterKey = "cluster"

// clusterFormat is the version of all that lies in the bucket.
const clusterFormat = 1

// clusterObject is the bucket's birth certificate, as JSON for the human who looks into it.
type clusterObject struct {
	Format  int    `json:"format"`
	Cluster string `json:"cluster"`
	Created string `json:"created"`
}

// openCluster reads the bucket's cluster id, and founds the cluster in a bucket
// that holds none.
func openCluster(ctx context.Context, j *Journal) (id [16]byte, err error) {
	err = j.retry(ctx, func() error {
		raw, err := j.store.Get(ctx, clusterKey)
		if errors.Is(err, objstore.ErrNotFound) {
			return foundCluster(ctx, j, &id)
		}
		if err != nil {
			return fmt.Errorf("read the object %q: %w", clusterKey, err)
		}
		id, err = decodeCluster(raw)
		return err
	})
	return id, err
}

func foundCluster(ctx context.Context, j *Journal, id *[16]byte) error {
	for info, err := range j.store.List(ctx, "journal/", "") {
		if err != nil {
			return fmt.Errorf("list the journal: %w", err)
		}
		return fmt.Errorf("%w: the bucket has a journal (%s) but no object %q: restore it, or use an empty bucket", segment.ErrCorrupt, info.Key, clusterKey)
	}
	fresh := meta.NewID()
	body, err := json.Marshal(clusterObject{Format: clusterFormat, Cluster: meta.FormatID(fresh), Created: time.Now().UTC().Format(time.RFC3339)})
	if err != nil {
		return err
	}
	err = j.store.Put(ctx, clusterKey, append(body, '\n'))
	if err == nil {
		*id = fresh
		return nil
	}
	if !errors.Is(err, objstore.ErrExists) {
		return fmt.Errorf("write the object %q: %w", clusterKey, err)
	}
	// Another broker was quicker, or our own answer got lost.
	raw, err := j.store.Get(ctx, clusterKey)
	if err != nil {
		return fmt.Errorf("read the object %q: %w", clusterKey, errors.New(err.Error())) // retriable even where it says not found
	}
	*id, err = decodeCluster(raw)
	return err
}

func decodeCluster(raw []byte) (id [16]byte, err error) {
	var c clusterObject
	if err := json.Unmarshal(raw, &c); err != nil {
		return id, fmt.Errorf("%w: the object %q is not ours: %w", segment.ErrCorrupt, clusterKey, err)
	}
	if c.Format != clusterFormat {
		return id, fmt.Errorf("%w: the bucket has format %d, this program reads %d: use the version that wrote it", segment.ErrCorrupt, c.Format, clusterFormat)
	}
	b, err := base64.RawURLEncoding.DecodeString(c.Cluster)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("%w: the object %q names no valid cluster id: %q", segment.ErrCorrupt, clusterKey, c.Cluster)
	}
	copy(id[:], b)
	return id, nil
}
