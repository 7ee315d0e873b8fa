package spool

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// syncData is fdatasync, which leaves out what nobody reads back, such as the time of the change.
func syncData(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) {
		failed = syscall.Fdatasync(int(fd))
		for errors.Is(failed, syscall.EINTR) {
			failed = syscall.Fdatasync(int(fd))
		}
	}); err != nil {
		return err
	}
	if failed != nil {
		return &fs.PathError{Op: "fdatasync", Path: f.Name(), Err: failed}
	}
	return nil
}
