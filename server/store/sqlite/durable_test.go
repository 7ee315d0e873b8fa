package sqlite_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/sqlite"
	"github.com/tailrace-go/tailrace/server/store/storetest"
	"github.com/tailrace-go/tailrace/span"
)

var kills = flag.Int("kills", 4, "how often the crash test kills the writing process")

const crashDir = "TAILRACE_CRASH_DIR" // set in the child of the crash test

// TestKilledProcessLosesNothing kills a process that writes, again and again, and looks for each span that it was told
// is stored.
func TestKilledProcessLosesNothing(t *testing.T) {
	if dir := os.Getenv(crashDir); dir != "" {
		writeUntilKilled(t, dir)
		return
	}
	dir := t.TempDir()
	acknowledged := map[string][]span.ID{} // by trace
	for round := range *kills {
		said := killOne(t, dir, round)
		checkAfterCrash(t, dir, said)
		for trace, ids := range said {
			acknowledged[trace] = append(acknowledged[trace], ids...)
		}
	}
	checkAfterCrash(t, dir, acknowledged)
	checkFiles(t, dir)
	if len(acknowledged) == 0 {
		t.Fatal("nothing was acknowledged: the test shows nothing")
	}
	total := 0
	for _, ids := range acknowledged {
		total += len(ids)
	}
	t.Logf("%d kills, %d acknowledged spans in %d traces", *kills, total, len(acknowledged))
}

// killOne starts a child, waits until it has said something and some time more, and kills it. What it said is returned.
func killOne(t *testing.T, dir string, round int) map[string][]span.ID {
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcessLosesNothing$")
	cmd.Env = append(os.Environ(), crashDir+"="+dir, fmt.Sprint("TAILRACE_CRASH_ROUND=", round))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[string][]span.ID{}
	lines := 0
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var said []string // trace and ids; a line that the kill cut is none
		if json.Unmarshal(scanner.Bytes(), &said) != nil {
			continue
		}
		for _, id := range said[1:] {
			acknowledged[said[0]] = append(acknowledged[said[0]], span.ID(id))
		}
		if lines++; lines == 3+round*7%40 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	return acknowledged
}

