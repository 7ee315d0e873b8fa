package observability_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/sink/spool"
	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
)

// onDisk is what is in a directory, in spans.
func onDisk(t *testing.T, cfg observability.CloudSpool) int64 {
	t.Helper()
	list, err := spool.Look(cfg.Dir, cfg.FS).List(spool.Queue)
	if err != nil {
		t.Fatal(err)
	}
	return int64(list.Items())
}

// sameAsDisk holds that the ledger calls spooled what is in the directory.
func (r *rig) sameAsDisk(cfg observability.CloudSpool) {
	r.Helper()
	l := r.Stats().Ledger
	if disk := onDisk(r.T, cfg); l.Spooled != disk || r.Stats().Spool.Items != disk {
		r.Errorf("the ledger has %d spans spooled, Stats.Spool %d, the directory %d", l.Spooled, r.Stats().Spool.Items, disk)
	}
	if l.Balance() != 0 || l.Spooled < 0 {
		r.Errorf("balance %d: %+v", l.Balance(), l)
	}
}

// TestSpoolOutlivesTheExporter: what an outage left on disk is delivered by the next exporter, and a
// batch that may have arrived before comes again under its key.
func TestSpoolOutlivesTheExporter(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		cfg := observability.CloudExporterConfig{MaxBatchSize: 10, Spool: observability.CloudSpool{Dir: filepath.Join(t.TempDir(), "a", "spool")}}
		c.Set(sinktest.AnswerLost())
		r := start(t, c, cfg)
		for i := range 1005 {
			r.export(numbered(i))
		}
		if err := r.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		r.sameAsDisk(cfg.Spool)
		if l := r.Stats().Ledger; l.Spooled+l.Delivered != 1005 {
			t.Errorf("after Flush: %+v", l)
		}
		time.Sleep(time.Minute)
		if err := r.shutdown(time.Hour); err != nil {
			t.Error(err)
		}
		r.account(pipeline.Ledger{Accepted: 1005, Spooled: 1005})
		r.sameAsDisk(cfg.Spool)
		if !strings.Contains(r.log.String(), "spooled=1005") {
			t.Errorf("the log does not say what is spooled: %s", r.log)
		}
		arrived := c.Len()
		if arrived == 0 || arrived == 1005 {
			t.Errorf("%d spans had arrived", arrived)
		}

		c.Heal()
		r = start(t, c, cfg)
		r.export(numbered(1005))
		r.stop()
		r.account(pipeline.Ledger{Accepted: 1006, Delivered: 1006})
		r.stored(1006)
		r.sameAsDisk(cfg.Spool)
		if !strings.Contains(r.log.String(), "the spool has spans of an earlier run\" spans=1005") {
			t.Errorf("the log does not say what was found: %s", r.log)
		}
	})
}

// TestSpoolAtShutdown: whatever the exporter is doing when its time is up, what it has goes to disk.
func TestSpoolAtShutdown(t *testing.T) {
	for _, state := range []struct {
		name  string
		spans int
		ready time.Duration
		fault sinktest.Fault
		dial  bool
		lasts bool // the endpoint is there, and tried until the deadline
	}{
		{name: "idle"},
		{name: "batch half full", spans: 5},
		{name: "one after the other at once", spans: 500},
		{name: "connecting", spans: 10, ready: time.Second, dial: true},
		{name: "body half sent", spans: 10, ready: time.Second, fault: sinktest.SlowRead(20, time.Second)},
		{name: "waiting for the answer", spans: 10, ready: time.Second, fault: sinktest.Delay(8 * time.Second)},
		{name: "answers lost", spans: 100, ready: time.Second, fault: sinktest.AnswerLost()},
		{name: "in a retry sleep", spans: 10, ready: time.Second, fault: sinktest.Status(429, "Retry-After", "30"), lasts: true},
		{name: "while the endpoint is down", spans: 100, ready: 10 * time.Second, fault: sinktest.Status(503)},
		{name: "in a pause", spans: 100, ready: time.Minute, fault: sinktest.Status(401)},
		{name: "much more than senders take", spans: 300, ready: time.Second, fault: sinktest.Delay(5 * time.Second), lasts: true},
	} {
		for _, way := range []struct {
			name     string
			deadline time.Duration
			drain    time.Duration
		}{
			{name: "with a context that has ended", deadline: 0},
			{name: "with the deadline in the middle", deadline: time.Second},
			{name: "with DrainTimeout", deadline: time.Hour, drain: time.Second},
			{name: "with a generous deadline", deadline: time.Hour},
		} {
			t.Run(state.name+", "+way.name, func(t *testing.T) {
				bubble(t, func(t *testing.T, c *sinktest.Collector) {
					cfg := observability.CloudExporterConfig{
						MaxBatchSize: 10, DrainTimeout: way.drain, MaxSenders: 4,
						Spool: observability.CloudSpool{Dir: "/spool", FS: crashfs.New().Start()},
					}
					if state.fault != nil {
						c.Set(state.fault)
					}
					if state.dial {
						c.OnDial(func(ctx context.Context, _ int) error {
							<-ctx.Done()
							return ctx.Err()
						})
					}
					r := start(t, c, cfg)
					for i := range state.spans {
						r.export(numbered(i))
					}
					time.Sleep(state.ready)
					ctx, cancel := context.WithTimeout(t.Context(), way.deadline)
					defer cancel()
					began := time.Now()
					err := r.Shutdown(ctx)
					most := way.deadline
					if way.drain > 0 {
						most = way.drain
					}
					if !state.lasts {
						most = min(most, time.Minute)
					}
					if most += 100 * time.Millisecond; time.Since(began) > most {
						t.Errorf("Shutdown took %v, want at most %v", time.Since(began), most)
					}
					l := r.Stats().Ledger
					if err != nil || l.Lost() != 0 || l.Delivered+l.Spooled != int64(state.spans) {
						t.Errorf("%v: %+v", err, l)
					}
					r.account(pipeline.Ledger{})
					r.sameAsDisk(cfg.Spool)

					c.Heal()
					c.OnDial(nil)
					r = start(t, c, cfg)
					r.stop()
					r.stored(state.spans)
					r.account(pipeline.Ledger{Accepted: l.Spooled, Delivered: l.Spooled})
					r.sameAsDisk(cfg.Spool)
				})
			})
		}
	}
	if !t.Failed() {
		faults.Happened(t, "shutdown.spool", "11 states, each with 4 ends: nothing lost, within deadline + 100 ms; the next run delivered the rest, each span once")
	}
}

