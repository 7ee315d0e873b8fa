package spool

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
)

// Remove takes an entry out of the queue. One that is not there is no error. After a power failure
// it may be there again, for its removal is not synced: the endpoint knows it by its key.
func (d *Dir) Remove(e sink.SpoolEntry) error {
	if err := d.begin(); err != nil {
		return err
	}
	d.forget(e)
	if err := d.unlink(Queue, e); err != nil {
		return fmt.Errorf("spool: remove from %s: %w", d.cfg.Dir, err)
	}
	return nil
}

// Bury moves an entry to the dead letters, or, if body is not nil, writes that part of it there
// under a key of its own and removes the entry. Then other parts of it can be buried too, though the
// entry is no more. What is buried is synced.
func (d *Dir) Bury(e sink.SpoolEntry, body *pipeline.Body) error {
	err := d.begin()
	switch {
	case err != nil:
		return err
	case body == nil:
		err = d.bury(e)
	default:
		err = d.buryPart(e, body)
	}
	if err != nil {
		return fmt.Errorf("spool: bury in %s: %w", Dead.path(d.cfg.Dir), err)
	}
	return d.shed(Dead)
}

func (d *Dir) bury(e sink.SpoolEntry) error {
	name := nameOf(e, batchEnd)
	from := filepath.Join(d.cfg.Dir, name)
	d.mu.Lock()
	fresh := d.unsynced[e.Seq] != nil
	d.mu.Unlock()
	if fresh {
		if err := d.fs.SyncFile(from); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	d.forget(e)
	if err := d.move(from, filepath.Join(Dead.path(d.cfg.Dir), name), Dead); err != nil {
		return err
	}
	d.buried(e)
	return d.fs.SyncDir(Dead.path(d.cfg.Dir))
}

func (d *Dir) buryPart(e sink.SpoolEntry, body *pipeline.Body) error {
	// The part is not what the endpoint may know under the entry's key.
	sum := sha256.New()
	_ = binary.Write(sum, binary.LittleEndian, []int64{int64(e.Seq), e.Created.Unix()}) // a hash takes all
	_, _ = sum.Write(body.Data)
	key := hex.EncodeToString(sum.Sum(nil)[:16])
	// Synced before the whole is removed: else a power failure could take both.
	part, err := d.putTwice(Dead, body, key, e.Created.Unix(), true)
	if err != nil {
		return err
	}
	d.buried(part)
	d.forget(e)
	return d.unlink(Queue, e)
}

func (d *Dir) buried(e sink.SpoolEntry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept[Dead].add(e)
	d.stats.Buried++
}

// Requeue takes a dead letter back into the queue, where it has the place that it had. The sender
// finds it when it next lists the queue.
func (d *Dir) Requeue(e sink.SpoolEntry) error {
	if err := d.begin(); err != nil {
		return err
	}
	name := nameOf(e, batchEnd)
	err := d.fs.Rename(filepath.Join(Dead.path(d.cfg.Dir), name), filepath.Join(d.cfg.Dir, name))
	if err == nil {
		d.unkeep(Dead, e)
		d.mu.Lock()
		d.found = nil
		d.mu.Unlock()
		err = d.fs.SyncDir(d.cfg.Dir)
	}
	if err != nil {
		return fmt.Errorf("spool: requeue in %s: %w", d.cfg.Dir, err)
	}
	return nil
}

// Drop removes an entry of any folder. One that is not there is no error.
func (d *Dir) Drop(from Folder, e sink.SpoolEntry) error {
	if from == Queue {
		return d.Remove(e)
	}
	err := d.begin()
	if err != nil {
		return err
	}
	d.unkeep(from, e)
	if err := d.unlink(from, e); err != nil {
		return fmt.Errorf("spool: drop from %s: %w", from.path(d.cfg.Dir), err)
	}
	return nil
}

func (d *Dir) unkeep(from Folder, e sink.SpoolEntry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := slices.Index(d.kept[from].entries, e); i >= 0 {
		d.kept[from].take(i)
	}
}

// shed removes what is too much or too old in a folder.
func (d *Dir) shed(f Folder) error {
	keep := d.cfg.Dead
	if f == Quarantine {
		keep = d.cfg.Quarantine
	}
	oldest := d.cfg.Now().Add(-keep.MaxAge)
	var shed []sink.SpoolEntry
	d.mu.Lock()
	s := &d.kept[f]
	for i := 0; i < len(s.entries); {
		if e := s.entries[i]; s.bytes <= keep.MaxBytes && !e.Created.Before(oldest) {
			i++
			continue
		}
		e := s.take(i)
		shed = append(shed, e)
		d.stats.Shed++
		d.stats.ShedItems += e.Items
	}
	d.mu.Unlock()
	var failed []error
	for _, e := range shed {
		if err := d.unlink(f, e); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (d *Dir) unlink(from Folder, e sink.SpoolEntry) error {
	return d.unlinkFile(filepath.Join(from.path(d.cfg.Dir), nameOf(e, batchEnd)))
}

func (d *Dir) unlinkFile(name string) error {
	if err := d.fs.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
