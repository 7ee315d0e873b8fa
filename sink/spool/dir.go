package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/sink"
)

// SyncMode says what an acknowledged entry survives.
type SyncMode int

// Modes of a spool.
const (
	SyncInterval SyncMode = iota // the end of the process at once, a power failure after the next Sync
	SyncEach                     // a power failure too, for the price of two syncs in each Put
)

// Config says where a spool is, and what it promises. Only Dir has to be set.
type Config struct {
	Dir  string   // is made if it is not there
	Sync SyncMode // zero is SyncInterval

	SyncEvery time.Duration // time between syncs of SyncInterval; 0 means 100 ms

	Quarantine Keep // how much of damaged files is kept; zero means 64 MiB and a week
	Dead       Keep // how much of dead letters is kept; zero means 256 MiB and thirty days

	FS  FS               // nil means OS
	Now func() time.Time // nil means time.Now
}

// Keep limits what is kept in a folder beside the queue. The oldest goes first.
type Keep struct {
	MaxBytes int64         // 0 means the folder's default
	MaxAge   time.Duration // since an entry was put; 0 means the folder's default
}

func (k *Keep) fill(name string, bytes int64, age time.Duration) error {
	k.MaxBytes, k.MaxAge = cmp.Or(k.MaxBytes, bytes), cmp.Or(k.MaxAge, age)
	switch {
	case k.MaxBytes < 0:
		return fmt.Errorf("spool: Config.%s.MaxBytes is negative: %d", name, k.MaxBytes)
	case k.MaxAge < 0:
		return fmt.Errorf("spool: Config.%s.MaxAge is negative: %v", name, k.MaxAge)
	}
	return nil
}

