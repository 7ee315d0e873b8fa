package spool_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/spool"
)

// These play on file systems of the kernel what the others play in memory. They want to be root, and
// are skipped elsewhere.

// mount mounts a file system in memory of that size, for this test.
func mount(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tailrace-test", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", size)); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestARealDiskIsFull fills one of 1 MiB, three times, and makes room.
func TestARealDiskIsFull(t *testing.T) {
	const size = 20_000
	for name, mode := range modes {
		cfg := spool.Config{Dir: filepath.Join(mount(t, 1<<20), "spool"), Sync: mode}
		t.Run(name, func(t *testing.T) {
			d := open(t, cfg)
			var queue []sink.SpoolEntry // of the bodies from first on
			first, next := 0, 0
			for round := range 3 {
				for refused := 0; refused < 5; {
					e, err := d.Put(bodyOf(next, size), keyOf(next))
					switch {
					case err == nil:
						queue = append(queue, e)
						next++
					case !errors.Is(err, syscall.ENOSPC) || next > 1000:
						t.Fatalf("round %d: Put %d says %v", round, next, err)
					default:
						refused++
					}
				}
				if len(queue) < 20 {
					t.Fatalf("round %d: %d fit", round, len(queue))
				}
				if err := d.Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
				if round == 1 { // it opens when it is full, too
					closes(t, d)
					d = open(t, cfg)
				}
				if l := backlog(t, d); len(l) != len(queue) || d.Stats().Temporary != 0 {
					t.Fatalf("round %d: %d acknowledged, %d listed, %+v", round, len(queue), len(l), d.Stats())
				}
				for ; len(queue) > 3; first++ {
					loads(t, d, queue[0], first, size)
					if err := d.Remove(queue[0]); err != nil {
						t.Fatal(err)
					}
					queue = queue[1:]
				}
			}
			for i, e := range queue {
				loads(t, d, e, first+i, size)
			}
		})
	}
	faults.Happened(t, "S-6.real", "a tmpfs filled three times: ENOSPC of each Put, no half file left, opened when full, used again when there was room; 0 acknowledged lost")
}

// TestARealDiskIsReadOnly has it so at the start, and then while the spool is open.
func TestARealDiskIsReadOnly(t *testing.T) {
	root := mount(t, 1<<20)
	cfg := spool.Config{Dir: filepath.Join(root, "spool"), Sync: spool.SyncEach}
	remount := func(flags uintptr) {
		t.Helper()
		if err := syscall.Mount("tailrace-test", root, "tmpfs", syscall.MS_REMOUNT|flags, "size=1m"); err != nil {
			t.Skipf("it cannot be mounted anew here: %v", err)
		}
	}
	refused := func(when string) {
		t.Helper()
		d, err := spool.Open(cfg)
		if err == nil {
			closes(t, d)
		}
		if !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), cfg.Dir) {
			t.Errorf("%s: Open says %v", when, err)
		}
	}
	remount(syscall.MS_RDONLY)
	refused("without a directory")
	remount(0)
	d := open(t, cfg)
	first := put(t, d, 1, 100)
	closes(t, d)
	remount(syscall.MS_RDONLY)
	refused("with one")
	remount(0)

	// A file that is open for writing keeps a file system from becoming read-only: so the spool's own
	// lock does. What is left is that nobody may write into the directory.
	d = open(t, cfg)
	loads(t, d, first, 1, 100)
	if err := syscall.Mount("tailrace-test", root, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=1m"); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("read-only under an open spool: %v, want EBUSY", err)
	}
	e := put(t, d, 2, 100)
	loads(t, d, e, 2, 100)
	faults.Happened(t, "S-7.readonly", "a read-only tmpfs: Open returns EROFS, which names the directory; an open spool keeps the file system writable")
}

// TestARealSyncFails has strace put an EIO in the place of one fdatasync after the other.
func TestARealSyncFails(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	for name, mode := range modes {
		for _, n := range []int{1, 3} {
			dir := t.TempDir()
			cmd := exec.Command(strace, "-f", "--seccomp-bpf", "-qq", "-o", filepath.Join(t.TempDir(), "trace"), "-e", "trace=fdatasync",
				"-e", fmt.Sprintf("inject=fdatasync:error=EIO:when=%d", n), os.Args[0])
			cmd.Env = append(os.Environ(), syncingDir+"="+dir, fmt.Sprintf("TAILRACE_SPOOL_MODE=%d", mode))
			out, err := cmd.CombinedOutput()
			text := string(out)
			if err != nil && strings.Contains(text, "ptrace") {
				t.Skipf("strace may not trace here: %s", text)
			}
			if want := fmt.Sprintf("put %d of %d, rewritten 1\n", syncings, syncings); err != nil || text != want {
				t.Fatalf("%s, fdatasync %d: the child says %q, %v; want %q", name, n, text, err, want)
			}
			d := open(t, spool.Config{Dir: dir})
			if whole, torn := keys(t, d); len(whole) != syncings || torn != 0 {
				t.Errorf("%s, fdatasync %d: %d of %d whole, %d torn", name, n, len(whole), syncings, torn)
			}
			if s := d.Stats(); s.Temporary != 0 {
				t.Errorf("%s, fdatasync %d: %+v", name, n, s)
			}
			closes(t, d)
		}
	}
	faults.Happened(t, "S-8.real", "EIO of one fdatasync after the other: written again to a new file, each time; nothing lost, nothing left over")
}
