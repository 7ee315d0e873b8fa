package spool_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/spool"
)

// golden are the bodies in testdata, by their number less 1.
func golden() []*pipeline.Body {
	one, two := bodyOf(1, 300), bodyOf(2, 300)
	two.ContentEncoding, two.Plain = "gzip", nil // of a sort: nobody decodes it here
	return []*pipeline.Body{one, two, bodyOf(3, 0)}
}

// TestGoldenDirectory reads the directories that releases have written, one for each version of the
// format: they stay for ever. TAILRACE_SPOOL_GOLDEN=1 writes the one of this version, if it is not
// there.
func TestGoldenDirectory(t *testing.T) {
	const latest = "testdata/v1"
	if os.Getenv("TAILRACE_SPOOL_GOLDEN") != "" {
		d := open(t, spool.Config{Dir: latest, Now: func() time.Time { return time.Unix(1_700_000_000, 0) }})
		for i, b := range golden() {
			if _, err := d.Put(b, keyOf(i+1)); err != nil {
				t.Fatal(err)
			}
		}
		closes(t, d)
	}
	dirs, err := filepath.Glob("testdata/v*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no golden directory", err)
	}
	for _, from := range dirs {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		d := open(t, spool.Config{Dir: dir})
		l := backlog(t, d)
		if len(l) != len(golden()) {
			t.Fatalf("%s: backlog %v", from, l)
		}
		for i, want := range golden() {
			body, key, err := d.Load(l[i])
			if err == nil {
				err = same(body, want)
			}
			if err != nil || key != keyOf(i+1) || l[i].Created.Unix() != 1_700_000_000 {
				t.Errorf("%s, entry %d: key %q, created %v, %v", from, i, key, l[i].Created, err)
			}
		}
		closes(t, d)
	}
	refusesNewer(t)
	faults.Happened(t, "S-18", "the golden directory of each format reads; a newer file refuses Open and Load, and is left as it was")
}

func refusesNewer(t *testing.T) {
	dir := t.TempDir()
	d := open(t, spool.Config{Dir: dir})
	e := put(t, d, 1, 300)
	path := pathOf(t, dir, e)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(raw[8:], 2)
	binary.LittleEndian.PutUint32(raw[12:], crc32.Checksum(raw[:12], crc32.MakeTable(crc32.Castagnoli)))
	raw = append(raw, "and what a newer version has"...)
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Load(e); !errors.Is(err, spool.ErrNewer) {
		t.Errorf("Load says %v", err)
	}
	closes(t, d)
	if _, err := spool.Open(spool.Config{Dir: dir}); !errors.Is(err, spool.ErrNewer) {
		t.Errorf("Open says %v", err)
	}
	if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, raw) {
		t.Errorf("the newer file is not as it was: %v", err)
	}
}
