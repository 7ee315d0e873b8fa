// Package crashfs is a file system in memory whose power can fail: what the tests of a spool and the
// simulator run on. It knows what has been written from what has been synced, for the data of a file
// and for the names in a directory apart, and a [Disk.Crash] drops, reorders and tears the rest.
//
//	disk := crashfs.New()
//	d, err := spool.Open(spool.Config{Dir: "/spool", FS: disk.Start()})
//	…
//	disk.Crash(seed)                                            // d is dead
//	d, err = spool.Open(spool.Config{Dir: "/spool", FS: disk.Start()}) // after the reboot
//
// A process is what [Disk.Start] returns: it has locks and open files of its own, and can be killed.
// Each call of its methods is an operation, with a number: [Disk.OnOp] sees it before it takes effect,
// and can let it fail, let it wait, or end the power there and then.
//
// # What a power failure leaves
//
// The data of a file is kept as far as it was synced. Of a write after that each page of 4096 bytes
// may be there or not, and reads as zeroes if it is not; and the file may end at any byte. Of the changes of names in a directory that were not synced each may have
// happened or not, whatever their order, but a rename is one change, also from one directory to
// another, as on every file system with a journal; and a file's name cannot change before it has one.
//
// Nothing here waits, starts goroutines or looks at a clock, so it works in bubbles of testing/synctest.
package crashfs

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/tailrace-go/tailrace/sink/spool"
)

// Seeds of [Disk.Crash] that are not drawn. All others are.
const (
	LoseAll uint64 = 0 // whatever is not synced is lost
	KeepAll uint64 = 1 // nothing is, as if all had been synced just in time
)

// ErrCrashed is what a process gets from its file system once it was killed, or the power failed.
var ErrCrashed = errors.New("crashfs: the process is no more")

const page = 4096

// Op is an operation, about to take effect.
type Op struct {
	N    int // its number, from 1
	Kind Kind
	Name string // of the file or directory; of the old name in a rename
}

// Kind is what an operation does.
type Kind string

// Kinds of operations, by the methods of [spool.FS] and [spool.File].
const (
	Mkdir    Kind = "mkdir"
	List     Kind = "list"
	Create   Kind = "create"
	Open     Kind = "open"
	Rename   Kind = "rename"
	Remove   Kind = "remove"
	SyncDir  Kind = "syncdir"
	Lock     Kind = "lock"
	Read     Kind = "read"
	Write    Kind = "write"
	Size     Kind = "size"
	SyncFile Kind = "sync" // of an open file, too
	Close    Kind = "close"
)

// Changes tells whether the operation can leave a trace on the disk.
func (k Kind) Changes() bool { return k != List && k != Open && k != Read && k != Size && k != Close }

// Disk outlives the processes that use it. Its methods may be called at the same time.
type Disk struct {
	mu      sync.Mutex // held for no call of anybody's function
	names   map[string]*node
	durable map[string]*node
	pending []change // of names, not synced, in order
	locks   map[*node]*Process
	boot    int // crashes so far
	ops     int
	onOp    func(Op) error
	off     bool  // the power is, until Crash
	room    int64 // -1: no limit
	used    int64
}

// node is a file or a directory.
type node struct {
	dir    bool
	data   []byte // as a process sees it
	synced []byte // as a power failure leaves it, at least
}

// change is one of a name.
type change struct {
	node     *node
	from, to string // "" where it is made, or removed
	dirs     [2]string
}

// New returns an empty disk, which has the directory /.
func New() *Disk {
	root := &node{dir: true}
	return &Disk{
		names:   map[string]*node{"/": root},
		durable: map[string]*node{"/": root},
		locks:   map[*node]*Process{},
		room:    -1,
	}
}

// OnOp has f called before each operation, without a lock: f may sleep, and may call the Disk. An
// error of f's is the operation's, which then has no effect. ErrCrashed is
// the end of the power: until Crash, no process gets anything else.
func (d *Disk) OnOp(f func(Op) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onOp = f
}

// FailAt lets operation n, counted from now, fail once, or end the power if err is ErrCrashed. It
// takes the place of what OnOp was given.
func (d *Disk) FailAt(n int, err error) {
	at := d.Ops() + n
	d.OnOp(func(op Op) error {
		if op.N == at {
			return err
		}
		return nil
	})
}

// Ops is the number of operations so far.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// Resize gives the disk room for so many bytes in files; -1 is no limit. It may have less than is in
// use: then nothing can be written until there is room again.
func (d *Disk) Resize(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = bytes
}

// Used is the number of bytes in files.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used
}

// Names are those of all files and directories, in order.
func (d *Disk) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.names))
}

// File returns a copy of a file's bytes, false if there is none.
func (d *Disk) File(name string) ([]byte, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[clean(name)]
	if n == nil || n.dir {
		return nil, false
	}
	return slices.Clone(n.data), true
}

// SetFile puts a file there, synced, as if it had always been so. Its directory has to be there.
func (d *Disk) SetFile(name string, data []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	name = clean(name)
	if old := d.names[name]; old != nil {
		d.used -= int64(len(old.data))
	}
	data = slices.Clone(data)
	n := &node{data: data, synced: data}
	d.names[name], d.durable[name] = n, n
	d.used += int64(len(data))
}

