package main

import (
	"context"
	"errors"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
)

// life is one process of several that use the same disk, one after the other.
type life struct {
	number int
	dead   atomic.Bool   // the machine has stopped
	ended  chan struct{} // closed then
	rig    exporter
}

// spoolDir is where the spool is on the disk of a run.
const spoolDir = "/spool"

// syncEvery is how much a power failure may take of what is spooled without SyncEach.
const syncEvery = 100 * time.Millisecond

// acks is what the processes have acknowledged: what a Flush that returned nil had before it.
type acks struct {
	mu   sync.Mutex
	at   map[int]time.Time
	life []int // by item: the life that accepted it, from 1
}

// crashes plays a schedule in which the machine stops at calls of its file system, and starts again
// with what the disk still has: SIM-3.
func (w *world) crashes() (result Result, errs []error) {
	d := w.s.Spool
	disk := crashfs.New()
	ills := &trouble{w: w}
	acknowledged := &acks{at: map[int]time.Time{}, life: make([]int, w.s.Items)}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var current atomic.Pointer[life]
	var group sync.WaitGroup
	w.timeline(ctx, &group)
	group.Go(func() {
		if sleep(ctx, w.s.Heal) {
			w.heal()
		}
	})
	for number := 1; ; number++ {
		l := &life{number: number, ended: make(chan struct{})}
		last := number > len(d.Crashes)
		found := itemsOn(disk)
		at := -1
		if !last {
			at = disk.Ops() + d.Crashes[number-1]
		}
		disk.OnOp(func(op crashfs.Op) error {
			if op.N == at {
				l.dead.Store(true)
				close(l.ended)
				return crashfs.ErrCrashed
			}
			return ills.at(op)
		})
		r, err := w.newExporter(l, observability.CloudSpool{Dir: spoolDir, FS: disk.Start(), SyncEach: d.Each})
		switch {
		case err == nil:
			l.rig = r
			synctest.Wait() // the sink has looked into the directory
			if _, got := r.stats(); !l.dead.Load() && got.Accepted != found {
				errs = append(errs, errorf("life %d found %d items, the directory has %d", number, got.Accepted, found))
			}
			if number > 1 && w.s.Items > 0 {
				result.Recovered += found
			}
			current.Store(l)
			ills.open.Store(true)
		case !l.dead.Load():
			return result, append(errs, errorf("life %d: %w", number, err))
		}
		if number == 1 {
			w.produceInto(ctx, &current, acknowledged, &group)
		}
		if last {
			break
		}
		select {
		case <-l.ended:
		case <-time.After(w.s.Heal):
			l.dead.Store(true) // it has not come to so many calls: then now
		}
		result.Crashes++
		stopped := time.Now()
		w.collector.Down()
		if l.rig.CloudExporter != nil {
			current.Store(nil)
			_ = l.rig.close(over()) // its goroutines have to end; what it says is nobody's any more
		}
		keep := crashfs.KeepAll // a process that is killed leaves what it has written
		if d.Power {
			keep = w.s.Seed + 2 + uint64(number)
			if w.s.Seed%3 == 0 {
				keep = crashfs.LoseAll
			}
			if !d.Each {
				acknowledged.forget(w.syncedBefore(stopped))
			}
		}
		ills.open.Store(false)
		disk.OnOp(nil)
		disk.Crash(keep)
		w.collector.Up()
	}
	group.Wait() // until all is pushed and healed
	l := current.Load()
	time.Sleep(w.s.BatchWait + maxBackoff + 2*w.s.Timeout + w.reread())
	synctest.Wait()
	if _, ledger := l.rig.stats(); ledger.InFlight+ledger.Spooled != 0 {
		errs = append(errs, errorf("SIM-4: %d items are in flight and %d in the spool, long after the last fault", ledger.InFlight, ledger.Spooled))
	}
	closing, done := context.WithTimeout(context.Background(), 10*time.Minute)
	defer done()
	err := l.rig.close(closing)
	errs = append(errs, w.closed(l.rig, err)...)
	if left := itemsOn(disk); left != 0 {
		errs = append(errs, errorf("%d items are left in the spool, after all was delivered", left))
	}
	errs = append(errs, w.judgeCrashes(&result, l, acknowledged)...)
	result.Faults += int(ills.met.Load())
	return result, errs
}

