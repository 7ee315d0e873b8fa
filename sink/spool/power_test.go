package spool_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/spool"
	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
)

// tale is what a run has been promised until its power failed.
type tale struct {
	safe  map[string]bool // acknowledged, and synced as far as the mode asks for that
	acked []string        // acknowledged since the last Sync
	gone  map[string]bool // removed or buried, or was about to be: may be there or not
}

// act plays a script on a disk that may fail at any time: p puts, s syncs, r removes and b buries the
// oldest, h buries a part of it.
func act(disk *crashfs.Disk, mode spool.SyncMode, script string, from int) (tale, error) {
	told := tale{safe: map[string]bool{}, gone: map[string]bool{}}
	d, err := spool.Open(onDisk(disk, mode))
	if err != nil {
		return told, err
	}
	type one struct {
		e sink.SpoolEntry
		i int
	}
	var queue []one
	for _, step := range script {
		if step != 'p' && step != 's' && len(queue) == 0 {
			continue
		}
		switch step {
		case 'p':
			var e sink.SpoolEntry
			if e, err = d.Put(bodyOf(from, 9000), keyOf(from)); err == nil {
				queue = append(queue, one{e, from})
				if mode == spool.SyncEach {
					told.safe[keyOf(from)] = true
				} else {
					told.acked = append(told.acked, keyOf(from))
				}
			}
			from++
		case 's':
			if err = d.Sync(context.Background()); err == nil {
				for _, key := range told.acked {
					told.safe[key] = true
				}
				told.acked = nil
			}
		default:
			first := queue[0]
			queue = queue[1:]
			told.gone[keyOf(first.i)] = true
			switch step {
			case 'r':
				err = d.Remove(first.e)
			case 'b':
				err = d.Bury(first.e, nil)
			case 'h':
				err = d.Bury(first.e, bodyOf(first.i, 5000))
			}
		}
		if err != nil {
			return told, err
		}
	}
	return told, d.Close()
}

// judge opens the spool after a power failure and looks for what was promised.
func judge(disk *crashfs.Disk, mode spool.SyncMode, told tale) error {
	d, err := spool.Open(onDisk(disk, mode))
	if err != nil {
		return fmt.Errorf("it does not open: %w", err)
	}
	entries, err := d.Backlog()
	if err != nil {
		return err
	}
	found := map[string]bool{}
	for _, e := range entries {
		body, key, err := d.Load(e)
		if errors.Is(err, sink.ErrSpoolDamaged) {
			continue
		}
		if err != nil {
			return err
		}
		var i int
		if _, err := fmt.Sscanf(key, "key-%d", &i); err != nil {
			return err
		}
		if err := same(body, bodyOf(i, 9000)); err != nil {
			return fmt.Errorf("%s came back with %w", key, err)
		}
		found[key] = true
	}
	for key := range told.safe {
		if !found[key] && !told.gone[key] {
			return fmt.Errorf("%s was acknowledged and is lost", key)
		}
	}
	// And it goes on working, under a number of its own.
	e, err := d.Put(bodyOf(99, 9000), keyOf(99))
	if err == nil {
		_, _, err = d.Load(e)
	}
	for _, old := range entries {
		if old.Seq == e.Seq {
			return fmt.Errorf("number %d is given twice", e.Seq)
		}
	}
	return errors.Join(err, d.Close())
}

// powerFails lets the power fail at operation n of a script, and reports whether it got so far.
func powerFails(mode spool.SyncMode, script string, n int, seed uint64) (bool, error) {
	disk := crashfs.New()
	disk.FailAt(n, crashfs.ErrCrashed)
	told, err := act(disk, mode, script, 1)
	reached := err != nil
	if reached && !errors.Is(err, crashfs.ErrCrashed) {
		return true, err
	}
	disk.OnOp(nil)
	disk.Crash(seed)
	if err := judge(disk, mode, told); err != nil {
		return true, fmt.Errorf("%q, power failure at operation %d, seed %d: %w", script, n, seed, err)
	}
	return reached, nil
}