// checkFiles asks SQLite about the files.
func checkFiles(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "projects", "*", "*.db"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, path := range files {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		var answer string
		if err := db.QueryRow("PRAGMA integrity_check").Scan(&answer); err != nil || answer != "ok" {
			t.Errorf("%s: %s, %v", path, answer, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// writeUntilKilled appends batches from many goroutines and prints what was acknowledged. Traces get spans in many
// batches, some of them first as running, and every batch is sent twice.
func writeUntilKilled(t *testing.T, dir string) {
	s, err := sqlite.Open(sqlite.Config{Dir: dir, RetainEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	lines := make(chan []string)
	for worker := range 8 {
		go func() {
			for n := 0; ; n++ {
				trace := fmt.Sprintf("%x%04x%08x", worker+1, os.Getpid()&0xffff, n/5+1)
				size := 5
				if n%4 == 0 {
					size = 200
				}
				b, running, said := &store.Batch{}, &store.Batch{}, []string{trace}
				for i := range size {
					id := fmt.Sprintf("%x", 1+n%5*200+i)
					said = append(said, id)
					s := &span.Span{
						TraceID: span.TraceID(trace), ID: span.ID(id), Name: "n", Type: span.TypeGeneric, Start: now, End: now.Add(time.Second),
						Input: span.Text(strings.Repeat(id+" ", 400)),
					}
					b.Spans = append(b.Spans, store.Item{Span: s})
					if i%3 == 0 {
						first := s.Clone()
						first.End = time.Time{}
						running.Spans = append(running.Spans, store.Item{Span: first})
					}
				}
				for _, b := range []*store.Batch{running, b, b} {
					if _, err := s.Append(context.Background(), "p", b); err != nil {
						panic(err)
					}
				}
				lines <- said
			}
		}()
	}
	for said := range lines {
		line, err := json.Marshal(said)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(string(line))
	}
}

// checkAfterCrash opens what is left and compares it, span by span, with what was acknowledged.
func checkAfterCrash(t *testing.T, dir string, acknowledged map[string][]span.ID) {
	t.Helper()
	s, err := sqlite.Open(sqlite.Config{Dir: dir, RetainEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := context.Background()
	for trace, ids := range acknowledged {
		k, err := s.Trace(ctx, "p", span.TraceID(trace), store.TraceOptions{})
		if err != nil {
			t.Fatalf("trace %s: %v", trace, err)
		}
		if twice := slices.Compact(slices.Sorted(slices.Values(k.ID))); len(twice) != k.Len() || k.Trace.Spans != k.Len() {
			t.Errorf("trace %s: %d rows, %d ids, summary says %d", trace, k.Len(), len(twice), k.Trace.Spans)
		}
		for _, id := range ids {
			long, _ := id.W3C()
			if i := slices.Index(k.ID, long); i < 0 || k.Dur[i] < 0 {
				t.Errorf("trace %s: acknowledged span %s, or its end, is lost", trace, id)
			}
		}
		n := 0
		for full, err := range s.Spans(ctx, "p", span.TraceID(trace)) {
			if err != nil || full.Span.Input == "" {
				t.Fatalf("trace %s: %v", trace, err)
			}
			n++
		}
		if n != k.Len() {
			t.Errorf("trace %s: %d payloads of %d spans", trace, n, k.Len())
		}
	}
	set, err := s.Series(ctx, "p", store.SeriesQuery{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)})
	stats, errStats := s.Stats(ctx, "p")
	if err != nil || errStats != nil {
		t.Fatal(err, errStats)
	}
	held := int64(0)
	for _, d := range stats.Days {
		held += d.Spans
	}
	ended := int64(0)
	for f := (store.Filter{Limit: store.MaxLimit}); ; {
		page, err := s.List(ctx, "p", f)
		if err != nil {
			t.Fatal(err)
		}
		for _, summary := range page.Traces {
			k, err := s.Trace(ctx, "p", summary.TraceID, store.TraceOptions{MaxSpans: -1})
			if err != nil {
				t.Fatal(err)
			}
			held -= int64(k.Len())
			for _, d := range k.Dur {
				if d >= 0 {
					ended++
				}
			}
		}
		if f.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	if held != 0 {
		t.Errorf("the files count %d spans that no trace has", held)
	}
	if len(set.Series) == 1 && int64(set.Series[0].Total.Count) != ended {
		t.Errorf("figures count %d spans, of which %d have ended", set.Series[0].Total.Count, ended)
	}
}

// TestDiskThatIsFullForAWhile fills a file system of its own, which it may make only where it is root.
func TestDiskThatIsFullForAWhile(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no file system to fill: %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("%v %s", err, out)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 6<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, sqlite.Config{Dir: filepath.Join(dir, "data")})
	now, noise := time.Now(), make([]byte, 60<<10)
	random := rand.NewChaCha8([32]byte{})
	batch := func(n int) *store.Batch {
		_, _ = random.Read(noise) // it never fails
		b := one(fmt.Sprintf("%x", n), now)
		b.Spans[0].Span.Input = span.Text(base64.StdEncoding.EncodeToString(noise))
		return b
	}
	ctx := context.Background()
	stored := map[int]bool{}
	refused := 0
	for n := 1; refused < 20; n++ {
		r, err := s.Append(ctx, "p", batch(n))
		switch {
		case err == nil && r.Spans[0].State == store.Stored:
			stored[n] = true
		case errors.Is(err, store.ErrFull):
			refused++
		default:
			t.Fatalf("batch %d: %+v, %v; want it stored or ErrFull", n, r, err)
		}
		if n > 1000 {
			t.Fatal("12 MiB hold 60 MB")
		}
	}
	check := func(when string) {
		t.Helper()
		for n := range stored {
			full, err := s.Span(ctx, "p", span.TraceID(fmt.Sprintf("%x", n)), "1")
			if err != nil || len(full.Span.Input) < len(noise) {
				t.Fatalf("%s: span %d of %d: %v", when, n, len(stored), err)
			}
		}
	}
	check("while it is full")
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for n := 2001; n <= 2010; n++ {
		if _, err := s.Append(ctx, "p", batch(n)); err != nil {
			t.Fatalf("with room again: %v", err)
		}
		stored[n] = true
	}
	check("with room again")
	stats, err := s.Stats(ctx, "p")
	if err != nil || stats.Stored != int64(len(stored)) || stats.Days[0].Spans != int64(len(stored)) {
		t.Errorf("%d stored: %+v, %v", len(stored), stats, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, sqlite.Config{Dir: filepath.Join(dir, "data")})
	check("after a restart")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checkFiles(t, filepath.Join(dir, "data"))
}

func one(trace string, start time.Time) *store.Batch {
	return &store.Batch{Spans: []store.Item{{Span: &span.Span{
		TraceID: span.TraceID(trace), ID: "1", Name: "n", Type: span.TypeGeneric, Root: true, Start: start, End: start.Add(time.Second),
	}}}}
}

func openAt(t *testing.T, c sqlite.Config) *sqlite.Store {
	t.Helper()
	c.RetainEvery = -1
	s, err := sqlite.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func appendTo(t *testing.T, s store.Store, project string, b *store.Batch) {
	t.Helper()
	if _, err := s.Append(context.Background(), project, b); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, s store.Store, project string) int {
	t.Helper()
	page, err := s.List(context.Background(), project, store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return len(page.Traces)
}

func TestSecondStoreIsLockedOut(t *testing.T) {
	dir := t.TempDir()
	first := openAt(t, sqlite.Config{Dir: dir})
	if _, err := sqlite.Open(sqlite.Config{Dir: dir}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("error %v, want ErrLocked", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	openAt(t, sqlite.Config{Dir: dir})
}

func TestBackupIsAStore(t *testing.T) {
	s := openAt(t, sqlite.Config{Dir: t.TempDir()})
	now := time.Now()
	appendTo(t, s, "p", one("1", now))
	appendTo(t, s, "p", one("2", now.AddDate(0, 0, -3)))
	appendTo(t, s, "q", one("1", now))
	dir := filepath.Join(t.TempDir(), "copy")
	if err := s.Backup(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(context.Background(), dir); err == nil {
		t.Error("a second backup into the same folder: no error")
	}
	c := openAt(t, sqlite.Config{Dir: dir})
	if p, q := count(t, c, "p"), count(t, c, "q"); p != 2 || q != 1 {
		t.Errorf("the copy has %d and %d traces, want 2 and 1", p, q)
	}
	appendTo(t, c, "p", one("3", now))
	if n := count(t, s, "p"); n != 2 {
		t.Errorf("the copy is not apart: %d traces", n)
	}
}

func TestOldestDaysGoWhenTheQuotaIsFull(t *testing.T) {
	var keep atomic.Int64
	keep.Store(-1)
	s := openAt(t, sqlite.Config{Dir: t.TempDir(), Now: func() time.Time { return storetest.Noon }, Limits: func(string) store.Limits {
		return store.Limits{KeepBytes: keep.Load()}
	}})
	for day := range 4 {
		appendTo(t, s, "p", one(fmt.Sprint(day+1), storetest.Noon.AddDate(0, 0, -day)))
	}
	stats, err := s.Stats(context.Background(), "p")
	if err != nil || len(stats.Days) != 4 {
		t.Fatalf("%+v, %v", stats, err)
	}
	keep.Store(stats.Days[0].Bytes + stats.Days[1].Bytes + 1)
	dropped, err := s.Retain(context.Background())
	if err != nil || dropped.Days < 2 || dropped.Spans != dropped.Days {
		t.Errorf("dropped %+v, %v; want the older days", dropped, err)
	}
	page, err := s.List(context.Background(), "p", store.Filter{})
	if err != nil || len(page.Traces) != int(4-dropped.Days) || page.Traces[0].TraceID != "00000000000000000000000000000001" {
		t.Errorf("left %+v, %v; want the newest", page.Traces, err)
	}
	keep.Store(1)
	if _, err := s.Retain(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "p"); n != 1 {
		t.Errorf("%d traces left, want today's", n)
	}
	if _, err := s.Append(context.Background(), "p", one("9", storetest.Noon)); !errors.Is(err, store.ErrQuota) {
		t.Errorf("today alone is too much: %v, want ErrQuota", err)
	}
	appendTo(t, s, "q", one("9", storetest.Noon)) // another project has a quota of its own
	keep.Store(-1)
	if _, err := s.Retain(context.Background()); err != nil {
		t.Fatal(err)
	}
	appendTo(t, s, "p", one("9", storetest.Noon))
}

func TestFullQueueIsBusy(t *testing.T) {
	s := openAt(t, sqlite.Config{Dir: t.TempDir(), MaxQueueBytes: 1})
	appendTo(t, s, "p", one("1", time.Now())) // one batch always has room
	if stats, err := s.Stats(context.Background(), "p"); err != nil || stats.QueueBytes != 0 {
		t.Errorf("queue of %d bytes when nothing waits, %v", stats.QueueBytes, err)
	}
}

func TestCancelledBatchIsNotHalfStored(t *testing.T) {
	s := openAt(t, sqlite.Config{Dir: t.TempDir()})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Append(ctx, "p", one("1", time.Now())); err == nil {
		if n := count(t, s, "p"); n != 1 {
			t.Errorf("acknowledged, but %d traces", n)
		}
	} else if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestConfigErrorsNameTheField(t *testing.T) {
	for field, c := range map[string]sqlite.Config{
		"Dir": {}, "Sync": {Dir: "x", Sync: "OFF"}, "MaxQueueBytes": {Dir: "x", MaxQueueBytes: -1},
	} {
		if _, err := sqlite.Open(c); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("error %v does not name %s", err, field)
		}
	}
}