func (c Config) withDefaults() (Config, error) {
	const day = 24 * time.Hour
	c.SyncEvery = cmp.Or(c.SyncEvery, 100*time.Millisecond)
	if c.FS == nil {
		c.FS = OS
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	switch {
	case c.Dir == "":
		return c, errors.New("spool: Config.Dir is empty")
	case c.Sync != SyncInterval && c.Sync != SyncEach:
		return c, fmt.Errorf("spool: Config.Sync is %d", c.Sync)
	case c.SyncEvery < 0:
		return c, fmt.Errorf("spool: Config.SyncEvery is negative: %v", c.SyncEvery)
	}
	return c, errors.Join(
		c.Quarantine.fill("Quarantine", 64<<20, 7*day),
		c.Dead.fill("Dead", 256<<20, 30*day))
}

// Folder is where in a spool an entry is.
type Folder int

// Folders of a spool.
const (
	Queue      Folder = iota // waits to be delivered
	Dead                     // was refused for good, and buried
	Quarantine               // was damaged, and set aside
)

var folderNames = [...]string{Queue: "", Dead: "dead", Quarantine: "quarantine"}

func (f Folder) String() string {
	if f == Queue {
		return "queue"
	}
	return folderNames[f]
}

// path is the directory of a folder.
func (f Folder) path(dir string) string { return filepath.Join(dir, folderNames[f]) }

// Dir is a spool in a directory, a [sink.Spool]. Its methods may be called at the same time.
type Dir struct {
	cfg   Config
	fs    FS
	lock  io.Closer
	ticks chan struct{} // has room for the one Sync that is at work: a channel, since a file system may wait

	headers, bodies sync.Pool // of *[]byte and *read
	names           shared    // syncs of the queue's names

	mu       sync.Mutex // held for no call of the file system
	next     uint64     // number of the next entry
	found    []sink.SpoolEntry
	unsynced map[uint64]*unsynced
	open     int                 // files of unsynced that are
	dirty    [len(folders)]bool  // names in these folders are not synced
	kept     [len(folders)]shelf // the queue's is empty: whoever delivers knows it
	broken   error               // of the last Sync
	stats    Stats
	closed   bool
}

var folders = [...]Folder{Queue, Dead, Quarantine}

// Stats are counts of what a [Dir] has met since it was opened.
type Stats struct {
	Foreign     int // at Open: files, folders and links that are not the spool's own, and are left alone
	Temporary   int // at Open: files whose Put a crash has cut short, removed
	Rewritten   int // files whose sync failed, and that were written anew
	Quarantined int // entries found damaged
	Buried      int // entries made dead letters, whole or in part
	Shed        int // damaged files and dead letters removed, being too many or too old
	ShedItems   int // items in them
}

// Open opens the spool in a directory for this process alone, and makes the directory if need be.
// Errors match [ErrLocked] and [ErrNewer], or are the file system's, such as [fs.ErrPermission];
// that there is no room is none, since delivery makes some. Open reads names, and of files only the
// newest's first bytes: damage to a file is found when it is loaded.
func Open(cfg Config) (*Dir, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	d := &Dir{cfg: cfg, fs: cfg.FS, next: 1, ticks: make(chan struct{}, 1), unsynced: map[uint64]*unsynced{},
		names: shared{turn: make(chan struct{}, 1)}}
	if err := d.start(); err != nil {
		if d.lock != nil {
			err = errors.Join(err, d.lock.Close())
		}
		return nil, fmt.Errorf("spool: open %s: %w", cfg.Dir, err)
	}
	return d, nil
}

func (d *Dir) start() (err error) {
	if err := d.makeDir(d.cfg.Dir); err != nil {
		return err
	}
	if d.lock, err = d.fs.Lock(filepath.Join(d.cfg.Dir, lockName)); err != nil {
		return err
	}
	for _, f := range []Folder{Dead, Quarantine} {
		if err := d.fs.Mkdir(f.path(d.cfg.Dir)); err != nil && !errors.Is(err, fs.ErrExist) && !noRoom(err) {
			return err
		}
	}
	var listed [len(folders)]listing
	for _, f := range folders {
		listed[f], err = list(d.fs, d.cfg.Dir, f)
		if err != nil && (f == Queue || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
		for _, e := range listed[f].entries {
			d.next = follow(d.next, e.Seq)
		}
		for _, e := range listed[f].temporary {
			d.next = follow(d.next, e.Seq)
		}
	}
	d.found = listed[Queue].entries
	if err := d.refuseNewer(); err != nil {
		return err
	}
	if err := d.tidy(listed[:]); err != nil {
		return err
	}
	if err := d.writable(); err != nil {
		return err
	}
	// What an earlier process has put and not synced, the next Sync does; and what it has removed
	// may not come back under a number that this one gives away again.
	d.distrustRecent()
	return d.fs.SyncDir(d.cfg.Dir)
}

// makeDir makes a directory, and those above it, to stay.
func (d *Dir) makeDir(dir string) error {
	err := d.fs.Mkdir(dir)
	parent := filepath.Dir(dir)
	if errors.Is(err, fs.ErrNotExist) && parent != dir {
		if err = d.makeDir(parent); err == nil {
			err = d.fs.Mkdir(dir)
		}
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil // or it is a file, which shows when the lock is made in it
	case err != nil:
		return err
	}
	return d.fs.SyncDir(parent)
}

// refuseNewer looks at the newest file.
func (d *Dir) refuseNewer() error {
	if len(d.found) == 0 {
		return nil
	}
	name := filepath.Join(d.cfg.Dir, nameOf(d.found[len(d.found)-1], batchEnd))
	f, err := d.fs.Open(name)
	if err != nil {
		return nil //nolint:nilerr // one file that cannot be read is for Load to find
	}
	var first [preambleLen]byte
	n, err := io.ReadFull(f, first[:])
	_ = f.Close() // nothing was written
	if err == nil {
		err = checkPreamble(first[:n])
	}
	if errors.Is(err, ErrNewer) {
		return fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return nil
}

// tidy removes what crashes have left, and what is kept for too long.
func (d *Dir) tidy(listed []listing) error {
	d.stats.Foreign = listed[Queue].foreign + listed[Dead].foreign + listed[Quarantine].foreign
	for _, e := range listed[Queue].temporary {
		if err := d.fs.Remove(filepath.Join(d.cfg.Dir, nameOf(e, tmpEnd))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		d.stats.Temporary++
	}
	for _, f := range []Folder{Dead, Quarantine} {
		for _, e := range listed[f].entries {
			d.kept[f].add(e)
		}
		if err := d.shed(f); err != nil {
			return err
		}
	}
	return nil
}

// writable finds out now whether files can be made here. That there is no room is another matter.
func (d *Dir) writable() error {
	name := filepath.Join(d.cfg.Dir, nameOf(sink.SpoolEntry{Seq: d.next, Created: unix(0)}, tmpEnd))
	f, err := d.fs.Create(name)
	if noRoom(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), d.fs.Remove(name))
}

// distrustRecent takes what was put in the last minute for not synced. What is older, the system has
// written long since.
func (d *Dir) distrustRecent() {
	if d.cfg.Sync == SyncEach {
		return
	}
	recent := d.cfg.Now().Add(-time.Minute)
	for _, e := range slices.Backward(d.found) {
		if e.Created.Before(recent) {
			break
		}
		d.unsynced[e.Seq] = &unsynced{entry: e}
	}
	d.dirty[Queue] = true
}

// begin refuses what comes after Close.
func (d *Dir) begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrClosed
	}
	return nil
}

// Close is [Dir.Sync], however long that takes, and [Dir.Release].
func (d *Dir) Close() error {
	err := d.Sync(context.Background())
	if errors.Is(err, ErrClosed) {
		return nil
	}
	return errors.Join(err, d.Release())
}

// Release lets others open the directory. What no Sync has covered, a power failure may take. It is
// called when nobody uses the spool any more; what is called later returns [ErrClosed], but Close and
// Release nil.
func (d *Dir) Release() (err error) {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	left := d.unsynced
	d.unsynced = nil
	d.mu.Unlock()
	for _, u := range left {
		if u.file != nil {
			err = errors.Join(err, u.file.Close())
		}
	}
	return errors.Join(err, d.lock.Close())
}

// Stats counts what the spool has met.
func (d *Dir) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stats
}