// TestPowerFailsAtEveryOperation is exhaustive for scripts of three batches, and random for longer
// ones: TAILRACE_SPOOL_CRASHES says how many of these.
func TestPowerFailsAtEveryOperation(t *testing.T) {
	scripts := []string{"ppp", "ppps", "pspsps", "pprps", "psprpsr", "pspbpsb", "psphps", "ppsbprs", "phphs", "sprps", "ppsrrps"}
	for name, mode := range modes {
		cells := 0
		for _, script := range scripts {
			for n := 1; ; n++ {
				reached := false
				for seed := range uint64(4) {
					again, err := powerFails(mode, script, n, seed)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					reached = reached || again
					cells++
				}
				if !reached {
					break
				}
			}
		}
		crashes := amount(t, "TAILRACE_SPOOL_CRASHES", 300)
		for i := range crashes {
			rng := rand.New(rand.NewPCG(uint64(i), 7))
			script := make([]byte, 5+rng.IntN(30))
			for at := range script {
				script[at] = "pppprrsbh"[rng.IntN(9)]
			}
			if _, err := powerFails(mode, string(script), 1+rng.IntN(15*len(script)), rng.Uint64()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		t.Logf("%s: %d power failures in short scripts, %d in long ones", name, cells, crashes)
	}
	faults.Happened(t, "S-2", "0 acknowledged lost, with SyncEach; 0 lost that were acknowledged before a Sync, with SyncInterval; it always opened")
}

// TestTheStartFailsAtEveryOperation opens a spool that has all a crash can leave, and each operation
// of that fails from then on.
func TestTheStartFailsAtEveryOperation(t *testing.T) {
	for _, fault := range []syscall.Errno{syscall.EACCES, syscall.EPERM, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT} {
		for n := 1; ; n++ {
			disk := crashfs.New()
			d := open(t, onDisk(disk, spool.SyncEach))
			put(t, d, 1, 100)
			if err := d.Bury(put(t, d, 2, 100), nil); err != nil {
				t.Fatal(err)
			}
			closes(t, d)
			disk.SetFile("/var/spool/0000000000000007-1-9-5.tmp", make([]byte, 9))
			from, failed := disk.Ops()+n, false
			disk.OnOp(func(op crashfs.Op) error {
				// Making what is there fails for that reason, and what only reads may.
				if op.N < from || !op.Kind.Changes() || op.Kind == crashfs.Mkdir || op.Kind == crashfs.Lock {
					return nil
				}
				if full := fault == syscall.ENOSPC || fault == syscall.EDQUOT; full && (op.Kind == crashfs.Remove || op.Kind == crashfs.SyncDir) {
					return nil
				}
				failed = true
				return fault
			})
			cfg := onDisk(disk, spool.SyncEach)
			d, err := spool.Open(cfg)
			switch full := fault == syscall.ENOSPC || fault == syscall.EDQUOT; {
			case !failed || full:
				if err != nil {
					t.Fatalf("%v from operation %d of the start: %v", fault, n, err)
				}
				if whole, torn := keys(t, d); len(whole) != 1 || torn != 0 {
					t.Fatalf("%v from operation %d of the start: %v, %d torn", fault, n, whole, torn)
				}
				closes(t, d)
			case !errors.Is(err, fault) || !strings.Contains(err.Error(), cfg.Dir):
				t.Fatalf("%v from operation %d of the start: Open says %v", fault, n, err)
			}
			disk.OnOp(nil) // and it has let go of the directory, and lost nothing
			d = open(t, onDisk(disk, spool.SyncEach))
			dead, err := d.List(spool.Dead)
			if whole, torn := keys(t, d); err != nil || len(whole) != 1 || torn != 0 || len(dead) != 1 {
				t.Fatalf("%v from operation %d of the start: then %v, %d torn, %d dead, %v", fault, n, whole, torn, len(dead), err)
			}
			closes(t, d)
			if !failed {
				break
			}
		}
	}
	faults.Happened(t, "S-7.unwritable", "EACCES, EPERM, EROFS: Open returns it, and the next one opens with all there; ENOSPC, EDQUOT: it opens")
}

// TestAnErrorAtEveryOperation lets each operation of a script fail once, with each error that a disk
// has. What was acknowledged stays, and what failed leaves nothing.
func TestAnErrorAtEveryOperation(t *testing.T) {
	for name, mode := range modes {
		for _, fault := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EACCES, syscall.EIO} {
			for n := 1; ; n++ {
				disk := crashfs.New()
				d := open(t, onDisk(disk, mode))
				before := disk.Ops()
				disk.FailAt(n, fault)
				acked := 0
				for i := range 4 {
					if _, err := d.Put(bodyOf(i, 9000), keyOf(i)); err == nil {
						acked++
					} else if !errors.Is(err, fault) {
						t.Fatalf("%s, %v at %d: Put says %v", name, fault, n, err)
					}
					_ = d.Sync(t.Context()) // says it, and is called again
				}
				reached := disk.Ops()-before >= n
				disk.OnOp(nil)
				if err := d.Sync(t.Context()); err != nil {
					t.Fatalf("%s, %v at %d: a Sync after the fault says %v", name, fault, n, err)
				}
				if _, err := d.Put(bodyOf(4, 9000), keyOf(4)); err != nil {
					t.Fatalf("%s, %v at %d: a Put after the fault says %v", name, fault, n, err)
				}
				if err := d.Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
				disk.Crash(crashfs.LoseAll)
				d = open(t, onDisk(disk, mode))
				whole, torn := keys(t, d)
				if len(whole) != acked+1 || torn != 0 {
					t.Fatalf("%s, %v at operation %d: %d acknowledged, %d found, %d torn", name, fault, n, acked+1, len(whole), torn)
				}
				if !reached {
					break
				}
			}
		}
	}
	faults.Happened(t, "S-7.errors", "each operation failed once with ENOSPC, EDQUOT, EROFS, EACCES, EIO: 0 acknowledged lost, and it went on without a restart")
}

// TestASyncThatFailsIsNotTrusted has the disk forget what it could not write, as Linux does: a
// second sync of the same file would be a success, and worth nothing.
func TestASyncThatFailsIsNotTrusted(t *testing.T) {
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			disk := crashfs.New()
			d := open(t, onDisk(disk, mode))
			failed := map[string]bool{}
			left := 1
			disk.OnOp(func(op crashfs.Op) error {
				if op.Kind != crashfs.SyncFile {
					return nil
				}
				if left > 0 {
					left--
					failed[op.Name] = true
					return syscall.EIO
				}
				return nil
			})
			e := put(t, d, 1, 9000)
			if err := d.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(failed) != 1 || d.Stats().Rewritten != 1 {
				t.Errorf("syncs that failed: %v, rewritten %d, want one each", failed, d.Stats().Rewritten)
			}
			disk.Crash(crashfs.LoseAll)
			d = open(t, onDisk(disk, mode))
			if l := backlog(t, d); len(l) != 1 || l[0] != e {
				t.Fatalf("backlog %v, want %v", l, e)
			}
			loads(t, d, e, 1, 9000)
		})
	}
	faults.Happened(t, "S-8", "written again to another file; 1 of 1 there after a power failure")
}

