package crashfs_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/tailrace-go/tailrace/sink/spool"
	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t *testing.T, p *crashfs.Process, name, text string, syncs bool) {
	t.Helper()
	f, err := p.Create(name)
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err == nil && syncs {
		err = f.Sync()
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// outcomes are all states in which n crashes leave the disk that make makes.
func outcomes(t *testing.T, n uint64, build func(*crashfs.Process)) map[string]int {
	t.Helper()
	found := map[string]int{}
	for seed := range n {
		disk := crashfs.New()
		build(disk.Start())
		disk.Crash(seed)
		state := ""
		for _, name := range disk.Names()[1:] {
			data, _ := disk.File(name)
			state += name + "=" + string(data) + " "
		}
		found[state]++
	}
	return found
}

func TestWhatACrashLeaves(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(*crashfs.Process)
		never []string // states
		some  []string
	}{
		{"a name that is not synced may be lost, its data too", func(p *crashfs.Process) {
			write(t, p, "/a", "xy", true)
		}, []string{"/a= ", "/a=x "}, []string{"", "/a=xy "}},
		{"data that are not synced may be lost, torn or zero", func(p *crashfs.Process) {
			write(t, p, "/a", "xy", false)
			must(t, p.SyncDir("/"))
		}, []string{""}, []string{"/a= ", "/a=x ", "/a=xy ", "/a=\x00\x00 "}},
		{"what is synced stays", func(p *crashfs.Process) {
			write(t, p, "/a", "xy", true)
			must(t, p.Rename("/a", "/b"), p.SyncDir("/"))
		}, []string{"", "/a=xy "}, []string{"/b=xy "}},
		{"a rename is one step, in any order with others", func(p *crashfs.Process) {
			write(t, p, "/a", "1", true)
			write(t, p, "/b", "2", true)
			must(t, p.SyncDir("/"), p.Rename("/a", "/c"), p.Rename("/b", "/d"))
		}, []string{"", "/a=1 /b=2 /c=1 "}, []string{"/a=1 /b=2 ", "/a=1 /d=2 ", "/b=2 /c=1 ", "/c=1 /d=2 "}},
		{"what was removed may come back", func(p *crashfs.Process) {
			write(t, p, "/a", "1", true)
			must(t, p.SyncDir("/"), p.Remove("/a"))
		}, nil, []string{"", "/a=1 "}},
		{"a directory that was not synced takes its files with it", func(p *crashfs.Process) {
			must(t, p.Mkdir("/d"))
			write(t, p, "/d/a", "1", true)
			must(t, p.SyncDir("/d"))
		}, []string{"/d/a=1 "}, []string{"", "/d= /d/a=1 "}},
		{"a rename takes a name from another file", func(p *crashfs.Process) {
			write(t, p, "/a", "old", true)
			must(t, p.SyncDir("/"))
			write(t, p, "/b", "new", true)
			must(t, p.Rename("/b", "/a"))
		}, []string{"", "/a=old /b=old "}, []string{"/a=old ", "/a=new "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := outcomes(t, 300, c.build)
			for _, state := range c.never {
				if found[state] > 0 {
					t.Errorf("%q was left", state)
				}
			}
			for _, state := range c.some {
				if found[state] == 0 {
					t.Errorf("%q was never left, of %v", state, found)
				}
			}
		})
	}
}

func TestASeedMeansOneOutcome(t *testing.T) {
	run := func() []byte {
		disk := crashfs.New()
		p := disk.Start()
		write(t, p, "/a", string(bytes.Repeat([]byte("abc"), 20_000)), false)
		must(t, p.SyncDir("/"))
		disk.Crash(5)
		data, _ := disk.File("/a")
		return data
	}
	if !bytes.Equal(run(), run()) {
		t.Error("two crashes with one seed differ")
	}
}

func TestPagesAreTornApart(t *testing.T) {
	holes := false
	for seed := range uint64(100) {
		disk := crashfs.New()
		p := disk.Start()
		write(t, p, "/a", string(bytes.Repeat([]byte("x"), 10*4096)), false)
		must(t, p.SyncDir("/"))
		disk.Crash(seed)
		data, _ := disk.File("/a")
		first := bytes.IndexByte(data, 0)
		holes = holes || first >= 0 && bytes.LastIndexByte(data, 'x') > first
	}
	if !holes {
		t.Error("no crash has lost a page before one that it kept")
	}
}

func TestTheDead(t *testing.T) {
	disk := crashfs.New()
	one, two := disk.Start(), disk.Start()
	held, err := one.Lock("/lock")
	must(t, err)
	if _, err := two.Lock("/lock"); !errors.Is(err, spool.ErrLocked) {
		t.Errorf("the second gets %v", err)
	}
	one.Kill()
	if err := one.Mkdir("/d"); !errors.Is(err, crashfs.ErrCrashed) {
		t.Errorf("one that was killed gets %v", err)
	}
	again, err := two.Lock("/lock")
	must(t, err, held.Close()) // the dead one's, which frees nothing of another's
	if _, err := disk.Start().Lock("/lock"); !errors.Is(err, spool.ErrLocked) {
		t.Errorf("a third gets %v", err)
	}
	must(t, again.Close())
	disk.Crash(crashfs.KeepAll)
	if err := two.Mkdir("/d"); !errors.Is(err, crashfs.ErrCrashed) {
		t.Errorf("after a power failure it gets %v", err)
	}
	must(t, disk.Start().Mkdir("/d"))
}

func TestRoomComesAndGoes(t *testing.T) {
	disk := crashfs.New()
	p := disk.Start()
	disk.Resize(5)
	f, err := p.Create("/a")
	must(t, err)
	if n, err := f.Write([]byte("1234567")); n != 5 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("wrote %d, %v", n, err)
	}
	must(t, f.Close(), p.Remove("/a"))
	if disk.Used() != 0 {
		t.Errorf("%d bytes in use", disk.Used())
	}
	disk.Resize(-1)
	write(t, p, "/b", "1234567", true)
	if disk.Used() != 7 {
		t.Errorf("%d bytes in use", disk.Used())
	}
	g, err := p.Open("/b")
	must(t, err)
	if all, err := io.ReadAll(g); err != nil || string(all) != "1234567" {
		t.Errorf("read %q, %v", all, err)
	}
}

func TestOperationsAreCounted(t *testing.T) {
	disk := crashfs.New()
	var kinds []crashfs.Kind
	disk.OnOp(func(op crashfs.Op) error {
		if op.N != disk.Ops() {
			t.Errorf("%v is not number %d", op, disk.Ops())
		}
		kinds = append(kinds, op.Kind)
		return nil
	})
	write(t, disk.Start(), "/a", "x", true)
	want := []crashfs.Kind{crashfs.Create, crashfs.Write, crashfs.SyncFile, crashfs.Close}
	if !slices.Equal(kinds, want) || disk.Ops() != 4 {
		t.Errorf("%v, want %v", kinds, want)
	}
	disk.FailAt(2, crashfs.ErrCrashed)
	p := disk.Start()
	must(t, p.Mkdir("/d"))
	for range 2 {
		if err := p.Mkdir("/e"); !errors.Is(err, crashfs.ErrCrashed) {
			t.Errorf("without power it says %v", err)
		}
	}
}
