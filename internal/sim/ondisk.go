package main

import (
	"context"
	"errors"
	"slices"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
)

// fileCalls is how many calls of the file system are made for one file before somebody looks at the time: a
// sync that fails, then the file is read, and written anew.
const fileCalls = 12

// closedOnDisk plays a schedule that ends by a Close while there is a spool, and then the process after it,
// which has to find and deliver what the first has left: SIM-2.
func (w *world) closedOnDisk() (Result, []error) {
	disk := crashfs.New()
	ills := &trouble{w: w}
	disk.OnOp(ills.at)
	first, err := w.newExporter(new(life), observability.CloudSpool{Dir: spoolDir, FS: disk.Start(), SyncEach: w.s.Spool.Each})
	if err != nil {
		return Result{}, []error{err}
	}
	ills.open.Store(true)
	errs := w.closedEarly(first)
	ills.open.Store(false)
	synctest.Wait()
	_, left := first.stats()
	found := itemsOn(disk)
	// A batch that could not be removed, or buried, is sent once more: so it is written.
	w.undone = found > left.Spooled && w.syncedBefore(w.closedAt).Before(w.closedAt.Add(-syncEvery-time.Millisecond))
	if found != left.Spooled && !w.undone {
		errs = append(errs, errorf("the ledger says that %d items are in the spool, the directory has %d", left.Spooled, found))
	}
	time.Sleep(time.Hour)

	second, err := w.newExporter(new(life), observability.CloudSpool{Dir: spoolDir, FS: disk.Start(), SyncEach: w.s.Spool.Each})
	if err != nil {
		return Result{}, append(errs, errorf("the next process: %w", err))
	}
	time.Sleep(w.s.BatchWait + maxBackoff + 2*w.s.Timeout)
	closing, done := context.WithTimeout(context.Background(), 10*time.Minute)
	defer done()
	errs = append(errs, w.closed(second, second.close(closing))...)
	_, got := second.stats()
	if got.Accepted != found || got.Spooled != 0 {
		errs = append(errs, errorf("%d items were left in the spool; the next process found %d and has left %d there", found, got.Accepted, got.Spooled))
	}
	if names := slices.DeleteFunc(disk.Names(), func(name string) bool { return !isBatch(name) }); len(names) > 0 {
		errs = append(errs, errorf("after all was delivered there are %q", names))
	}
	w.collector.Close()
	result, wrong := w.judge(processes{first, second})
	result.Recovered = got.Accepted
	result.Faults += int(ills.met.Load())
	return result, append(errs, wrong...)
}

// processes are two exporters with one spool, the second of which was started when the first had ended.
type processes struct {
	exporter
	next exporter
}

func (p processes) check() error { return errors.Join(p.exporter.check(), p.next.check()) }

// stats are those of the first, with a ledger that has what the second found in the spool once.
func (p processes) stats() (pipeline.Stats, pipeline.Ledger) {
	stats, a := p.exporter.stats()
	_, b := p.next.stats()
	b.Accepted -= a.Spooled
	a.Spooled = 0
	return stats, sum(a, b)
}
