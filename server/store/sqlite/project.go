package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
	"github.com/tailrace-go/tailrace/server/store/internal/hist"
	"github.com/tailrace-go/tailrace/server/store/internal/hub"
	"github.com/tailrace-go/tailrace/span"
)

const (
	maxWriters = 4    // files that a project writes to without opening them again
	groupSpans = 4000 // of a commit, unless one batch has more

	// A commit of so few spans waits for batches that are being packed, for so long at most.
	fewInGroup = 200
	groupWait  = 5 * time.Millisecond
)

var noTokens span.Tokens

// project is one project: its files, and the goroutine that alone writes to them.
type project struct {
	store *Store
	id    string
	dir   string
	hub   *hub.Hub

	mu     sync.RWMutex // guards days and closed
	days   map[int64]*file
	closed bool

	coming atomic.Int64 // batches that are being packed
	jobs   chan *job
	work   chan func() // what must not run beside a commit
	done   chan struct{}

	// Of the writing goroutine.
	writers   map[int64]*writer
	uses      uint64
	nextCheck time.Time

	overQuota atomic.Bool

	counts counts
}

// counts are for Stats.
type counts struct {
	mu       sync.Mutex
	received int64
	stored   int64
	repeated int64
	rejected map[store.Reason]int64
	late     int64
	clock    int64
	commits  int64
	latency  hist.Hist
	dropped  store.Dropped
}

// write takes jobs until the project is closed. Whatever waits when it looks is committed at once, so that many small
// batches share a transaction and its pages. A lone one never waits for company.
func (p *project) write() {
	defer close(p.done)
	for {
		select {
		case f := <-p.work:
			f()
		case j, ok := <-p.jobs:
			if !ok {
				p.closeWriters()
				return
			}
			p.commit(p.gather(j))
		}
	}
}

// gather adds what else waits, and to a little what is about to.
func (p *project) gather(first *job) []*job {
	jobs := []*job{first}
	late := time.NewTimer(groupWait)
	defer late.Stop()
	for n := first.spans; n < groupSpans; {
		var j *job
		ok := false
		select {
		case j, ok = <-p.jobs:
		default:
			if n >= fewInGroup || p.coming.Load() == 0 {
				return jobs
			}
			select {
			case j, ok = <-p.jobs:
			case <-late.C:
			}
		}
		if !ok {
			return jobs // of closed jobs, write hears again
		}
		jobs = append(jobs, j)
		n += j.spans
	}
	return jobs
}

// do runs f on the writing goroutine and waits for it.
func (p *project) do(ctx context.Context, f func() error) error {
	result := make(chan error, 1)
	p.mu.RLock()
	closed := p.closed
	p.mu.RUnlock()
	if closed {
		return store.ErrClosed
	}
	select {
	case p.work <- func() { result <- f() }:
		return <-result
	case <-ctx.Done():
		return ctx.Err()
	case <-p.done:
		return store.ErrClosed
	}
}

// commit writes jobs in one transaction a file and answers them. Jobs whose caller has gone are left out.
func (p *project) commit(jobs []*job) {
	taken := jobs[:0]
	for _, j := range jobs {
		if j.state.take() {
			taken = append(taken, j)
		} else {
			p.store.queued.Add(-j.bytes)
		}
	}
	if len(taken) == 0 {
		return
	}
	start := time.Now()
	changes, late, clocks, err := p.insert(taken)
	if err != nil {
		p.dropWriters()
	} else {
		p.publish(taken, changes)
	}
	p.count(taken, err, late, clocks, time.Since(start))
	now := p.store.now() // before those who wait go on
	for _, j := range taken {
		p.store.queued.Add(-j.bytes)
		j.done <- err
	}
	if now.After(p.nextCheck) {
		p.nextCheck = now.Add(time.Second)
		_, _ = p.retain(now) // tried again in a second
	}
}

