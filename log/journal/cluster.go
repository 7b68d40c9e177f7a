package journal

import (
	"bytes"
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
		raw, err := readCluster(ctx, j)
		if errors.Is(err, objstore.ErrNotFound) {
			if err := foundCluster(ctx, j); err != nil {
				return err
			}
			// Ours, or that of another broker which was quicker.
			raw, err = readCluster(ctx, j)
		}
		if err != nil {
			return err
		}
		id, err = decodeCluster(raw)
		return err
	})
	return id, err
}

// readCluster reads the object twice: it has no checksum, and a wrong id would get into every segment.
func readCluster(ctx context.Context, j *Journal) ([]byte, error) {
	first, err := j.store.Get(ctx, clusterKey)
	if err != nil {
		return nil, fmt.Errorf("read the object %q: %w", clusterKey, err)
	}
	second, err := j.store.Get(ctx, clusterKey)
	switch {
	case errors.Is(err, objstore.ErrNotFound):
		// No reason to found another one.
		return nil, fmt.Errorf("%w: the object %q was read, and then it was not there", segment.ErrCorrupt, clusterKey)
	case err != nil:
		return nil, fmt.Errorf("read the object %q again: %w", clusterKey, err)
	case !bytes.Equal(first, second):
		return nil, fmt.Errorf("%w: two reads of the object %q differ: %q and %q", segment.ErrCorrupt, clusterKey, shown(first), shown(second))
	}
	return first, nil
}

// foundCluster writes the object, unless somebody else does. A bucket that has a journal has had one.
func foundCluster(ctx context.Context, j *Journal) error {
	for info, err := range j.store.List(ctx, journalPrefix, "") {
		if err != nil {
			return fmt.Errorf("list the journal: %w", err)
		}
		return fmt.Errorf("%w: the bucket has a journal (%s) but no object %q: restore that object, or use an empty bucket", segment.ErrCorrupt, info.Key, clusterKey)
	}
	body, err := json.Marshal(clusterObject{Format: clusterFormat, Cluster: meta.FormatID(meta.NewID()), Created: time.Now().UTC().Format(time.RFC3339)})
	if err != nil {
		return err
	}
	if err := j.store.Put(ctx, clusterKey, append(body, '\n')); err != nil && !errors.Is(err, objstore.ErrExists) {
		return fmt.Errorf("write the object %q: %w", clusterKey, err)
	}
	return nil
}

func decodeCluster(raw []byte) (id [16]byte, err error) {
	var c clusterObject
	if err := json.Unmarshal(raw, &c); err != nil {
		return id, fmt.Errorf("%w: the object %q is not ours (%q): %w", segment.ErrCorrupt, clusterKey, shown(raw), err)
	}
	if c.Format != clusterFormat {
		return id, fmt.Errorf("%w: the bucket has format %d, this program reads %d: use the version that wrote it", ErrFormat, c.Format, clusterFormat)
	}
	b, err := base64.RawURLEncoding.DecodeString(c.Cluster)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("%w: the object %q names no valid cluster id: %q", segment.ErrCorrupt, clusterKey, c.Cluster)
	}
	copy(id[:], b)
	return id, nil
}

// shown is what an error text shows of bytes that are not what they should be.
func shown(raw []byte) []byte { return raw[:min(len(raw), 80)] }
