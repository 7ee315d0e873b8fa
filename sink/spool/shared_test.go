package spool_test

import (
	"errors"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/sink/spool"
	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
)

// TestPutsShareASyncOfNames holds what several appenders cost: while one sync of the directory is at
// work all others wait for the next, which is one for all of them.
func TestPutsShareASyncOfNames(t *testing.T) {
	for name, fault := range map[string]error{"ok": nil, "EIO": syscall.EIO} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const puts = 8
				disk := crashfs.New()
				d := open(t, onDisk(disk, spool.SyncEach))
				syncs := 0
				disk.OnOp(func(op crashfs.Op) error {
					if op.Kind != crashfs.SyncDir {
						return nil
					}
					time.Sleep(10 * time.Millisecond)
					if syncs++; syncs == 2 { // that of the seven
						return fault
					}
					return nil
				})
				var all sync.WaitGroup
				begun := time.Now()
				for i := range puts {
					all.Go(func() {
						if _, err := d.Put(bodyOf(i, 100), keyOf(i)); err != nil {
							t.Error(err)
						}
					})
					if i == 0 {
						time.Sleep(time.Millisecond)
					}
				}
				all.Wait()
				want, rewritten := 2, 0
				if fault != nil {
					// All seven write again; the first of them syncs its name at once, the others share one.
					want, rewritten = 4, puts-1
				}
				if took := time.Since(begun); syncs > want || took > time.Duration(want)*10*time.Millisecond || d.Stats().Rewritten != rewritten {
					t.Errorf("%d syncs in %v, %d rewritten, want %d and %d", syncs, took, d.Stats().Rewritten, want, rewritten)
				}
				disk.OnOp(nil)
				disk.Crash(crashfs.LoseAll)
				d = open(t, onDisk(disk, spool.SyncEach))
				if whole, torn := keys(t, d); len(whole) != puts || torn != 0 {
					t.Errorf("%d whole, %d torn, want all %d", len(whole), torn, puts)
				}
				closes(t, d)
			})
		})
	}
}

// TestPowerFailsBetweenAppenders ends the power while four goroutines put at once.
func TestPowerFailsBetweenAppenders(t *testing.T) {
	for seed := range uint64(200) {
		disk := crashfs.New()
		d := open(t, onDisk(disk, spool.SyncEach))
		disk.FailAt(int(seed), crashfs.ErrCrashed)
		var all sync.WaitGroup
		var mu sync.Mutex
		acked := map[string]bool{}
		for appender := range 4 {
			all.Go(func() {
				for i := range 8 {
					key := keyOf(appender*100 + i)
					if _, err := d.Put(bodyOf(appender*100+i, 5000), key); err != nil {
						if !errors.Is(err, crashfs.ErrCrashed) {
							t.Error(err)
						}
						return
					}
					mu.Lock()
					acked[key] = true
					mu.Unlock()
				}
			})
		}
		all.Wait()
		disk.OnOp(nil)
		disk.Crash(seed)
		d = open(t, onDisk(disk, spool.SyncEach))
		whole, _ := keys(t, d)
		for _, key := range whole {
			delete(acked, key)
		}
		if len(acked) > 0 {
			t.Fatalf("seed %d: acknowledged and lost: %v", seed, acked)
		}
		closes(t, d)
	}
}