// isBatch reports whether a file is an entry of the queue.
func isBatch(name string) bool { return path.Dir(name) == spoolDir && path.Ext(name) == ".batch" }

// itemsOn counts the items in the queue of the spool, by the names of its files.
func itemsOn(disk *crashfs.Disk) (items int64) {
	for _, name := range disk.Names() {
		if !isBatch(name) {
			continue
		}
		if parts := strings.Split(path.Base(name), "-"); len(parts) > 1 {
			n, _ := strconv.ParseInt(parts[1], 10, 64) // the spool reads it likewise
			items += n
		}
	}
	return items
}

// produceInto pushes each item into the process that is alive then, and has a part of them flushed.
func (w *world) produceInto(ctx context.Context, current *atomic.Pointer[life], a *acks, group *sync.WaitGroup) {
	for p := range w.s.Producers {
		rng := w.s.rand(uint64(100 + p))
		group.Go(func() {
			for n := p; n < w.s.Items; n += w.s.Producers {
				time.Sleep(upTo(rng, w.s.Every+1))
				l := current.Load()
				if l == nil {
					w.pushed[n].Store(refused)
					continue
				}
				a.mu.Lock()
				a.life[n] = l.number
				a.mu.Unlock()
				w.push(ctx, l.rig, n)
				if oneIn(rng, 4) {
					a.flush(ctx, w, l)
				}
			}
			if l := current.Load(); l != nil {
				a.flush(ctx, w, l)
			}
		})
	}
}

// flush acknowledges what a process had, if it says so.
func (a *acks) flush(ctx context.Context, w *world, l *life) {
	var had []int
	a.mu.Lock()
	for n := range w.pushed {
		if w.pushed[n].Load() == accepted && a.life[n] == l.number {
			had = append(had, n)
		}
	}
	a.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if l.rig.flush(ctx) != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if l.dead.Load() {
		return
	}
	for _, n := range had {
		if _, known := a.at[n]; !known {
			a.at[n] = time.Now()
		}
	}
}

// forget takes back what was acknowledged after a time.
func (a *acks) forget(after time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for n, at := range a.at {
		if at.After(after) {
			delete(a.at, n)
		}
	}
}

// judgeCrashes holds that what was acknowledged is stored, or was told as lost.
func (w *world) judgeCrashes(result *Result, l *life, a *acks) []error {
	w.collector.Close()
	j := &account{world: w, requests: w.collector.Requests(), tries: map[string][]int{}}
	w.mu.Lock()
	defer w.mu.Unlock()
	j.errs = append(j.errs, w.violations...)
	j.note(l.rig.check())
	j.note(w.collector.Err())
	server := w.collector.Ledger()
	j.note(server.Check())
	stored := map[int]bool{}
	for _, record := range w.collector.Records() {
		n, err := numberOf(record.SpanID)
		if err != nil || n >= w.s.Items || w.pushed[n].Load() != accepted {
			j.fault(true, "the collector has item %q, which nobody accepted", record.SpanID)
			continue
		}
		stored[n] = true
	}
	unnamed := int(w.unnamed[pipeline.ReasonRejected]) // a part of a body, of which only the number is told
	missing := 0
	for n := range a.at {
		// Only the endpoint may say no to what was acknowledged; damage is no excuse.
		reason := w.lost[n].reason
		if !stored[n] && reason != pipeline.ReasonRejected && reason != pipeline.ReasonTooLarge {
			missing++
		}
	}
	j.fault(missing > unnamed, "SIM-3: %d of %d acknowledged items are neither stored nor refused by the collector", missing, len(a.at))
	result.Elapsed, result.Requests, result.Repeated = w.since(), len(j.requests), int64(server.Repeated)
	_, result.Ledger = l.rig.stats()
	result.Acknowledged = len(a.at)
	for len(w.sightings) < len(j.requests) {
		w.sightings = append(w.sightings, sighting{})
	}
	for _, seen := range w.sightings {
		if seen.ill {
			result.Faults++
		}
	}
	if len(j.errs) > 0 {
		j.ledger = result.Ledger
		j.errs = append(j.errs, j.history())
	}
	return j.errs
}

var errDead = errors.New("sim: the machine has stopped")
