// Command storebench fills a store with generated spans and measures it: how fast spans go in, what they take on disk,
// and how long each question takes.
//
//	go run ./server/store/storebench -spans 1000000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/sqlite"
	"github.com/tailrace-go/tailrace/server/store/storetest"
	"github.com/tailrace-go/tailrace/span"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "storebench:", err)
		os.Exit(1)
	}
}

type bench struct {
	store   *sqlite.Store
	out     io.Writer
	spans   int
	batch   int
	writers int
	again   bool
	start   time.Time
	end     time.Time

	mu     sync.Mutex
	sample []span.TraceID
	delays []time.Duration
}

func run(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("storebench", flag.ContinueOnError)
	spans := flags.Int("spans", 300_000, "spans to store")
	batch := flags.Int("batch", 1000, "spans of a batch")
	writers := flags.Int("writers", 4, "batches at the same time")
	hours := flags.Float64("hours", 1, "time that the spans are spread over, ending now")
	sync := flags.String("sync", "FULL", "FULL or NORMAL")
	dir := flags.String("dir", "", "folder to keep; empty: one that is removed")
	again := flags.Bool("again", false, "send the same spans a second time")
	profile := flags.String("cpuprofile", "", "file for a CPU profile of the insertion")
	rounds := flags.Int("rounds", 100, "times that each question is asked")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *spans < *batch || *batch < 10 || *writers < 1 || *rounds < 1 {
		return errors.New("-spans must be at least -batch, -batch at least 10, -writers and -rounds at least 1")
	}
	if *dir == "" {
		temporary, err := os.MkdirTemp("", "storebench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temporary)
		*dir = temporary
	}
	s, err := sqlite.Open(sqlite.Config{Dir: *dir, Sync: *sync, Limits: func(string) store.Limits {
		return store.Limits{KeepFor: -1, KeepBytes: -1}
	}})
	if err != nil {
		return err
	}
	now := time.Now()
	b := &bench{
		store: s, out: out, spans: *spans, batch: *batch, writers: *writers,
		start: now.Add(-time.Duration(*hours * float64(time.Hour))), end: now,
	}
	if *profile == "" {
		err = b.insert(ctx, "insert")
	} else {
		err = profiled(*profile, func() error { return b.insert(ctx, "insert") })
	}
	if err == nil && *again {
		err = b.insert(ctx, "the same again")
	}
	if err == nil {
		err = b.disk(*dir)
	}
	if err == nil {
		err = b.questions(ctx, *rounds)
	}
	return errors.Join(err, s.Close())
}

// profiled runs f and writes where its time went.
func profiled(path string, f func() error) error {
	out, err := os.Create(path) //nolint:gosec // the caller's own file
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return errors.Join(err, out.Close())
	}
	err = f()
	pprof.StopCPUProfile()
	return errors.Join(err, out.Close())
}

const projectID = "bench"

// insert generates and appends everything. The time of the generator counts too: it stands for the client.
func (b *bench) insert(ctx context.Context, what string) error {
	b.delays = nil
	traces := b.spans / 10
	var wg sync.WaitGroup
	errs := make(chan error, b.writers)
	jobs := make(chan []store.Item, b.writers)
	var spent time.Duration // by the generator, on the one goroutine that has it
	started := time.Now()
	for range b.writers {
		wg.Go(func() { errs <- b.append(ctx, jobs) })
	}
	g := storetest.NewGenerator(1, b.start)
	g.Step = b.end.Sub(b.start) / time.Duration(traces)
	for left := traces; left > 0; {
		made := time.Now()
		var items []store.Item
		for len(items) < b.batch && left > 0 {
			trace := g.Trace()
			if left%(max(traces/200, 1)) == 0 && what == "insert" {
				b.sample = append(b.sample, trace[0].Span.TraceID)
			}
			items = append(items, trace...)
			left--
		}
		spent += time.Since(made)
		jobs <- items
	}
	close(jobs)
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	took := time.Since(started)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Fprintf(b.out, "%-28s %9.0f spans/s  (%d spans, %.1f s, of it generating %.1f s)  batch p50 %v p99 %v  memory of the process %d MiB\n",
		what, float64(b.spans)/took.Seconds(), b.spans, took.Seconds(), spent.Seconds(), quantile(b.delays, 0.5), quantile(b.delays, 0.99), m.Sys>>20)
	return nil
}

func (b *bench) append(ctx context.Context, jobs <-chan []store.Item) error {
	var failed error
	for items := range jobs {
		if failed != nil {
			continue // the generator must not wait for ever
		}
		began := time.Now()
		result, err := b.store.Append(ctx, projectID, &store.Batch{Spans: items})
		if err != nil {
			failed = err
			continue
		}
		if stored, repeated, _ := result.Count(); stored+repeated != len(items) {
			failed = fmt.Errorf("%d of %d spans stored", stored, len(items))
		}
		b.mu.Lock()
		b.delays = append(b.delays, time.Since(began))
		b.mu.Unlock()
	}
	return failed
}

