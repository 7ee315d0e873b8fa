// Package sqlite keeps traces in SQLite: one file for each project and UTC day, so that retention is the removal of a
// file, and every list reads summaries that were made when the spans came.
//
// A project has one writing goroutine. Batches are checked, encoded and compressed by those who bring them; the writer
// takes all that wait and inserts them in one transaction a file. A nil error from Append means that the transaction is
// in the log and, with the default Sync, that the disk has said so.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
	"github.com/tailrace-go/tailrace/server/store/internal/hub"
	"github.com/tailrace-go/tailrace/span"
)

// Config says where and how. Its zero value but for Dir works.
type Config struct {
	Dir string // required; made if need be; no two stores may have the same one open

	// Sync is what SQLite's synchronous pragma is set to: FULL (the default) survives the loss of power, NORMAL may then
	// lose the last commits, though never after a crash of the process alone.
	Sync string

	Packers       int                               // batches that are packed at the same time; 0 means GOMAXPROCS
	MaxQueueBytes int64                             // batches that wait to be written, as held in memory; 0 means 64 MiB
	Limits        func(project string) store.Limits // asked often; nil: the defaults for all
	Now           func() time.Time                  // nil: time.Now
	RetainEvery   time.Duration                     // 0 means a minute, < 0 never
}

func (c Config) withDefaults() (Config, error) {
	if c.Dir == "" {
		return c, errors.New("sqlite: Config.Dir is empty")
	}
	if c.Sync == "" {
		c.Sync = "FULL"
	}
	if c.Sync != "FULL" && c.Sync != "NORMAL" {
		return c, fmt.Errorf("sqlite: Config.Sync is %q, want FULL or NORMAL", c.Sync)
	}
	if c.MaxQueueBytes == 0 {
		c.MaxQueueBytes = 64 << 20
	}
	if c.MaxQueueBytes < 0 {
		return c, fmt.Errorf("sqlite: Config.MaxQueueBytes is %d", c.MaxQueueBytes)
	}
	if c.Packers < 0 {
		return c, fmt.Errorf("sqlite: Config.Packers is %d", c.Packers)
	}
	if c.Packers == 0 {
		c.Packers = runtime.GOMAXPROCS(0)
	}
	if c.Limits == nil {
		c.Limits = func(string) store.Limits { return store.Limits{} }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.RetainEvery == 0 {
		c.RetainEvery = time.Minute
	}
	return c, nil
}

// Store is a folder of day files. It implements [store.Store].
type Store struct {
	config Config
	sync   string
	lock   *conn

	mu       sync.Mutex
	projects map[string]*project
	closed   bool

	queued   atomic.Int64
	encoders chan *packer
	decoders chan *zstd.Decoder

	openMu sync.Mutex
	open   map[*file]bool
	uses   int64

	stop chan struct{}
	wg   sync.WaitGroup
}

var _ store.Store = (*Store)(nil)

// Open opens a folder, whose files are read only when something asks for them. The error matches store.ErrLocked when
// another process has it open.
func Open(c Config) (*Store, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, mapError(err)
	}
	lock, err := lockFolder(c.Dir)
	if err != nil {
		return nil, err
	}
	s := &Store{
		config: c, sync: c.Sync, lock: lock,
		projects: map[string]*project{}, open: map[*file]bool{}, stop: make(chan struct{}),
	}
	if err := s.makeCoders(); err != nil {
		return nil, errors.Join(err, lock.close())
	}
	if err := s.findProjects(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if c.RetainEvery > 0 {
		s.wg.Go(s.retainOften)
	}
	return s, nil
}

// lockFolder keeps others out for as long as the connection is open, on every system that SQLite knows, and however the
// process ends.
func lockFolder(dir string) (*conn, error) {
	c, err := open(filepath.Join(dir, "lock.db"), "busy_timeout(0)", "locking_mode(EXCLUSIVE)")
	if err == nil {
		if err = c.run("BEGIN EXCLUSIVE"); err != nil {
			err = errors.Join(err, c.close())
		}
	}
	if busy(err) {
		return nil, fmt.Errorf("%w: %s", store.ErrLocked, dir)
	}
	return c, err
}

// makeCoders makes as many as can work at the same time. They belong to this store: shared ones would tie stores of
// different tests together.
func (s *Store) makeCoders() error {
	n := runtime.GOMAXPROCS(0)
	s.encoders, s.decoders = make(chan *packer, s.config.Packers), make(chan *zstd.Decoder, n)
	for range s.config.Packers {
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(512<<10), zstd.WithEncoderCRC(false)) // SQLite's pages are what may be damaged, and unpacking notices most of it
		if err != nil {
			return err
		}
		s.encoders <- &packer{z: z}
	}
	for range n {
		z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(4*store.MaxSpanBytes))
		if err != nil {
			return err
		}
		s.decoders <- z
	}
	return nil
}

func (s *Store) encoder() *packer              { return <-s.encoders }
func (s *Store) release(p *packer)             { s.encoders <- p }
func (s *Store) now() time.Time                { return s.config.Now() }
func (s *Store) limits(id string) store.Limits { return s.config.Limits(id).WithDefaults() }
func (s *Store) projectsDir() string           { return filepath.Join(s.config.Dir, "projects") }

// unpack returns what was packed into a segment.
func (s *Store) unpack(data []byte) ([]byte, error) {
	z := <-s.decoders
	defer func() { s.decoders <- z }()
	out, err := z.DecodeAll(data, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", facts.ErrFrame, err)
	}
	return out, nil
}

