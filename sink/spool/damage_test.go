package spool_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/spool"
	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
)

// TestTornAtEachByte cuts the last file at each byte of its last 64 KiB, and at each 61st of them
// opens the spool anew and writes to it: at each, with TAILRACE_SPOOL_TORN=1. The race detector,
// which has nothing to find here, gets each 61st alone.
func TestTornAtEachByte(t *testing.T) {
	disk := crashfs.New()
	cfg := onDisk(disk, spool.SyncEach)
	d := open(t, cfg)
	before := put(t, d, 0, 100)
	last := put(t, d, 1, 64<<10)
	name := nameIn(t, disk, last)
	whole, _ := disk.File(name)
	next := bodyOf(2, 100)
	step := amount(t, "TAILRACE_SPOOL_TORN", 61)
	cuts := 0
	for size := len(whole) - 1; size >= len(whole)-64<<10; size-- {
		if raced && size%step != 0 {
			continue
		}
		cuts++
		disk.SetFile(name, whole[:size])
		torn := d.Stats().Quarantined
		if size%step == 0 {
			closes(t, d)
			begun := time.Now()
			d = open(t, cfg)
			if took := time.Since(begun); took > time.Second {
				t.Fatalf("cut at %d: Open took %v", size, took)
			}
			torn = 0
		}
		if _, _, err := d.Load(last); !errors.Is(err, sink.ErrSpoolDamaged) || d.Stats().Quarantined != torn+1 {
			t.Fatalf("cut at %d: Load says %v, quarantined %d", size, err, d.Stats().Quarantined-torn)
		}
		if size%step == 0 {
			if l, err := d.List(spool.Queue); err != nil || len(l) != 1 {
				t.Fatalf("cut at %d: backlog %v, %v", size, l, err)
			}
			loads(t, d, before, 0, 100)
			e, err := d.Put(next, keyOf(2))
			if err != nil {
				t.Fatalf("cut at %d: Put says %v", size, err)
			}
			loads(t, d, e, 2, 100)
			if err := d.Remove(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Drop(spool.Quarantine, last); err != nil {
			t.Fatal(err)
		}
		// As time does, or the disk would remember all that was not synced since the start.
		if err := errors.Join(cfg.FS.SyncDir(cfg.Dir), cfg.FS.SyncDir(cfg.Dir+"/quarantine")); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d cuts, opened at each %d.", cuts, step)
	faults.Happened(t, "S-3", "the torn one quarantined and counted, each time; opened, the one before it whole, and writing worked, at each one tried")
}

// TestOneBitFlipped flips one bit at a time, at 10,000 random places of all files.
func TestOneBitFlipped(t *testing.T) {
	const files = 10
	disk := crashfs.New()
	d := open(t, onDisk(disk, spool.SyncEach))
	entries := make([]sink.SpoolEntry, files)
	names, bodies := make([]string, files), make([]*pipeline.Body, files)
	for i := range entries {
		bodies[i] = bodyOf(i, 2000+i*500)
		entries[i] = put(t, d, i, 2000+i*500)
		names[i] = nameIn(t, disk, entries[i])
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for flip := range 10_000 {
		hit := rng.IntN(files)
		good, _ := disk.File(names[hit])
		bad := bytes.Clone(good)
		bit := rng.IntN(8 * len(bad))
		bad[bit/8] ^= 1 << (bit % 8)
		disk.SetFile(names[hit], bad)
		for i, e := range entries {
			if i != hit {
				if (i+flip)%5 == 0 { // each other one in its turn
					body, key, err := d.Load(e)
					if err == nil {
						err = same(body, bodies[i])
					}
					if err != nil || key != keyOf(i) {
						t.Fatalf("bit %d of %s: Load of %s, %q says %v", bit, names[hit], names[i], key, err)
					}
					body.Free()
				}
				continue
			}
			if _, _, err := d.Load(e); !errors.Is(err, sink.ErrSpoolDamaged) {
				t.Fatalf("bit %d of %s: Load says %v", bit, names[hit], err)
			}
		}
		if l, err := d.List(spool.Quarantine); err != nil || len(l) != 1 || l[0] != entries[hit] {
			t.Fatalf("bit %d of %s: quarantined %v, %v", bit, names[hit], l, err)
		}
		if err := d.Drop(spool.Quarantine, entries[hit]); err != nil {
			t.Fatal(err)
		}
		disk.SetFile(names[hit], good)
	}
	faults.Happened(t, "S-4", "10,000 flips: exactly the batch that was hit is quarantined, each time; the others byte for byte")
}

func TestWhatIsNotTheSpools(t *testing.T) {
	dir := t.TempDir()
	d := open(t, spool.Config{Dir: dir})
	e := put(t, d, 1, 500)
	path := pathOf(t, dir, e)
	name := filepath.Base(path)
	closes(t, d)

	outside := filepath.Join(t.TempDir(), "outside")
	write := func(name string, data []byte) {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(outside, []byte("not to be touched"))
	foreign := []string{"notes.txt", strings.Repeat("x", 255), ".batch", "0-0-0-0.batch", name + "~", "00000000000000FF-1-1-1.batch",
		"0000000000000001-01-1-1.batch", "0000000000000001-1-1-99999999999999999999.batch", "0000000000000001--1-1-1.batch"}
	for _, f := range foreign {
		write(filepath.Join(dir, f), []byte("foreign"))
	}
	if err := os.Mkdir(filepath.Join(dir, "0000000000000020-1-100-1.batch"), 0o700); err != nil {
		t.Fatal(err)
	}
	count := len(foreign) + 1
	if runtime.GOOS != "windows" {
		if err := os.Symlink(outside, filepath.Join(dir, "0000000000000021-1-17-1.batch")); err != nil {
			t.Fatal(err)
		}
		count++
	}
	// What has the name of a batch and is none is found when it is loaded.
	write(filepath.Join(dir, "0000000000000022-1-0-1.batch"), nil)
	write(filepath.Join(dir, "0000000000000023-3-4096-1.batch"), make([]byte, 4096))
	write(filepath.Join(dir, "0000000000000024-3-4096-1.tmp"), make([]byte, 4096))

	d = open(t, spool.Config{Dir: dir})
	if s := d.Stats(); s.Foreign != count || s.Temporary != 1 {
		t.Errorf("%+v, want %d foreign and 1 temporary", s, count)
	}
	if whole, torn := keys(t, d); len(whole) != 1 || torn != 2 {
		t.Errorf("whole %v, torn %d, want one and 2", whole, torn)
	}
	if e := put(t, d, 2, 100); e.Seq != 0x25 {
		t.Errorf("the next number is %#x, want 0x25", e.Seq)
	}
	for _, f := range foreign {
		if _, err := os.Lstat(filepath.Join(dir, f)); err != nil {
			t.Error(err)
		}
	}
	if got, err := os.ReadFile(outside); err != nil || string(got) != "not to be touched" {
		t.Errorf("the link's target has %q, %v", got, err)
	}
	faults.Happened(t, "S-5", "skipped and counted: foreign files, a folder, a link, a name of 255 bytes; quarantined when loaded: an empty file, zeroes")
}

// TestALinkIsNotFollowed puts it in an entry's place while the spool is open.
func TestALinkIsNotFollowed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links want a privilege there")
	}
	dir := t.TempDir()
	d := open(t, spool.Config{Dir: dir})
	e := put(t, d, 1, 500)
	path := pathOf(t, dir, e)
	other := filepath.Join(t.TempDir(), "other")
	if err := errors.Join(os.Rename(path, other), os.Symlink(other, path)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Load(e); !errors.Is(err, sink.ErrSpoolDamaged) {
		t.Errorf("Load of a link says %v", err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
}

// TestManyFiles opens a directory of many: TAILRACE_SPOOL_FILES says how many.
func TestManyFiles(t *testing.T) {
	n := amount(t, "TAILRACE_SPOOL_FILES", 2000)
	dir := t.TempDir()
	d := open(t, spool.Config{Dir: dir})
	first := put(t, d, 1, 10)
	raw, err := os.ReadFile(pathOf(t, dir, first))
	if err != nil {
		t.Fatal(err)
	}
	closes(t, d)
	name := filepath.Base(pathOf(t, dir, first))
	for i := 2; i <= n; i++ {
		// An hour old, so that they count as synced.
		if err := os.WriteFile(filepath.Join(dir, seqName(i)), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	d = open(t, spool.Config{Dir: dir})
	took := time.Since(begun)
	if l := backlog(t, d); len(l) != n || l[0] != first || l[n-1].Seq != uint64(n) {
		t.Errorf("%d entries, want %d beginning with %s", len(l), n, name)
	}
	if e := put(t, d, 2, 10); e.Seq != uint64(n+1) {
		t.Errorf("the next number is %d", e.Seq)
	}
	t.Logf("%d files: open took %v", n, took)
	faults.Happened(t, "S-5.many", "all listed in order; the next number is one more than the last")
}

func seqName(i int) string {
	const digits = "0123456789abcdef"
	b := []byte("0000000000000000-1-10-1000.batch")
	for at := 15; i > 0; at-- {
		b[at] = digits[i%16]
		i /= 16
	}
	return string(b)
}

func TestOrderAcrossTheWrap(t *testing.T) {
	disk := crashfs.New()
	p := disk.Start()
	for _, dir := range []string{"/var", "/var/spool"} {
		if err := p.Mkdir(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"fffffffffffffffe-1-9-5.batch", "ffffffffffffffff-1-9-5.batch"} {
		disk.SetFile("/var/spool/"+name, make([]byte, 9))
	}
	d := open(t, onDisk(disk, spool.SyncEach))
	e := put(t, d, 1, 100)
	var got []uint64
	for _, e := range backlog(t, d) {
		got = append(got, e.Seq)
	}
	if len(got) != 3 || got[0] != 1<<64-2 || got[1] != 1<<64-1 || got[2] != e.Seq {
		t.Errorf("order %x, want those before the wrap first, then %x", got, e.Seq)
	}
	closes(t, d)

	disk.SetFile("/var/spool/8000000000000000-1-9-5.batch", make([]byte, 9)) // a jump
	disk.SetFile("/var/spool/dead/8000000000000007-1-9-5.batch", make([]byte, 9))
	disk.SetFile("/var/spool/quarantine/8000000000000005-1-9-5.batch", make([]byte, 9))
	d = open(t, onDisk(disk, spool.SyncEach))
	if e := put(t, d, 2, 100); e.Seq != 1<<63+8 {
		t.Errorf("after a jump the next number is %x", e.Seq)
	}
	faults.Happened(t, "S-17", "in order across the wrap; after a jump one more than the highest, dead letters and quarantine included")
}

func TestPermissionsAndNoToken(t *testing.T) {
	const canary = "canary-token-not-real"
	t.Setenv("MASTRA_CLOUD_ACCESS_TOKEN", canary)
	dir := filepath.Join(t.TempDir(), "new", "spool")
	d := open(t, spool.Config{Dir: dir, Sync: spool.SyncEach})
	dead, part := put(t, d, 1, 500), put(t, d, 2, 500)
	put(t, d, 3, 500)
	if err := errors.Join(d.Bury(dead, nil), d.Bury(part, bodyOf(4, 100))); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(filepath.Dir(dir), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		} else if raw, err := os.ReadFile(path); err != nil || bytes.Contains(raw, []byte(canary)) {
			t.Errorf("%s has the token, or %v", path, err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	faults.Happened(t, "S-19", "directories 0700, files 0600, no token in any")
}

func TestStartErrorsNameWhatFailed(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []spool.Config{
		{}, {Dir: file}, {Dir: filepath.Join(file, "below")}, {Dir: dir, Sync: 7}, {Dir: dir, SyncEvery: -1},
		{Dir: dir, Dead: spool.Keep{MaxBytes: -1}}, {Dir: dir, Quarantine: spool.Keep{MaxAge: -1}},
	} {
		d, err := spool.Open(cfg)
		if err == nil {
			closes(t, d)
			t.Errorf("Open(%+v) is no error", cfg)
			continue
		}
		if cfg.Sync != 0 || cfg.SyncEvery != 0 || cfg.Dead.MaxBytes != 0 || cfg.Quarantine.MaxAge != 0 || cfg.Dir == "" {
			if !strings.Contains(err.Error(), "Config.") {
				t.Errorf("%q does not name the field", err)
			}
		} else if !strings.Contains(err.Error(), "open "+cfg.Dir) {
			t.Errorf("%q does not name the directory", err)
		}
	}
	faults.Happened(t, "S-7.start", "an error that names the field, or the directory and what failed")
}

func TestTheDirectoryIsRemovedWhileItRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	d := open(t, spool.Config{Dir: dir})
	e := put(t, d, 1, 100)
	if err := d.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Skip(err) // where a lock holds it
	}
	if _, err := d.Put(bodyOf(2, 100), keyOf(2)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Put says %v", err)
	}
	if _, _, err := d.Load(e); !errors.Is(err, sink.ErrSpoolDamaged) {
		t.Errorf("Load says %v", err)
	}
	if err := d.Remove(e); err != nil {
		t.Errorf("Remove says %v", err)
	}
	if err := d.Bury(e, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Bury says %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	e = put(t, d, 3, 100)
	loads(t, d, e, 3, 100)
	faults.Happened(t, "S-7.removed", "an error of each call, no crash; it works again when the directory is there again")
}

func TestBodiesThatCannotBeSpooled(t *testing.T) {
	disk := crashfs.New()
	d := open(t, onDisk(disk, spool.SyncEach))
	for what, b := range map[string]*pipeline.Body{
		"item 1":       {Data: make([]byte, 9), Parts: []pipeline.Part{{From: 3, To: 5}, {From: 4, To: 6}}},
		"item 0":       {Data: make([]byte, 9), Parts: []pipeline.Part{{From: 3, To: 10}}},
		"content type": {ContentType: strings.Repeat("x", 5000)},
	} {
		if _, err := d.Put(b, "key"); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: Put says %v", what, err)
		}
	}
	if l := backlog(t, d); len(l) != 0 {
		t.Errorf("the queue has %v", l)
	}
}

func TestWhatIsKeptIsCapped(t *testing.T) {
	disk := crashfs.New()
	now := time.Unix(1_000_000, 0)
	cfg := onDisk(disk, spool.SyncEach)
	cfg.Now = func() time.Time { return now }
	cfg.Dead = spool.Keep{MaxBytes: 2500, MaxAge: time.Hour}
	d := open(t, cfg)
	for i := range 4 {
		if err := d.Bury(put(t, d, i, 1000), nil); err != nil {
			t.Fatal(err)
		}
	}
	if l, err := d.List(spool.Dead); err != nil || len(l) != 2 || l[1].Seq != 4 {
		t.Errorf("dead letters %v, %v, want the last two", l, err)
	}
	if s := d.Stats(); s.Shed != 2 || s.ShedItems != 1+2 || s.Buried != 4 {
		t.Errorf("%+v, want 2 shed with 3 items, 4 buried", s)
	}
	closes(t, d)
	now = now.Add(2 * time.Hour)
	cfg.FS = disk.Start()
	d = open(t, cfg)
	if l, err := d.List(spool.Dead); err != nil || len(l) != 0 {
		t.Errorf("dead letters after two hours: %v, %v", l, err)
	}
}
