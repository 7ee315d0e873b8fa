package crashfs

import (
	"cmp"
	"io"
	"io/fs"
	"path"
	"slices"
	"syscall"

	"github.com/tailrace-go/tailrace/sink/spool"
)

// Process is the file system as one process has it: a [spool.FS].
type Process struct {
	disk *Disk
	boot int
	dead bool
}

// Kill ends the process as kill -9 does: its locks are free, and whatever it does from now on has no
// effect and returns ErrCrashed. What it has written stays.
func (p *Process) Kill() {
	d := p.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	p.dead = true
	for n, holder := range d.locks {
		if holder == p {
			delete(d.locks, n)
		}
	}
}

// Mkdir implements [spool.FS], and so do the others.
func (p *Process) Mkdir(name string) error {
	return p.do(Mkdir, name, func(d *Disk, name string) error {
		if err := d.parent(name); err != nil {
			return err
		}
		if d.names[name] != nil {
			return syscall.EEXIST
		}
		d.change(change{node: &node{dir: true}, to: name})
		return nil
	})
}

// List implements [spool.FS].
func (p *Process) List(dir string, each func(name string, regular bool)) error {
	type entry struct {
		name    string
		regular bool
	}
	var found []entry
	err := p.do(List, dir, func(d *Disk, dir string) error {
		if n := d.names[dir]; n == nil {
			return syscall.ENOENT
		} else if !n.dir {
			return syscall.ENOTDIR
		}
		for name, n := range d.names {
			if path.Dir(name) == dir && name != dir {
				found = append(found, entry{path.Base(name), !n.dir})
			}
		}
		return nil
	})
	slices.SortFunc(found, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	for _, e := range found {
		each(e.name, e.regular)
	}
	return err
}

// Create implements [spool.FS].
func (p *Process) Create(name string) (spool.File, error) {
	var f spool.File
	err := p.do(Create, name, func(d *Disk, clean string) error {
		if err := d.parent(clean); err != nil {
			return err
		}
		switch {
		case d.names[clean] != nil:
			return syscall.EEXIST
		case d.room == 0:
			return syscall.ENOSPC
		}
		n := &node{}
		d.change(change{node: n, to: clean})
		f = &file{p: p, node: n, name: name, writes: true}
		return nil
	})
	return f, err
}

// Open implements [spool.FS].
func (p *Process) Open(name string) (spool.File, error) {
	var f spool.File
	err := p.do(Open, name, func(d *Disk, clean string) error {
		n := d.names[clean]
		if n == nil {
			return syscall.ENOENT
		}
		f = &file{p: p, node: n, name: name}
		return nil
	})
	return f, err
}

// Rename implements [spool.FS].
func (p *Process) Rename(from, to string) error {
	return p.do(Rename, from, func(d *Disk, from string) error {
		to := clean(to)
		n := d.names[from]
		if n == nil {
			return syscall.ENOENT
		}
		if err := d.parent(to); err != nil {
			return err
		}
		if old := d.names[to]; old != nil && old != n {
			if old.dir {
				return syscall.EISDIR
			}
			d.used -= int64(len(old.data))
		}
		if from != to {
			d.change(change{node: n, from: from, to: to})
		}
		return nil
	})
}

// Remove implements [spool.FS].
func (p *Process) Remove(name string) error {
	return p.do(Remove, name, func(d *Disk, name string) error {
		n := d.names[name]
		if n == nil {
			return syscall.ENOENT
		}
		if n.dir {
			for other := range d.names {
				if path.Dir(other) == name && other != name {
					return syscall.ENOTEMPTY
				}
			}
		}
		d.used -= int64(len(n.data))
		d.change(change{node: n, from: name})
		return nil
	})
}

// SyncFile implements [spool.FS].
func (p *Process) SyncFile(name string) error {
	return p.do(SyncFile, name, func(d *Disk, name string) error {
		n := d.names[name]
		if n == nil {
			return syscall.ENOENT
		}
		n.synced = n.data
		return nil
	})
}

// SyncDir implements [spool.FS].
func (p *Process) SyncDir(dir string) error {
	return p.do(SyncDir, dir, func(d *Disk, dir string) error {
		if n := d.names[dir]; n == nil {
			return syscall.ENOENT
		} else if !n.dir {
			return syscall.ENOTDIR
		}
		d.syncDir(dir)
		return nil
	})
}

// Lock implements [spool.FS].
func (p *Process) Lock(name string) (io.Closer, error) {
	var held io.Closer
	err := p.do(Lock, name, func(d *Disk, name string) error {
		if err := d.parent(name); err != nil {
			return err
		}
		n := d.names[name]
		if n == nil {
			n = &node{}
			d.change(change{node: n, to: name})
		}
		if d.locks[n] != nil {
			return spool.ErrLocked
		}
		d.locks[n] = p
		held = &latch{p: p, node: n}
		return nil
	})
	return held, err
}

// latch is a lock that is held.
type latch struct {
	p    *Process
	node *node
}

func (l *latch) Close() error {
	d := l.p.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locks[l.node] == l.p {
		delete(d.locks, l.node)
	}
	return nil
}

// file is an open file.
type file struct {
	p      *Process
	node   *node
	name   string
	at     int
	writes bool
	closed bool
}

// do is an operation on the open file.
func (f *file) do(kind Kind, op func(d *Disk, n *node) error) error {
	return f.p.do(kind, f.name, func(d *Disk, _ string) error {
		if f.closed {
			return fs.ErrClosed
		}
		return op(d, f.node)
	})
}

func (f *file) Read(b []byte) (n int, err error) {
	end := false
	err = f.do(Read, func(_ *Disk, node *node) error {
		if node.dir {
			return syscall.EISDIR
		}
		n = copy(b, node.data[min(f.at, len(node.data)):])
		f.at += n
		end = n == 0 && len(b) > 0
		return nil
	})
	if err == nil && end {
		err = io.EOF
	}
	return n, err
}

// Write writes what there is room for, as a disk does.
func (f *file) Write(b []byte) (n int, err error) {
	err = f.do(Write, func(d *Disk, node *node) error {
		if !f.writes {
			return syscall.EBADF
		}
		n = len(b)
		if d.room >= 0 {
			n = int(max(min(int64(n), d.room-d.used), 0))
		}
		node.data = append(node.data[:len(node.data):len(node.data)], b[:n]...)
		d.used += int64(n)
		if n < len(b) {
			return syscall.ENOSPC
		}
		return nil
	})
	return n, err
}

func (f *file) Size() (size int64, err error) {
	err = f.do(Size, func(_ *Disk, node *node) error {
		if node.dir {
			return syscall.EISDIR
		}
		size = int64(len(node.data))
		return nil
	})
	return size, err
}

func (f *file) Sync() error {
	return f.do(SyncFile, func(_ *Disk, node *node) error {
		node.synced = node.data // which is never written to again, only appended to in another place
		return nil
	})
}

func (f *file) Close() error {
	return f.do(Close, func(*Disk, *node) error {
		f.closed = true
		return nil
	})
}