// TestSpoolDiskFull: the disk is full at each operation in turn, and later has room again.
func TestSpoolDiskFull(t *testing.T) {
	const batches = 2
	ops := 0
	for at := 0; at <= ops; at++ {
		bubble(t, func(t *testing.T, c *sinktest.Collector) {
			disk := crashfs.New()
			cfg := observability.CloudExporterConfig{
				MaxBatchSize: 10, MaxBytes: 8 << 20, Overflow: observability.OverflowBlock, MaxElapsed: -1,
				Spool: observability.CloudSpool{Dir: "/spool", FS: disk.Start()},
			}
			c.Down()
			r := start(t, c, cfg)
			first := disk.Ops()
			var full, failed atomic.Bool
			disk.OnOp(func(op crashfs.Op) error {
				switch {
				case ops > 0 && op.N-first == at:
					full.Store(true)
				case op.Kind == crashfs.Remove:
					return nil // what makes room works on a full disk
				}
				if full.Load() && op.Kind.Changes() {
					failed.Store(true)
					return syscall.ENOSPC
				}
				return nil
			})
			for i := range batches * 10 {
				r.export(numbered(i))
			}
			time.Sleep(10 * time.Second)
			if degraded := r.Stats().Spool.Err; failed.Load() && degraded == nil {
				t.Errorf("full from operation %d: Stats.Spool.Err is nil", at)
			}
			disk.OnOp(nil)
			for i := range 10 {
				r.export(numbered(batches*10 + i))
			}
			time.Sleep(10 * time.Second)
			if ops == 0 {
				ops = disk.Ops() - first
			}
			if s := r.Stats(); s.Spool.Err != nil || s.Ledger.Lost() != 0 || s.Ledger.Spooled == 0 {
				t.Errorf("full from operation %d: it has not resumed: %v %+v", at, s.Spool.Err, s.Ledger)
			}
			r.sameAsDisk(cfg.Spool)
			c.Up()
			r.stop()
			r.account(pipeline.Ledger{Accepted: batches*10 + 10, Delivered: batches*10 + 10})
			r.stored(batches*10 + 10)
			if failed.Load() && (strings.Count(r.log.String(), "the spool fails") != 1 || strings.Count(r.log.String(), "the spool works again") != 1) {
				t.Errorf("full from operation %d: %s", at, r.log)
			}
			if n := onDisk(t, cfg.Spool); n != 0 {
				t.Errorf("%d spans are left on disk", n)
			}
		})
		if t.Failed() {
			return
		}
	}
	faults.Happened(t, "S-6", "full from each of the operations in turn: said once, sent from memory, used again without a restart; nothing lost, each span stored once")
}