// Crash is a power failure, and the end of all processes. What is left of what was not synced is
// drawn from the seed.
func (d *Disk) Crash(seed uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	rng := rand.New(rand.NewPCG(seed, seed))
	kept := func() bool {
		return seed != LoseAll && (seed == KeepAll || rng.IntN(2) == 0)
	}
	for _, c := range d.pending {
		if kept() {
			c.apply(d.durable)
		}
	}
	// What lies in a directory that was not made is nowhere.
	for _, name := range slices.Sorted(maps.Keys(d.durable)) {
		if parent := d.durable[path.Dir(name)]; parent == nil || !parent.dir {
			delete(d.durable, name)
		}
	}
	d.names, d.pending, d.used = d.durable, nil, 0
	d.durable = maps.Clone(d.names)
	torn := map[*node]bool{}
	for _, name := range slices.Sorted(maps.Keys(d.names)) {
		n := d.names[name]
		if n.dir || torn[n] {
			continue
		}
		torn[n] = true
		if seed != KeepAll {
			n.data = n.tear(rng, seed != LoseAll)
		}
		n.data = slices.Clone(n.data)
		n.synced = n.data
		d.used += int64(len(n.data))
	}
	clear(d.locks)
	d.boot++
	d.off = false
}

// tear is what a power failure makes of a file.
func (n *node) tear(rng *rand.Rand, lucky bool) []byte {
	if !lucky || len(n.data) == len(n.synced) {
		return n.synced
	}
	size := len(n.synced)
	switch more := len(n.data) - size; rng.IntN(4) {
	case 0: // nothing
	case 1:
		size += more
	default:
		size += rng.IntN(more + 1)
	}
	out := slices.Clone(n.data[:size])
	if rng.IntN(2) == 0 {
		return out
	}
	for from := len(n.synced); from < size; {
		to := min((from/page+1)*page, size)
		if rng.IntN(2) == 0 {
			clear(out[from:to])
		}
		from = to
	}
	return out
}

// apply makes the change in names, if it can be made.
func (c change) apply(names map[string]*node) {
	if c.from != "" {
		if names[c.from] != c.node {
			return
		}
		delete(names, c.from)
	}
	if c.to != "" {
		names[c.to] = c.node
	}
}

// change makes a change that a power failure may undo.
func (d *Disk) change(c change) {
	c.apply(d.names)
	c.dirs = [2]string{path.Dir(cmp.Or(c.from, c.to)), path.Dir(cmp.Or(c.to, c.from))}
	d.pending = append(d.pending, c)
}

// syncDir makes the changes in a directory last, and with them the earlier ones of the same files.
func (d *Disk) syncDir(dir string) {
	last := map[*node]int{}
	for i, c := range d.pending {
		if c.dirs[0] == dir || c.dirs[1] == dir {
			last[c.node] = i
		}
	}
	rest := d.pending[:0:0]
	for i, c := range d.pending {
		if until, ok := last[c.node]; ok && i <= until {
			c.apply(d.durable)
		} else {
			rest = append(rest, c)
		}
	}
	d.pending = rest
}

// clean gives the names of all systems one form.
func clean(name string) string { return path.Clean("/" + filepath.ToSlash(name)) }

// Start returns the file system as a new process sees it.
func (d *Disk) Start() *Process {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &Process{disk: d, boot: d.boot}
}

// begin counts an operation and asks whether it may be.
func (p *Process) begin(kind Kind, name string) error {
	d := p.disk
	d.mu.Lock()
	if p.dead || d.off || p.boot != d.boot {
		d.mu.Unlock()
		return ErrCrashed
	}
	d.ops++
	op, f := Op{N: d.ops, Kind: kind, Name: name}, d.onOp
	d.mu.Unlock()
	if f == nil {
		return nil
	}
	err := f(op)
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrCrashed) {
		d.mu.Lock()
		d.off = true
		d.mu.Unlock()
		return ErrCrashed
	}
	return &fs.PathError{Op: string(kind), Path: name, Err: err}
}

// do runs f under the disk's lock as an operation.
func (p *Process) do(kind Kind, name string, f func(d *Disk, name string) error) error {
	if err := p.begin(kind, name); err != nil {
		return err
	}
	p.disk.mu.Lock()
	defer p.disk.mu.Unlock()
	if p.dead || p.disk.off || p.boot != p.disk.boot { // while it waited
		return ErrCrashed
	}
	if err := f(p.disk, clean(name)); err != nil {
		return &fs.PathError{Op: string(kind), Path: name, Err: err}
	}
	return nil
}

// parent is an error where a name's directory is not there.
func (d *Disk) parent(name string) error {
	switch n := d.names[path.Dir(name)]; {
	case n == nil:
		return syscall.ENOENT
	case !n.dir:
		return syscall.ENOTDIR
	}
	return nil
}

var _ spool.FS = (*Process)(nil)

func (o Op) String() string { return fmt.Sprintf("%d %s %s", o.N, o.Kind, o.Name) }
