package spool_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/spool"
	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
)

var _ sink.Spool = (*spool.Dir)(nil)

var modes = map[string]spool.SyncMode{"SyncInterval": spool.SyncInterval, "SyncEach": spool.SyncEach}

// bodyOf makes a body of n bytes in one to four items, which tells which one it is.
func bodyOf(i, n int) *pipeline.Body {
	data := fmt.Appendf(nil, "body %d ", i)
	for len(data) < n {
		data = append(data, byte(len(data)*i+len(data)>>8))
	}
	b := &pipeline.Body{Data: data, Plain: data, ContentType: "application/json", Charged: n}
	for part := range i%4 + 1 {
		b.Parts = append(b.Parts, pipeline.Part{From: part, To: part + 1})
	}
	return b
}

func keyOf(i int) string { return fmt.Sprintf("key-%d", i) }

// same tells what of a loaded body is not as it was put.
func same(got, want *pipeline.Body) error {
	switch {
	case !bytes.Equal(got.Data, want.Data):
		return fmt.Errorf("%d bytes that differ from the %d that were put", len(got.Data), len(want.Data))
	case got.ContentType != want.ContentType || got.ContentEncoding != want.ContentEncoding:
		return fmt.Errorf("type %q, encoding %q", got.ContentType, got.ContentEncoding)
	case !slices.Equal(got.Parts, want.Parts):
		return fmt.Errorf("parts %v, want %v", got.Parts, want.Parts)
	case got.Charged != 0:
		return fmt.Errorf("charged %d", got.Charged)
	case want.ContentEncoding == "" && !bytes.Equal(got.Plain, got.Data), want.ContentEncoding != "" && got.Plain != nil:
		return errors.New("Plain is not what it should be")
	}
	return nil
}

func open(t testing.TB, cfg spool.Config) *spool.Dir {
	t.Helper()
	d, err := spool.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func closes(t testing.TB, d *spool.Dir) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, d *spool.Dir, i, n int) sink.SpoolEntry {
	t.Helper()
	e, err := d.Put(bodyOf(i, n), keyOf(i))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func backlog(t testing.TB, d *spool.Dir) []sink.SpoolEntry {
	t.Helper()
	l, err := d.Backlog()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// loads loads an entry and checks that it is body i of n bytes.
func loads(t testing.TB, d *spool.Dir, e sink.SpoolEntry, i, n int) {
	t.Helper()
	body, key, err := d.Load(e)
	if err == nil {
		err = same(body, bodyOf(i, n))
	}
	if err == nil && key != keyOf(i) {
		err = fmt.Errorf("key %q", key)
	}
	if err != nil {
		t.Fatalf("body %d: %v", i, err)
	}
	body.Free()
}

// keys loads all of the queue, and returns the keys of what is whole and the number of damaged.
func keys(t testing.TB, d *spool.Dir) (whole []string, torn int) {
	t.Helper()
	for _, e := range backlog(t, d) {
		body, key, err := d.Load(e)
		switch {
		case errors.Is(err, sink.ErrSpoolDamaged):
			torn++
		case err != nil:
			t.Fatal(err)
		default:
			var i int
			if _, err := fmt.Sscanf(key, "key-%d", &i); err != nil {
				t.Fatalf("key %q: %v", key, err)
			}
			if err := same(body, bodyOf(i, len(body.Data))); err != nil {
				t.Fatalf("%s: %v", key, err)
			}
			whole = append(whole, key)
			body.Free()
		}
	}
	return whole, torn
}

// pathOf is where an entry's file is: the one that begins with its number.
func pathOf(t testing.TB, dir string, e sink.SpoolEntry) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf("%016x-*.batch", e.Seq)))
	if err != nil || len(found) != 1 {
		t.Fatalf("files of entry %d: %q, %v", e.Seq, found, err)
	}
	return found[0]
}

// nameIn is pathOf for a disk in memory.
func nameIn(t testing.TB, disk *crashfs.Disk, e sink.SpoolEntry) string {
	t.Helper()
	for _, name := range disk.Names() {
		if strings.Contains(name, fmt.Sprintf("/%016x-", e.Seq)) && strings.HasSuffix(name, ".batch") {
			return name
		}
	}
	t.Fatalf("entry %d has no file", e.Seq)
	return ""
}

// amount is how much a test does: few of it in each run, or as the environment says.
func amount(t testing.TB, variable string, few int) int {
	t.Helper()
	if text := os.Getenv(variable); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("%s: %v", variable, err)
		}
		return n
	}
	return few
}

func onDisk(disk *crashfs.Disk, mode spool.SyncMode) spool.Config {
	return spool.Config{Dir: "/var/spool", Sync: mode, FS: disk.Start()}
}
