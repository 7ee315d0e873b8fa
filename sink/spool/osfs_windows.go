package spool

import (
	"errors"
	"io"
	"os"
	"syscall"
)

const (
	noFollow    = 0
	renamesOpen = false
)

// Errors of Windows that package syscall has no names for.
const (
	errSharing    = syscall.Errno(32)
	errCRC        = syscall.Errno(23)
	errHandleFull = syscall.Errno(39)
	errDiskFull   = syscall.Errno(112)
)

// syncDir has nothing to do: names are in the journal of NTFS.
func syncDir(dir string) error {
	_, err := os.Stat(dir)
	return err
}

func noRoom(err error) bool {
	return errors.Is(err, errHandleFull) || errors.Is(err, errDiskFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func unreadable(err error) bool { return errors.Is(err, errCRC) || errors.Is(err, syscall.EIO) }

// lock opens the file in a way that leaves nothing to others.
func lock(name string) (io.Closer, error) {
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, &os.PathError{Op: "lock", Path: name, Err: err}
	}
	h, err := syscall.CreateFile(path, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errSharing) {
		err = ErrLocked
	}
	if err != nil {
		return nil, &os.PathError{Op: "lock", Path: name, Err: err}
	}
	return os.NewFile(uintptr(h), name), nil
}
