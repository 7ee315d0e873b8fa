package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
)

// read is a file in memory.
type read struct {
	raw   []byte
	parts []pipeline.Part
}

// Load reads an entry of the queue, and checks all of it. The body's buffers are the spool's own:
// Free gives them back. Nothing is charged for it, and its Plain is nil where it is compressed.
//
// An error matches [sink.ErrSpoolDamaged] where the file is not what was written, cannot be read or
// is gone; it then lies in quarantine, if it is anywhere. One that matches [ErrNewer] leaves it where
// it is.
func (d *Dir) Load(e sink.SpoolEntry) (body *pipeline.Body, key string, err error) {
	if err := d.begin(); err != nil {
		return nil, "", err
	}
	body, key, err = d.load(Queue, e)
	if errors.Is(err, sink.ErrSpoolDamaged) {
		d.setAside(e)
	}
	if err != nil {
		return nil, "", fmt.Errorf("spool: load %s: %w", filepath.Join(d.cfg.Dir, nameOf(e, batchEnd)), err)
	}
	return body, key, nil
}

// load is Load from any folder, which leaves there what is damaged.
func (d *Dir) load(from Folder, e sink.SpoolEntry) (*pipeline.Body, string, error) {
	buf, r, err := d.read(from, e)
	if err != nil {
		return nil, "", err
	}
	body := &pipeline.Body{
		Data: r.payload, ContentType: r.contentType, ContentEncoding: r.contentEncoding, Parts: r.parts,
	}
	if r.contentEncoding == "" {
		body.Plain = body.Data
	}
	body.OnFree(func(*pipeline.Body) { d.bodies.Put(buf) })
	return body, r.key, nil
}

type contents struct {
	record
	payload []byte
}

// read reads a file and checks it, also against its name.
func (d *Dir) read(from Folder, e sink.SpoolEntry) (*read, *contents, error) {
	buf, _ := d.bodies.Get().(*read)
	if buf == nil {
		buf = new(read)
	}
	name := filepath.Join(from.path(d.cfg.Dir), nameOf(e, batchEnd))
	var err error
	if buf.raw, err = readFile(d.fs, name, e.Bytes, buf.raw[:0]); err != nil {
		d.bodies.Put(buf)
		return nil, nil, err
	}
	c := &contents{record: record{parts: buf.parts[:0]}}
	c.payload, err = decode(buf.raw, &c.record)
	if err == nil && (c.seq != e.Seq || len(c.parts) != e.Items || c.created != e.Created.Unix()) {
		err = damaged("it is entry %d with %d items, put at %d", c.seq, len(c.parts), c.created)
	}
	if c.parts != nil {
		buf.parts = c.parts
	}
	if err != nil {
		d.bodies.Put(buf)
		return nil, nil, err
	}
	return buf, c, nil
}

// readFile reads a file that is to have so many bytes into buf.
func readFile(fsys FS, name string, size int64, buf []byte) ([]byte, error) {
	f, err := fsys.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) || unreadable(err):
		return buf, fmt.Errorf("%w: %w", sink.ErrSpoolDamaged, err)
	case err != nil:
		return buf, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	found, err := f.Size()
	switch {
	case err != nil:
		return buf, fmt.Errorf("%w: %w", sink.ErrSpoolDamaged, err)
	case found != size:
		// What a newer version makes of sizes is its own affair.
		first := make([]byte, min(found, preambleLen))
		if _, err := io.ReadFull(f, first); err == nil {
			if err := checkPreamble(first); errors.Is(err, ErrNewer) {
				return buf, err
			}
		}
		return buf, damaged("it has %d bytes, and had %d", found, size)
	}
	if int64(cap(buf)) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	if _, err := io.ReadFull(f, buf); err != nil { // a sector that the disk cannot read stays so
		return buf, fmt.Errorf("%w: %w", sink.ErrSpoolDamaged, err)
	}
	return buf, nil
}

// setAside moves a damaged entry to quarantine.
func (d *Dir) setAside(e sink.SpoolEntry) {
	d.forget(e)
	name := nameOf(e, batchEnd)
	err := d.move(filepath.Join(d.cfg.Dir, name), filepath.Join(Quarantine.path(d.cfg.Dir), name), Quarantine)
	d.mu.Lock()
	d.stats.Quarantined++
	if err == nil {
		d.kept[Quarantine].add(e)
	}
	d.mu.Unlock()
	_ = d.shed(Quarantine) // the next one tries again
}