func (b *bench) disk(dir string) error {
	bytes, logs := int64(0), int64(0)
	err := filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		switch {
		case err != nil || e.IsDir():
		case filepath.Ext(e.Name()) == ".db":
			bytes += info.Size()
		default:
			logs += info.Size()
		}
		return err
	})
	fmt.Fprintf(b.out, "%-28s %9.0f B/span, and %d MiB of logs that are there while files are written to\n", "disk",
		float64(bytes)/float64(b.spans), logs>>20)
	return err
}

// questions asks each question rounds times, with other parameters each time.
func (b *bench) questions(ctx context.Context, rounds int) error {
	failed, tooLong := true, 15*time.Second
	list := func(f func(i int) store.Filter) func(i int) error {
		return func(i int) error {
			_, err := b.store.List(ctx, projectID, f(i))
			return err
		}
	}
	facet := func(key, value string) store.Filter {
		return store.Filter{Facets: []store.Facet{{Key: key, Value: value}}}
	}
	for _, q := range []struct {
		name string
		ask  func(i int) error
	}{
		{"list", list(func(int) store.Filter { return store.Filter{} })},
		{"list, last hour", list(func(int) store.Filter { return store.Filter{From: b.end.Add(-time.Hour)} })},
		{"list, service", list(func(i int) store.Filter { return store.Filter{Service: fmt.Sprintf("service-%d", i%8)} })},
		{"list, status error", list(func(int) store.Filter { return store.Filter{Status: store.StatusError} })},
		{"list, service and any error", list(func(i int) store.Filter {
			return store.Filter{Service: fmt.Sprintf("service-%d", i%8), AnyError: &failed}
		})},
		{"list, trace id prefix", list(func(i int) store.Filter { return store.Filter{TraceID: string(b.sample[i%len(b.sample)][:8])} })},
		{"list, type", list(func(int) store.Filter { return facet("type", "mcp_tool_call") })},
		{"list, model", list(func(i int) store.Filter { return facet("model", fmt.Sprintf("model-%d", i%3)) })},
		{"list, user", list(func(i int) store.Filter { return facet("user", fmt.Sprintf("user-%d", i)) })},
		{"list, tag", list(func(int) store.Filter { return facet("tag", "production") })},
		{"list, env", list(func(int) store.Filter { return facet("env", "production") })},
		{"list, meta.region", list(func(i int) store.Filter { return facet("meta.region", fmt.Sprintf("eu-%d", i%3)) })},
		{"list, duration", list(func(int) store.Filter {
			return store.Filter{MinDuration: tooLong, MaxDuration: new(tooLong + time.Second)}
		})},
		{"list, q", list(func(i int) store.Filter { return store.Filter{Text: fmt.Sprintf("step %d", i%12)} })},
		{"list, q without an answer", list(func(int) store.Filter { return store.Filter{Text: "nothing has this"} })},
		{"list, sorted by duration", list(func(int) store.Filter { return store.Filter{Sort: store.SortDuration} })},
		{"list, sorted by tokens", list(func(int) store.Filter { return store.Filter{Sort: store.SortTokens} })},
		{"list, sorted by cost", list(func(int) store.Filter { return store.Filter{Sort: store.SortCost} })},
		{"trace", func(i int) error {
			_, err := b.store.Trace(ctx, projectID, b.sample[i%len(b.sample)], store.TraceOptions{})
			return err
		}},
		{"trace with payloads", func(i int) error {
			for _, err := range b.store.Spans(ctx, projectID, b.sample[i%len(b.sample)]) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"series 24 h, by service", func(int) error { return b.series(ctx, 24*time.Hour, false) }},
		{"series 24 h, latency", func(int) error { return b.series(ctx, 24*time.Hour, true) }},
		{"series 6 h, latency", func(int) error { return b.series(ctx, 6*time.Hour, true) }},
		{"values of user", func(int) error {
			_, err := b.store.Values(ctx, projectID, "user", "user-1", 0)
			return err
		}},
	} {
		var delays []time.Duration
		for i := range rounds {
			began := time.Now()
			if err := q.ask(i); err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			delays = append(delays, time.Since(began))
		}
		fmt.Fprintf(b.out, "%-28s p50 %10v  p95 %10v\n", q.name, quantile(delays, 0.5), quantile(delays, 0.95))
	}
	return nil
}

func (b *bench) series(ctx context.Context, d time.Duration, latency bool) error {
	_, err := b.store.Series(ctx, projectID, store.SeriesQuery{From: b.end.Add(-d), To: b.end, By: store.ByService, Latency: latency})
	return err
}

func quantile(d []time.Duration, q float64) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[min(int(q*float64(len(d))), len(d)-1)].Round(10 * time.Microsecond)
}