// TestSpoolHasOneOwner: a second exporter is told so, or does without where that is allowed.
func TestSpoolHasOneOwner(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		cfg := observability.CloudExporterConfig{Spool: observability.CloudSpool{Dir: t.TempDir()}}
		r := start(t, c, cfg)
		log := new(buffer)
		_, err := observability.NewCloudExporter(polite(c, cfg, log))
		if !errors.Is(err, pipeline.ErrConfig) || !errors.Is(err, spool.ErrLocked) || !strings.Contains(err.Error(), "CloudExporterConfig.Spool.Dir") {
			t.Errorf("a second exporter: %v", err)
		}
		cfg.Spool.Optional = true
		other := start(t, c, cfg)
		other.export(numbered(1))
		other.stop()
		if n := strings.Count(other.log.String(), "there is no spool"); n != 1 {
			t.Errorf("said %d times: %s", n, other.log)
		}
		r.stop()
		other = start(t, c, cfg)
		other.stop()
		if strings.Contains(other.log.String(), "there is no spool") {
			t.Error("the directory is not free again")
		}
	})
}

// TestSpoolOnADiskThatHangs: Shutdown does not wait for a disk that never answers, and the directory stays
// locked, since somebody may still write there.
func TestSpoolOnADiskThatHangs(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		disk := crashfs.New()
		answers := make(chan struct{})
		spooled := observability.CloudSpool{Dir: "/spool", FS: disk.Start()}
		r := start(t, c, observability.CloudExporterConfig{MaxBatchSize: 1, Queue: 10, Spool: spooled})
		disk.OnOp(func(op crashfs.Op) error {
			if op.Kind == crashfs.Write {
				<-answers
			}
			return nil
		})
		r.export(numbered(0))
		began := time.Now()
		err := r.shutdown(time.Second)
		var stuck *pipeline.StuckError
		if took := time.Since(began); !errors.As(err, &stuck) || took > 11080*time.Millisecond { // the deadline, the last call, and what the engine waits for somebody who is stuck
			t.Errorf("Shutdown took %v: %v", took, err)
		}
		if !strings.Contains(r.log.String(), "stays locked") {
			t.Errorf("the log does not say that the spool is locked: %s", r.log)
		}
		other := observability.CloudExporterConfig{
			AccessToken: fakeToken, IgnoreEnv: true, TracesEndpoint: c.URL(),
			Spool: observability.CloudSpool{Dir: "/spool", FS: disk.Start()},
		}
		if _, err := observability.NewCloudExporter(other); !errors.Is(err, spool.ErrLocked) {
			t.Errorf("another exporter gets %v", err)
		}
		close(answers)
		synctest.Wait()
		time.Sleep(time.Minute) // whoever was held ends
	})
	faults.Happened(t, "S-7.hangs", "a *pipeline.StuckError 10 s after the last call; ErrLocked for the next exporter")
}

