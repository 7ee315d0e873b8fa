package spool

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// OS is the file system of the operating system.
var OS FS = osFS{}

type osFS struct{}

func (osFS) Mkdir(name string) error      { return os.Mkdir(name, 0o700) }
func (osFS) Rename(from, to string) error { return os.Rename(from, to) }
func (osFS) Remove(name string) error     { return os.Remove(name) }

// List reads in pieces: of a million names, os.ReadDir would hold and sort them all.
func (osFS) List(dir string, each func(name string, regular bool)) error {
	d, err := os.Open(dir) //nolint:gosec // whoever made the spool chose the directory
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // nothing was written
	for {
		entries, err := d.ReadDir(1024)
		for _, e := range entries {
			each(e.Name(), e.Type().IsRegular())
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (osFS) Create(name string) (File, error) {
	return file(os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)) //nolint:gosec // as for List
}

func (osFS) Open(name string) (File, error) {
	return file(os.OpenFile(name, os.O_RDONLY|noFollow, 0)) //nolint:gosec // as for List
}

func (osFS) SyncFile(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|noFollow, 0) //nolint:gosec // as for List
	if err != nil {
		return err
	}
	return errors.Join(syncData(f), f.Close())
}

func (osFS) SyncDir(dir string) error { return syncDir(dir) }

func (osFS) Lock(name string) (io.Closer, error) { return lock(name) }

type osFile struct{ *os.File }

func file(f *os.File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (f osFile) Sync() error { return syncData(f.File) }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, &fs.PathError{Op: "stat", Path: f.Name(), Err: errors.New("not a plain file")}
	}
	return info.Size(), nil
}
