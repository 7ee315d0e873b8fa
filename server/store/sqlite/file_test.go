package sqlite

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

func openStore(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(Config{Dir: dir, RetainEvery: -1})
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

func batchOf(n int, payload string) *store.Batch {
	now := time.Now()
	return &store.Batch{Spans: []store.Item{{Span: &span.Span{
		TraceID: span.TraceID(fmt.Sprintf("%x", n)), ID: "1", Name: "n", Type: span.TypeGeneric, Root: true, Start: now, End: now.Add(time.Second),
		Input: span.Text(payload),
	}}}}
}

func dayFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "projects", "p", "*.db"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	return files
}

func TestFileOfAnOlderVersionIsMigrated(t *testing.T) {
	dir := t.TempDir()
	current := migrations
	migrations = current[:1]
	s := openStore(t, dir)
	if _, err := s.Append(context.Background(), "p", batchOf(1, "x")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	migrations = current
	s = openStore(t, dir)
	page, err := s.List(context.Background(), "p", store.Filter{Sort: store.SortDuration}) // by an index that was not there
	if err != nil || len(page.Traces) != 1 {
		t.Errorf("read first: %+v, %v", page, err)
	}
	if _, err := s.Append(context.Background(), "p", batchOf(2, "x")); err != nil {
		t.Errorf("then written to: %v", err)
	}
}

func TestFileOfANewerVersionIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	if _, err := s.Append(context.Background(), "p", batchOf(1, "x")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := open(dayFiles(t, dir)[0], "user_version = 99")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir)
	if _, err := s.List(context.Background(), "p", store.Filter{}); !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "99") {
		t.Errorf("list: %v, want ErrNewer with the number", err)
	}
	if _, err := s.Append(context.Background(), "p", batchOf(2, "x")); !errors.Is(err, store.ErrNewer) {
		t.Errorf("append: %v, want ErrNewer", err)
	}
}

func TestFullDiskEndsByItself(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	ctx := context.Background()
	if _, err := s.Append(ctx, "p", batchOf(1, "x")); err != nil {
		t.Fatal(err)
	}
	p, err := s.project("p", false)
	if err != nil {
		t.Fatal(err)
	}
	limit := func(pages int) { // what SQLite answers is the same as when write says ENOSPC
		err := p.do(ctx, func() error {
			for _, w := range p.writers {
				if err := w.c.run(fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(1)                                       // as few as the file has now
	noise := make([]byte, 1<<19)                   // what no compression makes small
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise) // it never fails
	big := batchOf(2, base64.StdEncoding.EncodeToString(noise))
	if _, err := s.Append(ctx, "p", big); !errors.Is(err, store.ErrFull) {
		t.Fatalf("error %v, want ErrFull", err)
	}
	page, err := s.List(ctx, "p", store.Filter{})
	if err != nil || len(page.Traces) != 1 {
		t.Errorf("after the failure: %d traces, %v", len(page.Traces), err)
	}
	r, err := s.Append(ctx, "p", big) // the writer was opened anew, without the limit
	if err != nil || r.Spans[0].State != store.Stored {
		t.Errorf("with room again: %+v, %v", r, err)
	}
	stats, err := s.Stats(ctx, "p")
	if err != nil || stats.Received != 2 || stats.Stored != 2 {
		t.Errorf("the account: %+v, %v", stats, err)
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	if os.PathSeparator != '/' {
		t.Skip("permissions of another kind")
	}
	dir := t.TempDir()
	s := openStore(t, dir)
	if _, err := s.Append(context.Background(), "p", batchOf(1, "x")); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(filepath.Join(dir, "projects"), func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has permissions %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTooManyNamesCountAsOther(t *testing.T) {
	s := openStore(t, t.TempDir())
	now := time.Now()
	b := new(store.Batch)
	for i := range maxRollupKeys + 100 {
		b.Spans = append(b.Spans, store.Item{Span: &span.Span{
			TraceID: "1", ID: span.ID(fmt.Sprintf("%x", i+1)), ParentID: "ffff", Name: fmt.Sprint("name ", i), Type: span.TypeGeneric,
			Start: now, End: now.Add(time.Second),
		}})
	}
	ctx := context.Background()
	if _, err := s.Append(ctx, "p", b); err != nil {
		t.Fatal(err)
	}
	q := store.SeriesQuery{From: now.Add(-time.Hour), To: now.Add(time.Hour), By: store.ByName, MaxKeys: 1000}
	set, err := s.Series(ctx, "p", q)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, series := range set.Series {
		total += series.Total.Count
	}
	if total != len(b.Spans) || set.Series[0].Total.Count < 100 || set.Series[0].Key != other {
		t.Errorf("%d of %d spans, first %q with %d", total, len(b.Spans), set.Series[0].Key, set.Series[0].Total.Count)
	}
	if _, err := s.Delete(ctx, "p", "1"); err != nil {
		t.Fatal(err)
	}
	if set, err = s.Series(ctx, "p", q); err != nil || len(set.Series) != 0 {
		t.Errorf("after the deletion: %d series, %v", len(set.Series), err)
	}
}

// A search that looks at more than its budget says so, and its pages together have everything.
func TestSearchGoesOnBehindItsBudget(t *testing.T) {
	s := openStore(t, t.TempDir())
	ctx := context.Background()
	for i := range 40 {
		b := batchOf(i+1, strings.Repeat("x", 1000)+fmt.Sprint(" needle", i%4))
		b.Spans[0].Span.Start = b.Spans[0].Span.Start.Add(-time.Duration(i) * 2 * time.Hour) // over four files
		if _, err := s.Append(ctx, "p", b); err != nil {
			t.Fatal(err)
		}
	}
	f := store.Filter{Text: "NEEDLE1", Content: true, Budget: 3000}
	found, unfinished := map[span.TraceID]bool{}, 0
	for pages := 0; pages < 100; pages++ {
		page, err := s.List(ctx, "p", f)
		if err != nil {
			t.Fatal(err)
		}
		for _, trace := range page.Traces {
			if found[trace.TraceID] {
				t.Errorf("%s twice", trace.TraceID)
			}
			found[trace.TraceID] = true
		}
		if !page.Searched.Done {
			unfinished++
		}
		if f.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	if len(found) != 10 || unfinished < 5 {
		t.Errorf("%d traces found, want 10; %d pages ended by the budget", len(found), unfinished)
	}
}
