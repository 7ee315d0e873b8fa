package spool_test

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/spool"
	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
)

// A body is put, the process ends, and the next one finds and delivers it.
func Example() {
	dir, err := os.MkdirTemp("", "spool")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cfg := spool.Config{Dir: dir, Sync: spool.SyncEach}

	var d sink.Spool
	d, err = spool.Open(cfg)
	if err != nil {
		panic(err)
	}
	body := &pipeline.Body{Data: []byte(`[1,2]`), Parts: []pipeline.Part{{From: 1, To: 2}, {From: 3, To: 4}}}
	if _, err := d.Put(body, "the-key"); err != nil {
		panic(err)
	}
	if err := d.(*spool.Dir).Close(); err != nil {
		panic(err)
	}

	if d, err = spool.Open(cfg); err != nil {
		panic(err)
	}
	var backlog []sink.SpoolEntry
	backlog, err = d.Backlog()
	if err != nil {
		panic(err)
	}
	for _, e := range backlog {
		body, key, err := d.Load(e)
		if errors.Is(err, sink.ErrSpoolDamaged) {
			continue // it is in quarantine
		}
		fmt.Println(key, body.Items(), string(body.Data))
		body.Free()
		if err := d.Remove(e); err != nil {
			panic(err)
		}
	}
	fmt.Println(d.(*spool.Dir).Close())
	// Output:
	// the-key 2 [1,2]
	// <nil>
}

// What an endpoint refuses for good is buried, and can be taken back.
func ExampleDir_Bury() {
	disk := crashfs.New()
	cfg := spool.Config{Dir: "/spool", FS: disk.Start(), Dead: spool.Keep{MaxBytes: 1 << 20, MaxAge: time.Hour}}
	d, err := spool.Open(cfg)
	if err != nil {
		panic(err)
	}
	e, err := d.Put(&pipeline.Body{Data: []byte("refused")}, "the-key")
	if err != nil {
		panic(err)
	}
	if err := d.Bury(e, nil); err != nil {
		panic(err)
	}
	dead, err := d.List(spool.Dead)
	fmt.Println(len(dead), err, d.Stats() == spool.Stats{Buried: 1})
	fmt.Println(d.Requeue(dead[0]))
	queue, err := d.Backlog()
	fmt.Println(len(queue), err)
	fmt.Println(d.Drop(spool.Queue, queue[0]), d.Close())
	// Output:
	// 1 <nil> true
	// <nil>
	// 1 <nil>
	// <nil> <nil>
}

// A view shows what is in a spool that some process has open.
func ExampleLook() {
	disk := crashfs.New()
	d, err := spool.Open(spool.Config{Dir: "/spool", FS: disk.Start()})
	if err != nil {
		panic(err)
	}
	if _, err := d.Put(&pipeline.Body{Data: []byte("{}"), Parts: make([]pipeline.Part, 3)}, "the-key"); err != nil {
		panic(err)
	}

	var view *spool.View = spool.Look("/spool", disk.Start()) // nil instead means spool.OS
	var c spool.Contents
	c, err = view.List(spool.Queue)
	fmt.Println(len(c.Entries), c.Items(), err)
	body, key, err := view.Read(spool.Queue, c.Entries[0])
	fmt.Println(string(body.Data), key, err)
	for _, f := range []spool.Folder{spool.Queue, spool.Dead, spool.Quarantine} {
		c, err := view.List(f)
		fmt.Println(f, len(c.Entries), c.Bytes() > 0, err)
	}
	_, err = spool.Open(spool.Config{Dir: "/spool", FS: disk.Start()})
	fmt.Println(errors.Is(err, spool.ErrLocked), d.Close())
	// Output:
	// 1 3 <nil>
	// {} the-key <nil>
	// queue 1 true <nil>
	// dead 0 false <nil>
	// quarantine 0 false <nil>
	// true <nil>
}

// A file system can be wrapped: this one is of the system, and syncs nothing.
func ExampleFS() {
	dir, err := os.MkdirTemp("", "spool")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	d, err := spool.Open(spool.Config{Dir: dir, FS: unsynced{spool.OS}, Sync: spool.SyncEach})
	if err != nil {
		panic(err)
	}
	var mode spool.SyncMode = spool.SyncInterval
	fmt.Println(mode == 0, d.SyncEvery(), d.Close())
	// Output: true 0s <nil>
}

type unsynced struct{ spool.FS }

func (unsynced) SyncDir(string) error { return nil }

func (u unsynced) Create(name string) (spool.File, error) {
	var f spool.File
	f, err := u.FS.Create(name)
	return f, err
}
