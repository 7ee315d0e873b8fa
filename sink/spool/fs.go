package spool

import "io"

// FS is what a spool does with a file system. [OS] is the real one; package crashfs has one in
// memory whose power can fail. Names are paths, as in package os, and errors match those of package
// io/fs and syscall. Methods may be called at the same time.
type FS interface {
	// Mkdir makes one directory that only its owner may enter.
	Mkdir(name string) error

	// List calls each for whatever lies in a directory, in any order. Regular is false for
	// directories, links and all else that is no plain file.
	List(dir string, each func(name string, regular bool)) error

	// Create makes a new file that only its owner may read, and opens it for writing. One that is
	// there already is an error.
	Create(name string) (File, error)

	// Open opens a plain file for reading. It does not follow a link.
	Open(name string) (File, error)

	// Rename gives a file another name, in one step, from whoever has that name.
	Rename(from, to string) error

	Remove(name string) error

	// SyncFile is the Sync of a file that is not open.
	SyncFile(name string) error

	// SyncDir makes the names in a directory outlive a power failure.
	SyncDir(dir string) error

	// Lock takes a file, made if need be, for this process alone, until it is closed or the process
	// ends. If another process has it, the error matches ErrLocked, at once.
	Lock(name string) (io.Closer, error)
}

// File is an open file of a [FS].
type File interface {
	io.Reader
	io.Writer
	io.Closer
	Size() (int64, error)

	// Sync makes what was written outlive a power failure, though not the file's name.
	Sync() error
}
