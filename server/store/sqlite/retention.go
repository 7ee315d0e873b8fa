package sqlite

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
)

// retainOften does it until the store is closed.
func (s *Store) retainOften() {
	t := time.NewTicker(s.config.RetainEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			_, _ = s.Retain(context.Background()) // the next tick tries again
		case <-s.stop:
			return
		}
	}
}

// Retain implements store.Store.
func (s *Store) Retain(ctx context.Context) (store.Dropped, error) {
	var sum store.Dropped
	var errs []error
	for _, p := range s.all() {
		errs = append(errs, p.do(ctx, func() error {
			dropped, err := p.retain(s.now())
			sum = sum.Add(dropped)
			return err
		}))
	}
	return sum, errors.Join(errs...)
}

// retain removes days that are too old, then the oldest until the rest fits. Today stays: when it alone is too much,
// the project takes nothing more. It runs on the writing goroutine.
func (p *project) retain(now time.Time) (store.Dropped, error) {
	limits := p.store.limits(p.id)
	today := facts.Day(now.UnixNano())
	var sum store.Dropped
	var bytes int64
	for _, f := range p.files() {
		bytes += f.size()
	}
	files := p.files()
	for _, f := range slices.Backward(files) {
		old := limits.KeepFor > 0 && (f.day+1)*int64(24*time.Hour) <= now.Add(-limits.KeepFor).UnixNano()
		full := limits.KeepBytes > 0 && bytes > limits.KeepBytes && f.day < today
		if !old && !full {
			continue
		}
		dropped, err := p.drop(f)
		if err != nil {
			return sum, err
		}
		bytes -= dropped.Bytes
		sum = sum.Add(dropped)
	}
	p.overQuota.Store(limits.KeepBytes > 0 && bytes > limits.KeepBytes)
	p.counts.mu.Lock()
	p.counts.dropped = p.counts.dropped.Add(sum)
	p.counts.mu.Unlock()
	return sum, nil
}

// drop removes a day.
func (p *project) drop(f *file) (store.Dropped, error) {
	total, err := f.totals(context.Background())
	if err != nil {
		total = store.Day{} // a file that cannot be read goes all the same
	}
	dropped := store.Dropped{Days: 1, Spans: total.Spans, Traces: total.Traces, Bytes: f.size()}
	if w := p.writers[f.day]; w != nil {
		delete(p.writers, f.day)
		if err := w.close(); err != nil {
			return store.Dropped{}, err
		}
	}
	if err := f.remove(); err != nil {
		return store.Dropped{}, err
	}
	p.mu.Lock()
	delete(p.days, f.day)
	p.mu.Unlock()
	p.store.forget(f)
	return dropped, nil
}

// forget ends the count of a removed file among those that are open.
func (s *Store) forget(f *file) {
	s.openMu.Lock()
	defer s.openMu.Unlock()
	delete(s.open, f)
}

// DropProject implements store.Store.
func (s *Store) DropProject(ctx context.Context, id string) error {
	p, err := s.project(id, false)
	if p == nil || err != nil {
		return err
	}
	return p.do(ctx, func() error {
		for _, f := range p.files() {
			if _, err := p.drop(f); err != nil {
				return err
			}
		}
		p.overQuota.Store(false)
		return os.RemoveAll(p.dir)
	})
}

// Stats implements store.Store.
func (s *Store) Stats(ctx context.Context, id string) (store.Stats, error) {
	p, err := s.project(id, false)
	if p == nil || err != nil {
		return store.Stats{Limits: s.limits(id)}, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	stats := store.Stats{Limits: s.limits(id), QueueBytes: s.queued.Load(), Commit: p.hub.Last()}
	for _, f := range p.files() {
		day, err := f.totals(ctx)
		if err != nil {
			return stats, err
		}
		day.Day, day.Bytes = facts.DayText(f.day), f.size()
		stats.Bytes += day.Bytes
		stats.Days = append(stats.Days, day)
	}
	c := &p.counts
	c.mu.Lock()
	defer c.mu.Unlock()
	stats.Received, stats.Stored, stats.Repeated, stats.Rejected = c.received, c.stored, c.repeated, maps.Clone(c.rejected)
	stats.LateRoots, stats.Clock, stats.Dropped, stats.Commits = c.late, c.clock, c.dropped, c.commits
	stats.CommitP50, stats.CommitP99 = time.Duration(c.latency.Quantile(0.5)), time.Duration(c.latency.Quantile(0.99))
	return stats, nil
}

// Backup implements store.Store.
func (s *Store) Backup(ctx context.Context, dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return mapError(err)
	}
	for _, p := range s.all() {
		to := filepath.Join(dir, "projects", p.id)
		if err := os.MkdirAll(to, 0o700); err != nil {
			return mapError(err)
		}
		for _, f := range p.files() {
			if err := f.backup(ctx, filepath.Join(to, facts.DayText(f.day)+".db")); err != nil {
				return err
			}
		}
	}
	return nil
}

// backup copies one file as it is at one moment. VACUUM cannot run in a transaction, so it has a connection to itself.
func (f *file) backup(ctx context.Context, to string) error {
	f.life.RLock()
	defer f.life.RUnlock()
	if f.gone {
		return nil
	}
	c, err := f.open(ctx)
	if errors.Is(err, errGone) {
		return nil
	}
	if err != nil {
		return err
	}
	if err = c.run("PRAGMA query_only(0)"); err == nil { // it would refuse to write the copy, too
		_, err = c.exec("VACUUM INTO ?", to)
	}
	if err == nil {
		err = os.Chmod(to, 0o600)
	}
	return errors.Join(mapError(err), c.close())
}
