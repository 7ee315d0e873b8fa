package spool_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/sink/spool"
)

// childDir is the variable that makes this test binary a process to be killed.
const childDir = "TAILRACE_SPOOL_CHILD"

// child puts and removes until it is killed, and says each of it when it is done.
func child(dir string) {
	var from, mode int
	_, _ = fmt.Sscan(os.Getenv("TAILRACE_SPOOL_FROM"), &from)
	_, _ = fmt.Sscan(os.Getenv("TAILRACE_SPOOL_MODE"), &mode)
	d, err := spool.Open(spool.Config{Dir: dir, Sync: spool.SyncMode(mode)})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("open")
	entries, err := d.Backlog()
	for i := from; err == nil; i++ {
		e, failed := d.Put(bodyOf(i, 1000+i%5*9000), keyOf(i))
		if failed != nil {
			err = failed
			break
		}
		fmt.Println("put", keyOf(i))
		// Whatever earlier ones have left is removed too: the queue does not grow from kill to kill.
		for entries = append(entries, e); len(entries) > 20 && err == nil; entries = entries[1:] {
			body, key, failed := d.Load(entries[0])
			if failed != nil {
				err = failed
				break
			}
			body.Free()
			fmt.Println("remove", key) // before it is: so nobody takes it for lost
			err = d.Remove(entries[0])
		}
		if i%7 == 0 && err == nil {
			err = d.Sync(context.Background())
		}
	}
	fmt.Println("error", err)
}

// start starts a process that has dir open.
func startChild(t *testing.T, dir string, from int, mode spool.SyncMode) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir,
		fmt.Sprintf("TAILRACE_SPOOL_FROM=%d", from), fmt.Sprintf("TAILRACE_SPOOL_MODE=%d", mode))
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "open" {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Fatalf("the child says %q", lines.Text())
	}
	return cmd, lines
}

// TestKill9 kills a process that puts and removes, at any moment: TAILRACE_SPOOL_KILLS says how many
// times.
func TestKill9(t *testing.T) {
	kills := amount(t, "TAILRACE_SPOOL_KILLS", 8)
	dir := t.TempDir()
	there := map[string]bool{} // acknowledged, and not about to be removed
	acked := 0
	for cycle := range kills {
		mode := spool.SyncMode(cycle % 2)
		cmd, lines := startChild(t, dir, cycle*1_000_000, mode)
		after := 1 + cycle*7%40 // lines, and then at whatever it does
		for lines.Scan() {
			what, key, _ := strings.Cut(lines.Text(), " ")
			switch what {
			case "put":
				there[key] = true
				acked++
			case "remove":
				delete(there, key)
			default:
				t.Fatalf("cycle %d: the child says %q", cycle, lines.Text())
			}
			if after--; after == 0 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // it was killed
		d := open(t, spool.Config{Dir: dir})
		whole, torn := keys(t, d)
		closes(t, d)
		found := map[string]bool{}
		for _, key := range whole {
			found[key] = true
		}
		for key := range there {
			if !found[key] {
				t.Fatalf("cycle %d: %s was acknowledged and is lost", cycle, key)
			}
		}
		if torn != 0 {
			t.Fatalf("cycle %d: %d torn", cycle, torn)
		}
		for key := range found { // what was put and not said any more
			there[key] = true
		}
	}
	t.Logf("%d kills, %d acknowledged, 0 lost", kills, acked)
	faults.Happened(t, "S-1", "0 acknowledged lost, 0 torn")
}

func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	cmd, lines := startChild(t, dir, 0, spool.SyncInterval)
	begun := time.Now()
	_, err := spool.Open(spool.Config{Dir: dir})
	if took := time.Since(begun); !errors.Is(err, spool.ErrLocked) || took > time.Second {
		t.Errorf("the second gets %v after %v", err, took)
	}
	if err != nil && !strings.Contains(err.Error(), dir) {
		t.Errorf("%q does not name the directory", err)
	}
	if c, err := spool.Look(dir, nil).List(spool.Queue); err != nil {
		t.Errorf("a look into it says %v, %v", c, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	_ = cmd.Wait() // it was killed
	closes(t, open(t, spool.Config{Dir: dir}))
	faults.Happened(t, "S-9", "the second gets ErrLocked; free again after kill -9")
}

const (
	syncingDir = "TAILRACE_SPOOL_SYNCING" // makes this test binary the process whose sync fails
	syncings   = 4
)

// syncing puts and syncs, all on one thread, for which strace counts.
func syncing(dir string) {
	runtime.LockOSThread()
	var mode int
	_, _ = fmt.Sscan(os.Getenv("TAILRACE_SPOOL_MODE"), &mode)
	d, err := spool.Open(spool.Config{Dir: dir, Sync: spool.SyncMode(mode)})
	if err != nil {
		fmt.Println(err)
		return
	}
	done := 0
	for i := range syncings {
		_, err := d.Put(bodyOf(i, 9000), keyOf(i))
		if err = errors.Join(err, d.Sync(context.Background())); err != nil {
			fmt.Println(err)
			continue
		}
		done++
	}
	fmt.Printf("put %d of %d, rewritten %d\n", done, syncings, d.Stats().Rewritten)
	if err := d.Close(); err != nil {
		fmt.Println(err)
	}
}