func (s *Store) findProjects() error {
	entries, err := os.ReadDir(s.projectsDir())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.IsDir() && store.CheckProject(e.Name()) == nil {
			if _, err := s.project(e.Name(), true); err != nil {
				return err
			}
		}
	}
	return err
}

// project returns a project, nil when it has no data and need not be made.
func (s *Store) project(id string, create bool) (*project, error) {
	if err := store.CheckProject(id); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	p := s.projects[id]
	if p != nil || !create {
		return p, nil
	}
	p = &project{
		store: s, id: id, dir: filepath.Join(s.projectsDir(), id),
		hub:  hub.New(uint64(time.Now().UnixMicro())), // so that numbers of an earlier run are told from this one's
		days: map[int64]*file{}, writers: map[int64]*writer{},
		jobs: make(chan *job, 4096), work: make(chan func()), done: make(chan struct{}),
	}
	p.counts.rejected = map[store.Reason]int64{}
	if err := p.load(); err != nil {
		return nil, err
	}
	s.projects[id] = p
	go p.write() // ends in p.close
	return p, nil
}

// Append implements store.Store.
func (s *Store) Append(ctx context.Context, id string, b *store.Batch) (store.Result, error) {
	p, err := s.project(id, true)
	if err != nil {
		return store.Result{}, err
	}
	if len(b.Key) > store.MaxKeyBytes {
		return store.Result{}, &store.FieldError{Field: "Idempotency-Key", Reason: fmt.Sprintf("is longer than %d bytes", store.MaxKeyBytes)}
	}
	if p.overQuota.Load() {
		return store.Result{}, store.ErrQuota
	}
	received := b.Received
	if received.IsZero() {
		received = s.now()
	}
	p.coming.Add(1)
	j, err := p.pack(ctx, b, received)
	if err == nil && len(j.groups) > 0 {
		err = p.offer(j)
	}
	p.coming.Add(-1)
	switch {
	case err != nil:
		return store.Result{}, err
	case len(j.groups) == 0:
		j.result.Commit = p.hub.Last()
		p.count([]*job{j}, nil, 0, 0, 0)
		return j.result, nil
	}
	select {
	case err := <-j.done:
		return j.answer(err)
	case <-ctx.Done():
		if j.state.take() { // the writer has not looked at it, and will not
			return store.Result{}, ctx.Err()
		}
		return j.answer(<-j.done) // the writer reads the batch, so it is not the caller's yet
	}
}

// pack makes a job, once a packer is free.
func (p *project) pack(ctx context.Context, b *store.Batch, received time.Time) (*job, error) {
	s := p.store
	select {
	case packer := <-s.encoders:
		j := prepare(b, received, s.limits(p.id).KeepFor)
		j.pack(packer)
		s.release(packer)
		return j, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// offer hands a job to the writer, if there is room.
func (p *project) offer(j *job) error {
	err := store.ErrBusy
	if p.store.queued.Add(j.bytes) <= p.store.config.MaxQueueBytes+j.bytes { // one batch always has room
		err = p.enqueue(j)
	}
	if err != nil {
		p.store.queued.Add(-j.bytes)
	}
	return err
}

func (p *project) enqueue(j *job) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return store.ErrClosed
	}
	select {
	case p.jobs <- j:
		return nil
	default:
		return store.ErrBusy
	}
}

func (j *job) answer(err error) (store.Result, error) {
	if err != nil {
		return store.Result{}, err
	}
	return j.result, nil
}

// touch notes that a file is used, and closes the readers of the one that was not for the longest time when too many
// are open.
func (s *Store) touch(f *file) {
	s.openMu.Lock()
	s.uses++
	f.used.Store(s.uses)
	s.open[f] = true
	var oldest *file
	if len(s.open) > maxOpenFiles {
		for o := range s.open {
			if o != f && (oldest == nil || o.used.Load() < oldest.used.Load()) {
				oldest = o
			}
		}
		delete(s.open, oldest)
	}
	s.openMu.Unlock()
	if oldest != nil {
		oldest.close()
	}
}

// holds reports whether a file may keep its readers.
func (s *Store) holds(f *file) bool {
	s.openMu.Lock()
	defer s.openMu.Unlock()
	return s.open[f]
}

// Subscribe implements store.Store.
func (s *Store) Subscribe(id string, after uint64, trace span.TraceID) (store.Subscription, error) {
	p, err := s.project(id, true)
	if err != nil {
		return nil, err
	}
	if trace != "" {
		long, ok := trace.W3C()
		if !ok {
			return nil, store.ErrNotFound
		}
		trace = long
	}
	return p.hub.Subscribe(after, trace), nil
}

// Projects implements store.Store.
func (s *Store) Projects(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	var ids []string
	for id, p := range s.projects {
		if len(p.files()) > 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// all lists the projects.
func (s *Store) all() []*project {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*project, 0, len(s.projects))
	for _, p := range s.projects {
		all = append(all, p)
	}
	return all
}

// Ready implements store.Store: it writes to the folder.
func (s *Store) Ready(context.Context) error {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return store.ErrClosed
	}
	f, err := os.CreateTemp(s.config.Dir, "ready-*")
	if err != nil {
		return mapError(err)
	}
	_, err = f.Write(make([]byte, 4096))
	return mapError(errors.Join(err, f.Close(), os.Remove(f.Name())))
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	close(s.stop)
	s.wg.Wait()
	for _, p := range s.all() {
		p.close()
	}
	for range cap(s.encoders) {
		if p := <-s.encoders; p.z.Close() != nil {
			continue // it has no stream to fail on
		}
	}
	for range cap(s.decoders) {
		z := <-s.decoders
		z.Close()
	}
	return s.lock.close()
}
