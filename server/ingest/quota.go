package ingest

import (
	"context"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// Quota is how far a project is with what it may store today, in spans.
type Quota struct {
	Used, Limit int64
	Until       time.Time // when it begins anew: the next midnight, UTC
}

// quotas counts the spans that projects with a quota store, by UTC days of arrival. Of a project that it does not know
// yet, since the server was started or the project had no quota, the store says how many spans of today it has.
type quotas struct {
	store store.Store
	now   func() time.Time

	mu       sync.Mutex
	projects map[string]*usage
}

// usage is one project's day.
type usage struct {
	mu    sync.Mutex // held while the store is asked
	day   string
	used  int64 // stored, or about to be
	limit int64
}

// lease is the part of a quota that a request has taken and not used yet.
type lease struct {
	u     *usage
	day   string
	spans int64
}

// take reserves n spans. The last request that finds something left gets all that it wants. ok is false when the quota
// is used up, also for a request of none.
func (q *quotas) take(ctx context.Context, p meta.Project, n int) (l lease, ok bool, err error) {
	if p.Quota <= 0 {
		return lease{}, true, nil
	}
	q.mu.Lock()
	if q.projects == nil {
		q.projects = map[string]*usage{}
	}
	u := q.projects[p.ID]
	if u == nil {
		u = new(usage)
		q.projects[p.ID] = u
	}
	q.mu.Unlock()

	u.mu.Lock()
	defer u.mu.Unlock()
	switch today := dayOf(q.now()); u.day {
	case today:
	case "":
		used, err := q.stored(ctx, p.ID, today)
		if err != nil {
			return lease{}, false, err
		}
		u.day, u.used = today, used
	default:
		u.day, u.used = today, 0
	}
	if u.limit = p.Quota; u.used >= u.limit {
		return lease{}, false, nil
	}
	u.used += int64(n)
	return lease{u, u.day, int64(n)}, true, nil
}

// settle gives back what of a lease was not stored.
func (l lease) settle(stored int) {
	if l.u == nil {
		return
	}
	l.u.mu.Lock()
	defer l.u.mu.Unlock()
	if l.u.day == l.day {
		l.u.used -= l.spans - int64(stored)
	}
}

// stored asks the store what today's file has.
func (q *quotas) stored(ctx context.Context, project, day string) (int64, error) {
	stats, err := q.store.Stats(ctx, project)
	if err != nil {
		return 0, err
	}
	for _, d := range stats.Days {
		if d.Day == day {
			return d.Spans, nil
		}
	}
	return 0, nil
}

func (q *quotas) stats() map[string]Quota {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	all := map[string]Quota{}
	for id, u := range q.projects {
		u.mu.Lock()
		if u.day == dayOf(now) {
			all[id] = Quota{Used: u.used, Limit: u.limit, Until: tomorrow(now)}
		}
		u.mu.Unlock()
	}
	return all
}

func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func tomorrow(t time.Time) time.Time {
	year, month, day := t.UTC().Date()
	return time.Date(year, month, day+1, 0, 0, 0, 0, time.UTC)
}
