package crashfs_test

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
)

// What was written and not synced is lost when the power fails.
func Example() {
	var disk *crashfs.Disk = crashfs.New()
	var p *crashfs.Process = disk.Start()
	f, err := p.Create("/file")
	if err != nil {
		panic(err)
	}
	if _, err := f.Write([]byte("synced")); err != nil {
		panic(err)
	}
	if err := errors.Join(f.Sync(), p.SyncDir("/")); err != nil {
		panic(err)
	}
	if _, err := f.Write([]byte(", and not")); err != nil {
		panic(err)
	}
	disk.Crash(crashfs.LoseAll)
	data, _ := disk.File("/file")
	fmt.Printf("%s\n", data)
	_, err = p.Create("/other")
	fmt.Println(errors.Is(err, crashfs.ErrCrashed))
	// Output:
	// synced
	// true
}

// Any operation can fail, as a test or a seed wants it.
func ExampleDisk_OnOp() {
	disk := crashfs.New()
	disk.OnOp(func(op crashfs.Op) error {
		var kind crashfs.Kind = op.Kind
		if kind == crashfs.Mkdir {
			return syscall.EROFS
		}
		return nil
	})
	err := disk.Start().Mkdir("/d")
	fmt.Println(err, errors.Is(err, syscall.EROFS))
	// Output: mkdir /d: read-only file system true
}