// insert writes the groups of all jobs. Nothing is visible to others before all of it is on disk.
func (p *project) insert(jobs []*job) (changes []change, late, clocks int64, err error) {
	for _, j := range jobs {
		again, err := p.sameKey(j)
		if err != nil {
			return nil, 0, 0, err
		}
		if again {
			j.repeatAll()
			continue
		}
		for _, g := range j.groups {
			ins, err := p.insertGroup(j, g)
			if err != nil {
				return nil, 0, 0, err
			}
			for _, in := range ins {
				late += in.lateRoots
				clocks += in.clocks
				if in.stored > 0 {
					j.changed = true
				}
				if in.stored > 0 && g.ofTrace && in.st.Spans > 0 {
					changes = append(changes, change{in.st, in.w.day, in.rows})
				}
			}
		}
		if err := p.keepKey(j); err != nil {
			return nil, 0, 0, err
		}
	}
	for _, w := range p.byDay() {
		if !w.inTxn {
			continue
		}
		dirty := w.dirty
		if err := w.commit(); err != nil {
			return nil, 0, 0, err
		}
		if !dirty {
			continue
		}
		if f := p.file(w.day); f != nil {
			f.newest.Store(new(newest)) // not nil, so that a reader from before notices
		}
	}
	return changes, late, clocks, nil
}

// byDay lists the writers, oldest first.
func (p *project) byDay() []*writer {
	days := make([]*writer, 0, len(p.writers))
	for _, w := range p.writers {
		days = append(days, w)
	}
	slices.SortFunc(days, func(a, b *writer) int { return int(a.day - b.day) })
	return days
}

// insertGroup finds the file that a group belongs to: the one that has its trace already, of its own day or a
// neighbour, so that a trace over midnight stays in one file; else that of its own day.
func (p *project) insertGroup(j *job, g *group) ([]*insertion, error) {
	if !g.ofTrace {
		w, err := p.writer(g.day)
		if err != nil {
			return nil, err
		}
		in, err := w.insert(j, g, &w.loose, nil)
		return []*insertion{in}, err
	}
	type home struct {
		w  *writer
		st *state
	}
	var homes []home
	for _, day := range [...]int64{g.day, g.day - 1, g.day + 1} {
		if day != g.day && p.file(day) == nil {
			continue
		}
		w, err := p.writer(day)
		if err != nil {
			return nil, err
		}
		st, err := w.find(g.trace)
		if err != nil {
			return nil, err
		}
		if st != nil {
			homes = append(homes, home{w, st})
		}
	}
	if len(homes) == 0 {
		w, err := p.writer(g.day)
		if err != nil {
			return nil, err
		}
		homes = append(homes, home{w, w.create(g.trace)})
	}
	if len(homes) == 1 {
		in, err := homes[0].w.insert(j, g, homes[0].st, nil)
		return []*insertion{in}, err
	}
	// The trace went on in a file of its own before the gap was filled: each span belongs where it is known.
	for _, home := range homes {
		if err := home.w.loadSpans(home.st); err != nil {
			return nil, err
		}
	}
	at := make([]int, len(g.spans))
	for i := range g.spans {
		for h := len(homes) - 1; h >= 0; h-- {
			if homes[h].st.rows.find(g.spans[i].ID) != nil {
				at[i] = h
			}
		}
	}
	var ins []*insertion
	for h, home := range homes {
		part := *g
		if h > 0 {
			part.records = nil
		}
		in, err := home.w.insert(j, &part, home.st, func(i int) bool { return at[i] == h })
		if err != nil {
			return nil, err
		}
		ins = append(ins, in)
	}
	return ins, nil
}

// writer returns the writer of a day, in a transaction.
func (p *project) writer(day int64) (*writer, error) {
	w := p.writers[day]
	if w == nil {
		if err := p.makeRoom(); err != nil {
			return nil, err
		}
		var err error
		if w, err = openWriter(p.store, p.path(day), day); err != nil {
			return nil, err
		}
		p.writers[day] = w
		p.addFile(day)
	}
	p.uses++
	w.used = p.uses
	err := w.begin()
	return w, err
}

// makeRoom closes the writer that was used the longest ago, unless it is in this transaction.
func (p *project) makeRoom() error {
	if len(p.writers) < maxWriters {
		return nil
	}
	var oldest *writer
	for _, w := range p.writers {
		if !w.inTxn && (oldest == nil || w.used < oldest.used) {
			oldest = w
		}
	}
	if oldest == nil {
		return nil // a batch that touches many days keeps them open until its end
	}
	delete(p.writers, oldest.day)
	return oldest.close()
}

func (p *project) closeWriters() {
	for day, w := range p.writers {
		_ = w.close() // what was committed is in the file or in its log
		delete(p.writers, day)
	}
}