// TestPutWaitsForASyncThatMends holds that nothing is acknowledged while the disk takes nothing.
func TestPutWaitsForASyncThatMends(t *testing.T) {
	disk := crashfs.New()
	d := open(t, onDisk(disk, spool.SyncInterval))
	first := put(t, d, 1, 100)
	disk.OnOp(func(op crashfs.Op) error {
		if op.Kind == crashfs.SyncFile {
			return syscall.EIO
		}
		return nil
	})
	if err := d.Sync(t.Context()); !errors.Is(err, syscall.EIO) {
		t.Fatalf("Sync says %v", err)
	}
	if _, err := d.Put(bodyOf(2, 100), keyOf(2)); !errors.Is(err, syscall.EIO) {
		t.Errorf("Put says %v", err)
	}
	loads(t, d, first, 1, 100)
	disk.OnOp(nil)
	if err := d.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, d, 3, 100)
}

// TestASyncThatIsCutIsGoneOnWith ends a context in each sync that the disk is asked for: what the Sync had
// not come to is covered by the next one.
func TestASyncThatIsCutIsGoneOnWith(t *testing.T) {
	errLate := errors.New("late")
	for at := 1; ; at++ {
		disk := crashfs.New()
		d := open(t, onDisk(disk, spool.SyncInterval))
		for i := range 4 {
			put(t, d, i, 100)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		calls := 0
		disk.OnOp(func(op crashfs.Op) error {
			if op.Kind == crashfs.SyncFile || op.Kind == crashfs.SyncDir {
				if calls++; calls == at {
					cancel(errLate)
				}
			}
			return nil
		})
		err := d.Sync(ctx)
		disk.OnOp(nil)
		cut := ctx.Err() != nil
		cancel(nil)
		if cut && !errors.Is(err, errLate) || !cut && err != nil {
			t.Fatalf("cut in sync %d of %d: Sync says %v", at, calls, err)
		}
		if calls > at {
			t.Errorf("cut in sync %d, and there were %d", at, calls)
		}
		put(t, d, 4, 100)
		if err := d.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		disk.Crash(crashfs.LoseAll)
		if whole, torn := keys(t, open(t, onDisk(disk, spool.SyncInterval))); len(whole) != 5 || torn != 0 {
			t.Fatalf("cut in sync %d: %d of 5 were there after a power failure, %d torn", at, len(whole), torn)
		}
		if !cut {
			break
		}
	}
}

// TestReleaseLetsOthersIn holds that a spool that was given up is another's, without a Sync.
func TestReleaseLetsOthersIn(t *testing.T) {
	disk := crashfs.New()
	d := open(t, onDisk(disk, spool.SyncInterval))
	e := put(t, d, 1, 100)
	disk.OnOp(func(op crashfs.Op) error {
		if op.Kind == crashfs.SyncFile || op.Kind == crashfs.SyncDir {
			t.Errorf("Release does %v", op)
		}
		return nil
	})
	if err := errors.Join(d.Release(), d.Release(), d.Close()); err != nil {
		t.Fatal(err)
	}
	disk.OnOp(nil)
	if _, err := d.Put(bodyOf(2, 100), keyOf(2)); !errors.Is(err, spool.ErrClosed) {
		t.Errorf("Put says %v", err)
	}
	loads(t, open(t, onDisk(disk, spool.SyncInterval)), e, 1, 100)
}

func TestACrashAfterARemovalLeavesNothingToDisagree(t *testing.T) {
	for seed := range uint64(50) {
		disk := crashfs.New()
		d := open(t, onDisk(disk, spool.SyncEach))
		for i := range 5 {
			put(t, d, i, 100)
		}
		for _, e := range backlog(t, d)[:3] {
			if err := d.Remove(e); err != nil {
				t.Fatal(err)
			}
		}
		disk.Crash(seed)
		for range 2 { // and once more: there is no state that a second start could meet
			d = open(t, onDisk(disk, spool.SyncEach))
			if whole, torn := keys(t, d); len(whole) < 2 || len(whole) > 5 || torn != 0 {
				t.Fatalf("seed %d: %v, %d torn", seed, whole, torn)
			}
			closes(t, d)
		}
	}
	faults.Happened(t, "S-14", "opened again each time, twice; what was removed came back whole or not at all")
}
