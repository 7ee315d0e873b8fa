// Command storebench fills a store with generated spans and measures it: how fast spans go in and what they cost, what
// they take on disk, how long each question takes when nothing else runs and while spans come in, how long a start and
// the end of a day take, and what memory all of it needed.
//
//	go run ./store/storebench -spans 10000000 -days 3 -dir /var/tmp/bench
//	go run ./store/storebench -dir /var/tmp/bench -ask
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/sqlite"
	"github.com/tailrace-go/tailrace/span"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "storebench:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	flags
	out   io.Writer
	store *sqlite.Store

	keepFor atomic.Int64 // ns

	start, end time.Time // of what is stored
	sample     []span.TraceID
}

type flags struct {
	spans, batch, writers, rounds, rate int
	days                                float64
	sync, dir, profile, only            string
	again, ask                          bool

	big struct {
		n  int // spans
		id span.TraceID
	}
}

func parse(args []string) (f flags, err error) {
	set := flag.NewFlagSet("storebench", flag.ContinueOnError)
	set.IntVar(&f.spans, "spans", 300_000, "spans to store")
	set.Float64Var(&f.days, "days", 1, "time that the spans are spread over, ending now")
	set.IntVar(&f.batch, "batch", 1000, "spans of a batch; less than 10 cuts traces apart")
	set.IntVar(&f.writers, "writers", 4, "batches at the same time")
	set.IntVar(&f.big.n, "big", 50_000, "spans of the one large trace; 0 for none")
	set.IntVar(&f.rounds, "rounds", 100, "times that each question is asked")
	set.IntVar(&f.rate, "rate", 10_000, "spans a second that come in while the questions are asked again; 0 to ask once")
	set.StringVar(&f.sync, "sync", "FULL", "FULL or NORMAL")
	set.StringVar(&f.dir, "dir", "", "folder to keep; empty: one that is removed")
	set.BoolVar(&f.again, "again", false, "send the same spans a second time")
	set.BoolVar(&f.ask, "ask", false, "store nothing, ask what -dir has")
	set.StringVar(&f.only, "only", "", "ask only questions whose name contains this")
	set.StringVar(&f.profile, "cpuprofile", "", "file for a CPU profile of the insertion, or with -ask of the questions")
	if err = set.Parse(args); err != nil {
		return f, err
	}
	switch {
	case f.spans < 10 || f.batch < 1 || f.writers < 1 || f.rounds < 1 || f.days <= 0:
		err = errors.New("-spans must be at least 10, -batch, -writers and -rounds at least 1, -days above 0")
	case f.ask && f.dir == "":
		err = errors.New("-ask needs -dir")
	}
	return f, err
}

func run(ctx context.Context, out io.Writer, args []string) (err error) {
	f, err := parse(args)
	if err != nil {
		return err
	}
	b := &bench{flags: f, out: out}
	if b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "storebench"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(b.dir) }() // it is in the system's folder for such
	}
	b.keepFor.Store(-1)
	defer func() { err = errors.Join(err, b.close()) }()
	phases := []func(context.Context) error{b.fill, b.restart, b.look, b.addBig, b.questions, b.underLoad, b.retire}
	if b.ask {
		phases = []func(context.Context) error{b.restart, b.look, b.addBig, b.profiled(b.questions), b.underLoad}
	} else {
		phases[0] = b.profiled(b.fill)
	}
	for _, phase := range phases {
		if err := phase(ctx); err != nil {
			return err
		}
	}
	return b.print("memory", "%s at most", peakMemory())
}

func (b *bench) print(what, format string, a ...any) error {
	_, err := fmt.Fprintf(b.out, "%-28s "+format+"\n", append([]any{what}, a...)...)
	return err
}

func (b *bench) open() (err error) {
	b.store, err = sqlite.Open(sqlite.Config{Dir: b.dir, Sync: b.sync, RetainEvery: -1, Limits: func(string) store.Limits {
		return store.Limits{KeepFor: time.Duration(b.keepFor.Load()), KeepBytes: -1}
	}})
	return err
}

