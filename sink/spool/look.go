package spool

import (
	"fmt"
	"path/filepath"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
)

// View looks into the directory of a spool and changes nothing, whether a process has it open or
// not. What it shows may be gone the moment after.
type View struct{ d *Dir }

// Look returns a view of a directory. fsys may be nil, for [OS].
func Look(dir string, fsys FS) *View {
	if fsys == nil {
		fsys = OS
	}
	return &View{d: &Dir{cfg: Config{Dir: dir}, fs: fsys}}
}

// Contents is what is in one folder of a spool.
type Contents struct {
	Entries   []sink.SpoolEntry // the oldest first
	Temporary int               // files being written, or left by a crash
	Foreign   int               // what is not the spool's own
}

// Items and Bytes are of all entries together.
func (c Contents) Items() (n int) {
	for _, e := range c.Entries {
		n += e.Items
	}
	return n
}

// Bytes is what the entries take on disk.
func (c Contents) Bytes() (n int64) {
	for _, e := range c.Entries {
		n += e.Bytes
	}
	return n
}

// List lists a folder. A directory that is not there is an error that matches [fs.ErrNotExist].
func (v *View) List(f Folder) (Contents, error) {
	l, err := list(v.d.fs, v.d.cfg.Dir, f)
	if err != nil {
		return Contents{}, fmt.Errorf("spool: list %s: %w", f.path(v.d.cfg.Dir), err)
	}
	return Contents{Entries: l.entries, Temporary: len(l.temporary), Foreign: l.foreign}, nil
}

// Read reads an entry of a folder and checks it, as [Dir.Load] does, but what is damaged stays where
// it is.
func (v *View) Read(f Folder, e sink.SpoolEntry) (body *pipeline.Body, key string, err error) {
	body, key, err = v.d.load(f, e)
	if err != nil {
		return nil, "", fmt.Errorf("spool: read %s: %w", filepath.Join(f.path(v.d.cfg.Dir), nameOf(e, batchEnd)), err)
	}
	return body, key, nil
}
