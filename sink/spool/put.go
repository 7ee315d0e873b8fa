package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path/filepath"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
)

const (
	small     = 32 << 10 // a payload up to this is copied beside its header, to be written at once
	keepsOpen = 128      // files between Put and Sync: the system may forget an error of one that nobody has open
)

// unsynced is an entry that a power failure may take.
type unsynced struct {
	entry   sink.SpoolEntry
	file    File // nil if it is not open
	suspect bool // its sync failed: it is to be written anew
	gone    bool // it was removed, or moved to another folder
}

// Put writes a body into a file of its own. With [SyncEach] that file and its name are synced when
// Put returns nil, with [SyncInterval] they are after the next Sync; and after a Sync that failed,
// Put fails until one has mended that. An error of a body that cannot be spooled says why: a key or
// content type of more than 4 KiB, parts that are not in order.
func (d *Dir) Put(body *pipeline.Body, key string) (sink.SpoolEntry, error) {
	d.mu.Lock()
	d.found = nil
	err := d.broken
	if d.closed {
		err = ErrClosed
	}
	d.mu.Unlock()
	var e sink.SpoolEntry
	if err == nil {
		e, err = d.putTwice(Queue, body, key, d.cfg.Now().Unix(), d.cfg.Sync == SyncEach)
	}
	if err != nil {
		return e, fmt.Errorf("spool: put into %s: %w", d.cfg.Dir, err)
	}
	return e, nil
}

// putTwice writes once more, to another file, when a sync fails: the system may take what it could
// not write for written, so that syncing the same file again proves nothing.
func (d *Dir) putTwice(to Folder, body *pipeline.Body, key string, created int64, syncs bool) (sink.SpoolEntry, error) {
	e, err := d.put(to, body, key, created, syncs)
	var failed *syncError
	if !errors.As(err, &failed) || noRoom(err) {
		return e, err
	}
	d.mu.Lock()
	d.stats.Rewritten++
	d.mu.Unlock()
	if e, again := d.put(to, body, key, created, syncs); again == nil {
		return e, nil
	}
	return sink.SpoolEntry{}, err
}

func (d *Dir) put(to Folder, body *pipeline.Body, key string, created int64, syncs bool) (e sink.SpoolEntry, err error) {
	d.mu.Lock()
	e = sink.SpoolEntry{Seq: d.next, Items: body.Items(), Created: unix(max(created, 0))}
	d.next++
	d.mu.Unlock()

	header, _ := d.headers.Get().(*[]byte)
	if header == nil {
		header = new([]byte)
	}
	defer d.headers.Put(header)
	buf, err := appendHeader((*header)[:0], &record{
		seq: e.Seq, created: e.Created.Unix(), key: key, charge: max(body.Charged, 0),
		contentType: body.ContentType, contentEncoding: body.ContentEncoding, parts: body.Parts,
	}, len(body.Data))
	*header = buf
	if err != nil {
		return sink.SpoolEntry{}, err
	}
	e.Bytes = int64(len(buf) + len(body.Data) + crcLen)
	sum := crc32.Update(crc32.Checksum(buf, castagnoli), castagnoli, body.Data)
	pieces := [3][]byte{buf, body.Data, binary.LittleEndian.AppendUint32(nil, sum)}
	if len(body.Data) <= small {
		buf = append(append(buf, body.Data...), pieces[2]...)
		*header, pieces = buf, [3][]byte{buf}
	}
	file, err := d.write(to, e, pieces[:], syncs, syncs)
	if err != nil {
		return sink.SpoolEntry{}, err
	}
	if !syncs {
		d.syncLater(to, e, file)
	}
	return e, nil
}

// write makes the file of an entry: under a temporary name first, so that no half of one is ever
// taken for a whole. The file is returned open if it is not synced and may be.
func (d *Dir) write(to Folder, e sink.SpoolEntry, pieces [][]byte, syncs, syncsDir bool) (_ File, err error) {
	temporary := filepath.Join(d.cfg.Dir, nameOf(e, tmpEnd))
	name := filepath.Join(to.path(d.cfg.Dir), nameOf(e, batchEnd))
	file, err := d.fs.Create(temporary)
	if err != nil {
		return nil, err
	}
	left := temporary
	defer func() {
		if err == nil {
			return
		}
		if file != nil {
			_ = file.Close() // err says more
		}
		// Nothing of a failed Put stays, or the next Open would find it.
		if failed := d.fs.Remove(left); failed != nil && !errors.Is(failed, fs.ErrNotExist) {
			err = errors.Join(err, failed)
		}
	}()
	for _, piece := range pieces {
		if len(piece) == 0 {
			continue
		}
		if _, err := file.Write(piece); err != nil {
			return nil, err
		}
	}
	if syncs {
		if err := file.Sync(); err != nil {
			return nil, &syncError{err}
		}
	}
	if syncs || !renamesOpen {
		closing := file
		file = nil
		if err := closing.Close(); err != nil {
			return nil, err
		}
	}
	if err := d.move(temporary, name, to); err != nil {
		return nil, err
	}
	left = name
	if syncsDir {
		if err := d.syncNames(to); err != nil {
			return nil, &syncError{err}
		}
	}
	return file, nil
}

// syncNames syncs a folder, and the queue's together with whoever else is in Put.
func (d *Dir) syncNames(of Folder) error {
	sync := func() error { return d.fs.SyncDir(of.path(d.cfg.Dir)) }
	if of != Queue {
		return sync()
	}
	return d.names.do(sync)
}

// move renames a file into a folder, which may have to be made first: when there was no room for it.
func (d *Dir) move(from, name string, to Folder) error {
	err := d.fs.Rename(from, name)
	if to == Queue || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if made := d.fs.Mkdir(to.path(d.cfg.Dir)); made != nil {
		return err // it was there: then it is the file that is not
	}
	if err := d.fs.SyncDir(d.cfg.Dir); err != nil {
		return err
	}
	return d.fs.Rename(from, name)
}

// syncLater leaves a new file to the next Sync.
func (d *Dir) syncLater(to Folder, e sink.SpoolEntry, file File) {
	d.mu.Lock()
	d.dirty[to] = true
	keep := file != nil && d.open < keepsOpen && !d.closed
	u := &unsynced{entry: e}
	if keep {
		u.file = file
		d.open++
	}
	if !d.closed {
		d.unsynced[e.Seq] = u
	}
	d.mu.Unlock()
	if file != nil && !keep {
		_ = file.Close() // Sync opens it again, and finds what is wrong
	}
}

// forget says that nobody needs an entry synced any more, since it is about to leave the queue.
func (d *Dir) forget(e sink.SpoolEntry) {
	d.mu.Lock()
	d.found = nil
	u := d.unsynced[e.Seq]
	var file File
	if u != nil {
		file, u.file, u.gone = u.file, nil, true
		delete(d.unsynced, e.Seq)
	}
	if file != nil {
		d.open--
	}
	d.mu.Unlock()
	if file != nil {
		_ = file.Close() // a Sync that has it sees that it is gone
	}
}
