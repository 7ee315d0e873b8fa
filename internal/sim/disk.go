package main

import (
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
)

// diskFaults are what may be wrong with a disk for a while.
var diskFaults = map[string]func(crashfs.Op) error{
	"full": func(op crashfs.Op) error {
		if op.Kind == crashfs.Create || op.Kind == crashfs.Write {
			return syscall.ENOSPC
		}
		return nil
	},
	"no sync": func(op crashfs.Op) error {
		if op.Kind == crashfs.SyncFile || op.Kind == crashfs.SyncDir {
			return syscall.EIO
		}
		return nil
	},
	"no open": func(op crashfs.Op) error { // a read that fails is a bad sector, whose file is set aside
		if op.Kind == crashfs.Open {
			return syscall.EMFILE
		}
		return nil
	},
	"no remove": func(op crashfs.Op) error {
		if op.Kind == crashfs.Remove || op.Kind == crashfs.Rename {
			return syscall.EIO
		}
		return nil
	},
}

// trouble is what fails on the disk of a run.
type trouble struct {
	w    *world
	open atomic.Bool // a process has its spool; that one does not get it is another test's
	met  atomic.Int64
}

// at lets an operation fail if the schedule says so.
func (t *trouble) at(op crashfs.Op) error {
	if !t.open.Load() || t.w.healed.Load() {
		return nil
	}
	if op.Kind == crashfs.Create {
		t.w.reached(spooling)
	}
	time.Sleep(t.w.s.Spool.Slow)
	now := t.w.since()
	for _, f := range t.w.s.Faults {
		if f.On != "disk" || now < f.When || now >= f.When+f.Wait {
			continue
		}
		if err := diskFaults[f.Kind](op); err != nil {
			t.met.Add(1)
			return err
		}
	}
	return nil
}

// syncedBefore is the time before which all that was spooled is synced, if the power fails at a time: without
// SyncEach a tick earlier, or before the disk had its faults, of which a sync makes up within two seconds.
func (w *world) syncedBefore(crash time.Time) time.Time {
	since := crash
	for again := true; again; {
		again = false
		for _, f := range w.s.Faults {
			begin := w.began.Add(f.When)
			if f.On == "disk" && begin.Before(since) && begin.Add(f.Wait+2*time.Second).After(since) {
				since, again = begin, true
			}
		}
	}
	return since.Add(-syncEvery - time.Millisecond)
}

// reread is how much later, after the last fault, something is through that could not be read.
func (w *world) reread() time.Duration {
	for _, f := range w.s.Faults {
		if f.On == "disk" && f.Kind == "no open" {
			return 31 * time.Second
		}
	}
	return 0
}