// dropWriters forgets all that writers remember: after an error it may be ahead of the files.
func (p *project) dropWriters() { p.closeWriters() }

func (p *project) path(day int64) string { return filepath.Join(p.dir, facts.DayText(day)+".db") }

func (p *project) file(day int64) *file {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.days[day]
}

func (p *project) addFile(day int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.days[day] == nil {
		p.days[day] = newFile(p, day)
	}
}

// files lists the files, newest first.
func (p *project) files() []*file {
	p.mu.RLock()
	defer p.mu.RUnlock()
	files := make([]*file, 0, len(p.days))
	for _, f := range p.days {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b *file) int { return int(b.day - a.day) })
	return files
}

// publish tells the subscribers, each trace once.
func (p *project) publish(jobs []*job, changes []change) {
	now := p.store.now().UnixNano()
	var told []store.Change
	places := map[*state]int{}
	for _, c := range changes {
		i, twice := places[c.st]
		if !twice {
			i = len(told)
			places[c.st] = i
			told = append(told, store.Change{})
		}
		told[i].Trace = c.st.Summary(c.day, now)
		told[i].Rows = append(told[i].Rows, c.rows...)
	}
	for i := range told {
		if len(told[i].Rows) > store.RingSize {
			told[i].Rows = nil
		}
	}
	commit := p.hub.Last()
	if slices.ContainsFunc(jobs, func(j *job) bool { return j.changed }) {
		commit = p.hub.Commit(told)
	}
	for _, j := range jobs {
		j.result.Commit = commit
	}
}

func (p *project) count(jobs []*job, err error, late, clocks int64, took time.Duration) {
	c := &p.counts
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		return // nothing was received: it will be sent again
	}
	c.late += late
	c.clock += clocks
	c.commits++
	c.latency.Add(int64(took), 1)
	for _, j := range jobs {
		stored, repeated, rejected := j.result.Count()
		c.stored += int64(stored)
		c.repeated += int64(repeated)
		c.received += int64(len(j.result.Spans) + len(j.result.Records))
		for reason, n := range rejected {
			c.rejected[reason] += int64(n)
		}
	}
}

// sameKey reports whether a batch with this key and sum was committed before. Keys live as long as the file of the day
// on which they came, and are looked for in the last two: beyond that, spans and records are known by their ids.
func (p *project) sameKey(j *job) (bool, error) {
	if j.batch.Key == "" {
		return false, nil
	}
	today := facts.Day(j.received.UnixNano())
	for _, day := range [...]int64{today, today - 1} {
		if day != today && p.file(day) == nil {
			continue
		}
		w, err := p.writer(day)
		if err != nil {
			return false, err
		}
		same, err := w.hasKey(j.batch.Key, j.batch.Sum)
		if same || err != nil {
			return same, err
		}
	}
	return false, nil
}

func (p *project) keepKey(j *job) error {
	if j.batch.Key == "" {
		return nil
	}
	w, err := p.writer(facts.Day(j.received.UnixNano()))
	if err != nil {
		return err
	}
	w.dirty = true
	_, err = w.c.exec("INSERT OR IGNORE INTO idem VALUES (?, ?)", j.batch.Key, j.batch.Sum[:])
	return err
}

// repeatAll answers for items that an earlier batch with this key has brought.
func (j *job) repeatAll() {
	for _, outcomes := range [][]store.Outcome{j.result.Spans, j.result.Records} {
		for i := range outcomes {
			if outcomes[i].State != store.Rejected {
				outcomes[i].State = store.Repeated
			}
		}
	}
}

// jobState decides whether the caller or the writer gets hold of a job first.
type jobState struct{ v atomic.Int32 }

func (s *jobState) take() bool { return s.v.CompareAndSwap(0, 1) }

// close ends the writing goroutine once all that was taken is committed.
func (p *project) close() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		<-p.done
		return
	}
	p.closed = true
	close(p.jobs)
	p.mu.Unlock()
	<-p.done
	p.hub.Close()
	for _, f := range p.files() {
		f.shut()
	}
}

// load finds the files of a project.
func (p *project) load() error {
	entries, err := os.ReadDir(p.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if filepath.Ext(name) != ".db" {
			continue
		}
		if day, ok := facts.ParseDay(name[:len(name)-len(".db")]); ok {
			p.addFile(day)
		}
	}
	return nil
}