func (b *bench) close() error {
	if b.store == nil {
		return nil
	}
	err := b.store.Close()
	b.store = nil
	return err
}

// fill stores the spans.
func (b *bench) fill(ctx context.Context) error {
	if err := b.open(); err != nil {
		return err
	}
	end := time.Now()
	err := b.insert(ctx, "insert", end)
	if err == nil && b.again {
		err = b.insert(ctx, "the same again", end)
	}
	return err
}

// profiled writes where the time of a phase went.
func (b *bench) profiled(phase func(context.Context) error) func(context.Context) error {
	if b.profile == "" {
		return phase
	}
	return func(ctx context.Context) error {
		out, err := os.Create(b.profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(out); err != nil {
			return errors.Join(err, out.Close())
		}
		err = phase(ctx)
		pprof.StopCPUProfile()
		return errors.Join(err, out.Close())
	}
}

// restart closes the store, so that the files are whole, measures them, and opens it again.
func (b *bench) restart(ctx context.Context) error {
	if err := b.close(); err != nil {
		return err
	}
	began := time.Now()
	if err := b.open(); err != nil {
		return err
	}
	opened := time.Since(began)
	if _, err := b.store.List(ctx, projectID, store.Filter{}); err != nil {
		return err
	}
	return b.print("start", "%v, and %v to the first list", round(opened), round(time.Since(began)))
}

// look finds out what there is to ask for.
func (b *bench) look(ctx context.Context) error {
	stats, err := b.store.Stats(ctx, projectID)
	if err != nil || len(stats.Days) == 0 {
		return errors.Join(err, errIfEmpty(len(stats.Days)))
	}
	spans, traces := int64(0), int64(0)
	for _, d := range stats.Days {
		spans, traces = spans+d.Spans, traces+d.Traces
	}
	bytes, err := size(b.dir)
	if err != nil {
		return err
	}
	if err := b.print("disk", "%.0f B/span (%d spans in %d traces in %d files)", float64(bytes)/float64(spans), spans, traces, len(stats.Days)); err != nil {
		return err
	}
	page, err := b.store.List(ctx, projectID, store.Filter{Limit: 1})
	if err != nil || len(page.Traces) == 0 {
		return errors.Join(err, errIfEmpty(len(page.Traces)))
	}
	b.end = page.Traces[0].Start
	if b.start, err = time.Parse(time.DateOnly, stats.Days[len(stats.Days)-1].Day); err != nil {
		return err
	}
	const n = 200
	for i := range n {
		at := b.end.Add(-b.end.Sub(b.start) * time.Duration(i) / n)
		page, err := b.store.List(ctx, projectID, store.Filter{To: at, Limit: 1})
		if err != nil {
			return err
		}
		for _, t := range page.Traces {
			b.sample = append(b.sample, t.TraceID)
		}
	}
	return errIfEmpty(len(b.sample))
}

func errIfEmpty(n int) error {
	if n == 0 {
		return errors.New("the store is empty")
	}
	return nil
}

// retire lets the oldest day go.
func (b *bench) retire(ctx context.Context) error {
	oldest := b.start.AddDate(0, 0, 1)
	if time.Since(oldest) <= 0 {
		return b.print("retention of a day", "there is but today")
	}
	b.keepFor.Store(int64(time.Since(oldest)))
	began := time.Now()
	dropped, err := b.store.Retain(ctx)
	if err != nil {
		return err
	}
	return b.print("retention of a day", "%v (%d spans, %d MiB, %d files)", round(time.Since(began)), dropped.Spans, dropped.Bytes>>20, dropped.Days)
}

// size is what the files of a folder take.
func size(dir string) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	return bytes, err
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	d = slices.Sorted(slices.Values(d))
	return round(d[min(int(q*float64(len(d))), len(d)-1)])
}