// SyncEvery is how often [Dir.Sync] is due: 0 means never, since each Put syncs.
func (d *Dir) SyncEvery() time.Duration {
	if d.cfg.Sync == SyncEach {
		return 0
	}
	return d.cfg.SyncEvery
}

// Backlog lists the queue, the oldest first.
func (d *Dir) Backlog() ([]sink.SpoolEntry, error) {
	d.mu.Lock()
	found := d.found // it was listed to open
	d.found = nil
	d.mu.Unlock()
	if found != nil {
		return found, d.begin()
	}
	return d.List(Queue)
}

// List lists a folder, the oldest first.
func (d *Dir) List(f Folder) ([]sink.SpoolEntry, error) {
	if err := d.begin(); err != nil {
		return nil, err
	}
	l, err := list(d.fs, d.cfg.Dir, f)
	if err != nil {
		return nil, fmt.Errorf("spool: list %s: %w", f.path(d.cfg.Dir), err)
	}
	return l.entries, nil
}

// listing is what is in a folder.
type listing struct {
	entries, temporary []sink.SpoolEntry
	foreign            int
}

func list(fsys FS, dir string, f Folder) (listing, error) {
	var l listing
	err := fsys.List(f.path(dir), func(name string, regular bool) {
		if e, ok := entryOf(name, batchEnd); ok && regular {
			l.entries = append(l.entries, e)
			return
		}
		if e, ok := entryOf(name, tmpEnd); ok && regular {
			l.temporary = append(l.temporary, e)
			return
		}
		own := f == Queue && (name == lockName && regular || name == folderNames[Dead] || name == folderNames[Quarantine])
		if !own {
			l.foreign++
		}
	})
	slices.SortFunc(l.entries, byAge)
	return l, err
}

// shelf is what a folder keeps.
type shelf struct {
	entries []sink.SpoolEntry // as they came
	bytes   int64
}

func (s *shelf) add(e sink.SpoolEntry) {
	s.entries = append(s.entries, e)
	s.bytes += e.Bytes
}

// take removes the entry at i.
func (s *shelf) take(i int) sink.SpoolEntry {
	e := s.entries[i]
	s.entries = slices.Delete(s.entries, i, i+1)
	s.bytes -= e.Bytes
	return e
}
