//go:build unix

package spool

import (
	"errors"
	"os"
	"syscall"
)

const (
	noFollow    = syscall.O_NOFOLLOW | syscall.O_NONBLOCK // and no wait for whoever writes into a pipe
	renamesOpen = true                                    // a file may be renamed while it is open
)

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // whoever made the spool chose the directory
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// noRoom tells whether an error passes when somebody makes room.
func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// unreadable tells of an error in opening or reading a file that it is the file's own.
func unreadable(err error) bool {
	return errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ELOOP)
}
