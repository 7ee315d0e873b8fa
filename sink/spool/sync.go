package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/tailrace-go/tailrace/sink"
)

// Sync makes all that Put has returned so far outlive a power failure. A file whose sync fails is
// never trusted again: it is read back, and if it is whole, written to a new file that takes its
// place. An error says what of that failed too; then Sync is to be called again.
//
// It looks at ctx before each file and each folder: where that has ended, what is left stays for the next
// Sync, and the error is the context's cause.
func (d *Dir) Sync(ctx context.Context) error {
	select {
	case d.ticks <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-d.ticks }()
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return ErrClosed
	}
	round := make([]*unsynced, 0, len(d.unsynced))
	for _, u := range d.unsynced {
		round = append(round, u)
	}
	dirty := d.dirty
	clear(d.dirty[:])
	d.mu.Unlock()
	slices.SortFunc(round, func(a, b *unsynced) int { return cmp.Compare(a.entry.Seq, b.entry.Seq) })

	var failed []error
	done := round[:0]
	for _, u := range round {
		if ctx.Err() != nil {
			break
		}
		if err := d.syncOne(u); err != nil {
			failed = append(failed, err)
			continue
		}
		done = append(done, u)
	}
	for _, f := range folders {
		if !dirty[f] {
			continue
		}
		if ctx.Err() != nil { // without its name, a file is not there
			d.mu.Lock()
			d.dirty[f] = true
			d.mu.Unlock()
			if f == Queue {
				done = nil
			}
			continue
		}
		err := d.fs.SyncDir(f.path(d.cfg.Dir))
		if err == nil {
			continue
		}
		failed = append(failed, err)
		d.mu.Lock()
		d.dirty[f] = true
		for _, u := range done { // their names may be lost: they want new ones
			u.suspect = true
		}
		d.mu.Unlock()
		if f == Queue {
			done = nil
		}
	}
	err := errors.Join(failed...)
	if err != nil {
		err = fmt.Errorf("spool: sync %s: %w", d.cfg.Dir, err)
	}
	if err == nil && ctx.Err() != nil {
		d.settle(done, d.broken) // which only a Sync writes
		return context.Cause(ctx)
	}
	d.settle(done, err)
	return err
}

// settle lets go of what is synced.
func (d *Dir) settle(done []*unsynced, err error) {
	var files []File
	d.mu.Lock()
	d.broken = err
	for _, u := range done {
		if u.file != nil {
			files = append(files, u.file)
			u.file = nil
			d.open--
		}
		if !u.gone {
			delete(d.unsynced, u.entry.Seq)
		}
	}
	d.mu.Unlock()
	for _, f := range files {
		_ = f.Close() // it is synced
	}
}

// syncOne syncs a file, or puts another in its place.
func (d *Dir) syncOne(u *unsynced) error {
	d.mu.Lock()
	file, suspect, gone := u.file, u.suspect, u.gone
	d.mu.Unlock()
	if gone {
		return nil
	}
	if !suspect {
		err := d.syncFile(u.entry, file)
		if err == nil || errors.Is(err, fs.ErrNotExist) { // not there: somebody has taken it, and Load says so
			return nil
		}
		d.mu.Lock()
		gone = u.gone // and its file closed, which is why
		u.suspect = !gone
		if u.suspect {
			d.stats.Rewritten++
			file, u.file = u.file, nil
			if file != nil {
				d.open--
			}
		}
		d.mu.Unlock()
		if gone {
			return nil
		}
		if file != nil {
			_ = file.Close() // it is given up
		}
	}
	return d.rewrite(u)
}

func (d *Dir) syncFile(e sink.SpoolEntry, open File) error {
	if open != nil {
		return open.Sync()
	}
	return d.fs.SyncFile(filepath.Join(d.cfg.Dir, nameOf(e, batchEnd)))
}

// rewrite puts a new file in the place of one that is not to be trusted.
func (d *Dir) rewrite(u *unsynced) error {
	buf, _, err := d.read(Queue, u.entry)
	switch {
	case errors.Is(err, sink.ErrSpoolDamaged):
		return nil // for Load to find and to count
	case err != nil:
		return err
	}
	defer d.bodies.Put(buf)
	// Its folder is synced at the end of the round, for all.
	d.mu.Lock()
	d.dirty[Queue] = true
	d.mu.Unlock()
	if err := d.replace(u.entry, buf.raw); err != nil {
		return err
	}
	d.mu.Lock()
	u.suspect = false
	gone := u.gone
	d.mu.Unlock()
	if gone { // while it was being written, and so it has come back
		return d.unlink(Queue, u.entry)
	}
	return nil
}

// replace writes a file anew, which takes the old one's place. It does not become the old one's end
// if it fails.
func (d *Dir) replace(e sink.SpoolEntry, raw []byte) error {
	temporary := filepath.Join(d.cfg.Dir, nameOf(e, tmpEnd))
	if err := d.fs.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) { // of an earlier failure
		return err
	}
	file, err := d.fs.Create(temporary)
	if err != nil {
		return err
	}
	_, err = file.Write(raw)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = d.fs.Rename(temporary, filepath.Join(d.cfg.Dir, nameOf(e, batchEnd)))
	}
	if err != nil {
		return errors.Join(err, d.unlinkFile(temporary))
	}
	return nil
}
