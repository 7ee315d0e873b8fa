package spool_test

import (
	"bytes"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/spool"
)

var _ sink.Spool = (*spool.Dir)(nil)

func TestQuick(t *testing.T) {
	for _, mode := range []spool.SyncMode{spool.SyncInterval, spool.SyncEach} {
		dir := t.TempDir() + "/a/b"
		d, err := spool.Open(spool.Config{Dir: dir, Sync: mode})
		if err != nil {
			t.Fatal(err)
		}
		data := bytes.Repeat([]byte("x"), 100_000)
		e, err := d.Put(&pipeline.Body{Data: data, Parts: []pipeline.Part{{0, 5}, {6, 10}}}, "key")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Sync(); err != nil {
			t.Fatal(err)
		}
		b, key, err := d.Load(e)
		if err != nil || key != "key" || !bytes.Equal(b.Data, data) || len(b.Parts) != 2 {
			t.Fatal(err, key)
		}
		b.Free()
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if d, err = spool.Open(spool.Config{Dir: dir, Sync: mode}); err != nil {
			t.Fatal(err)
		}
		l, err := d.Backlog()
		if err != nil || len(l) != 1 || l[0] != e {
			t.Fatal(l, err)
		}
		if err := d.Bury(e, nil); err != nil {
			t.Fatal(err)
		}
		if err := d.Requeue(e); err != nil {
			t.Fatal(err)
		}
		if err := d.Bury(e, b); err != nil {
			t.Fatal(err)
		}
		if l, err = d.List(spool.Dead); err != nil || len(l) != 1 {
			t.Fatal(l, err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
