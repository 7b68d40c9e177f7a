package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

func main() {
	out := flag.String("out", "", "zip file to write")
	flag.Parse()
	if err := run(context.Background(), *out); err != nil {
		slog.Error("no golden bucket was made", "error", err)
		os.Exit(1)
	}
}

// run makes a bucket and packs it.
func run(ctx context.Context, out string) error {
	if out == "" {
		return fmt.Errorf("name the file to write: -out golden/testdata/NAME.zip")
	}
	folder, err := os.MkdirTemp("", "streamhouse-golden-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	m := &maker{ctx: ctx, folder: folder}
	if err := m.make(); err != nil {
		return err
	}
	return pack(out, map[string]string{bucketName: m.bucket(), earlyName: m.path(earlyName), lateName: m.path(lateName)})
}

// maker builds a bucket in a folder, one step after the other. Later steps stand on what earlier ones have left.
type maker struct {
	ctx    context.Context
	folder string
	trust  bool // compressed batches: see log.Options
}

func (m *maker) path(name string) string { return filepath.Join(m.folder, name) }

func (m *maker) bucket() string { return m.path(bucketName) }

func (m *maker) make() error {
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"through the doors", m.throughDoors},
		{"topics and groups", m.topicsAndGroups},
		{"codecs", m.codecs},
		{"trusted", m.trusted},
		{"producers", m.producers},
		{"blocks", m.blocks},
		{"deletions", m.deletions},
		{"poison", m.poison},
		{"void segments", m.voidSegments},
		{"a post that the old broker reaches", m.postReached},
		{"a post behind the seal", m.postBehindSeal},
		{"a takeover that is cut short", m.takeoverCutShort},
		{"the end", m.end},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}