func TestSpoolConfigIsChecked(t *testing.T) {
	for want, cfg := range map[string]observability.CloudSpool{
		"Spool.MaxBytes is negative": {Dir: "x", MaxBytes: -1},
		"Spool.MaxAge is negative":   {Dir: "x", MaxAge: -1},
		"Spool.Overflow is":          {Dir: "x", Overflow: observability.OverflowBlock},
		"Spool.Dir is empty":         {MaxBytes: 1 << 30},
		"less than two batches":      {Dir: "x", MaxBytes: 1 << 20},
	} {
		_, err := observability.NewCloudExporter(observability.CloudExporterConfig{AccessToken: fakeToken, IgnoreEnv: true, Spool: cfg})
		if !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "CloudExporterConfig.Spool.") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestSpoolIsFull: the cap holds in an outage, and what is dropped is counted in spans.
func TestSpoolIsFull(t *testing.T) {
	for _, policy := range []observability.CloudOverflow{"", observability.OverflowDropNewest} {
		bubble(t, func(t *testing.T, c *sinktest.Collector) {
			const spans, limit = 1000, 50_000
			cfg := observability.CloudExporterConfig{
				MaxBatchSize: 10, MaxBatchBytes: 10_000, MaxSenders: 1, Compression: observability.CompressNone,
				Spool: observability.CloudSpool{Dir: "/spool", FS: crashfs.New().Start(), MaxBytes: limit, Overflow: policy},
			}
			c.Down()
			r := start(t, c, cfg)
			for i := range spans {
				r.export(numbered(i))
			}
			if err := r.Flush(t.Context()); err != nil {
				t.Error(err)
			}
			if got := r.Stats().Spool.Bytes; got > limit*11/10 || got < limit*8/10 {
				t.Errorf("%d bytes on disk, MaxBytes is %d", got, limit)
			}
			r.sameAsDisk(cfg.Spool)
			kept := onDisk(t, cfg.Spool)
			loss := lossOf(t, r.shutdown(time.Hour))
			if loss.Ledger.Dropped != spans-kept || r.reason(pipeline.ReasonSpoolFull) != spans-kept {
				t.Errorf("%d kept of %d: %v", kept, spans, loss)
			}
			if !strings.Contains(r.log.String(), fmt.Sprintf("spool_full=%d", spans-kept)) {
				t.Errorf("the log does not tell of the loss: %s", r.log)
			}
			c.Up()
			r = start(t, c, cfg)
			r.stop()
			if got := int64(c.Len()); got != kept {
				t.Errorf("%d stored, want %d", got, kept)
			}
		})
	}
	if !t.Failed() {
		faults.Happened(t, "S-11", "within the cap; the oldest dropped, or the newest by policy, each counted as spool_full, and said in the log")
	}
}

// TestSpoolCountersAfterARestart: the counters begin with what is on disk, whatever came before.
func TestSpoolCountersAfterARestart(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		cfg := observability.CloudExporterConfig{MaxBatchSize: 10, Spool: observability.CloudSpool{Dir: "/spool", FS: crashfs.New().Start()}}
		var next int
		var kept int64
		for round := range 8 {
			switch round % 4 {
			case 0:
				c.Down()
			case 1:
				c.Up()
				c.Set(sinktest.Delay(time.Second))
			case 2:
				c.Set(sinktest.Status(503))
			case 3:
				c.Heal()
			}
			r := start(t, c, cfg)
			for range 95 {
				r.export(numbered(next))
				next++
			}
			time.Sleep(1500 * time.Millisecond)
			ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
			if err := r.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			cancel()
			l := r.Stats().Ledger
			if l.Accepted != kept+95 || l.Lost() != 0 || l.Made != 0 {
				t.Errorf("round %d began with %d: %+v", round, kept, l)
			}
			r.account(pipeline.Ledger{})
			r.sameAsDisk(cfg.Spool)
			kept = l.Spooled
		}
		c.Heal()
		r := start(t, c, cfg)
		r.stop()
		r.account(pipeline.Ledger{Accepted: kept, Delivered: kept})
		r.stored(next)
		r.sameAsDisk(cfg.Spool)
	})
	if !t.Failed() {
		faults.Happened(t, "S-15", "8 runs one after the other: spooled equals the directory at the beginning and the end of each, and no counter is below 0")
	}
}

// TestSpoolIsClosedWithoutFlush: Shutdown is all that it takes.
func TestSpoolIsClosedWithoutFlush(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		disk := crashfs.New()
		cfg := observability.CloudExporterConfig{Spool: observability.CloudSpool{Dir: "/spool", FS: disk.Start()}}
		c.Down()
		r := start(t, c, cfg)
		for i := range 10 {
			r.export(numbered(i))
		}
		if err := r.shutdown(time.Hour); err != nil {
			t.Error(err)
		}
		disk.Crash(1) // the power fails: what is spooled was synced
		cfg.Spool.FS = disk.Start()
		c.Up()
		r = start(t, c, cfg)
		r.stop()
		r.stored(10)
	})
	if !t.Failed() {
		faults.Happened(t, "S-16", "a batch that was not full was on disk, and synced, when Shutdown returned")
	}
}

// TestSpoolRefused: batches that the endpoint refuses for good are buried, one by one.
func TestSpoolRefused(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		cfg := observability.CloudExporterConfig{MaxBatchSize: 10, Spool: observability.CloudSpool{Dir: t.TempDir()}}
		c.Down()
		r := start(t, c, cfg)
		for i := range 300 {
			r.export(numbered(i))
		}
		if err := r.shutdown(time.Hour); err != nil {
			t.Error(err)
		}
		keys := map[string]bool{}
		c.OnRequest(func(q sinktest.Request) sinktest.Fault {
			if len(keys) < 3 {
				keys[q.Key] = true
			}
			if keys[q.Key] {
				return sinktest.Status(422)
			}
			return nil
		})
		c.Up()
		cfg.MaxSenders = 1
		r = start(t, c, cfg)
		synctest.Wait()
		time.Sleep(time.Second)
		if got := c.Len(); got != 270 {
			t.Errorf("%d are stored, want all but three batches", got)
		}
		_ = r.shutdown(time.Hour)
		r.account(pipeline.Ledger{Accepted: 300, Delivered: 270, Failed: 30})
		dead, err := spool.Look(cfg.Spool.Dir, nil).List(spool.Dead)
		if err != nil || dead.Items() != 30 || len(dead.Entries) != 3 {
			t.Errorf("dead letters: %d spans in %d entries, %v", dead.Items(), len(dead.Entries), err)
		}
		r.sameAsDisk(cfg.Spool)
	})
	if !t.Failed() {
		faults.Happened(t, "S-12", "buried, whole, as failed: rejected; those behind were delivered at once")
		faults.Happened(t, "S-13", "no batch that was refused counts as delivered")
	}
}
