//go:build !unix && !windows

package spool

import (
	"errors"
	"io"
	"os"
)

const (
	noFollow    = 0
	renamesOpen = false
)

func syncDir(dir string) error {
	_, err := os.Stat(dir)
	return err
}

func noRoom(error) bool     { return false }
func unreadable(error) bool { return false }

// lock has no lock to offer, and two processes in one directory are not to be risked.
func lock(name string) (io.Closer, error) {
	return nil, &os.PathError{Op: "lock", Path: name, Err: errors.ErrUnsupported}
}
