package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/child"
)

// measure sends the spans twice and prints what it saw.
func measure(ctx context.Context, out io.Writer, c config, s *child.Server) error {
	began, err := s.Start(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	say("%-24s %v", "start, empty", began.Round(time.Millisecond))

	first := time.Now().Add(-time.Duration(c.hours * float64(time.Hour)))
	if err := round(ctx, say, c, s, "send", first); err != nil {
		return err
	}
	say("%-24s %d MiB at most (VmHWM)", "memory of the server", s.Peak()>>20)
	if err := round(ctx, say, c, s, "send the same again", first); err != nil {
		return err
	}
	stopped, err := s.Stop()
	if err != nil {
		return err
	}
	say("%-24s %v; the server used %.1f s of CPU in all: %.1f µs for each of the spans of both rounds", "stop", stopped.Round(time.Millisecond),
		s.CPU().Seconds(), float64(s.CPU().Microseconds())/float64(2*c.spans))
	bytes, err := size(s.Dir)
	if err != nil {
		return err
	}
	say("%-24s %d B/span", "disk", bytes/int64(c.spans))
	if began, err = s.Start(ctx); err != nil {
		return err
	}
	say("%-24s %v", "start, full", began.Round(time.Millisecond))
	_, err = s.Stop()
	return err
}

// round sends all spans, asks for lists meanwhile, and compares what is stored with what was sent.
func round(ctx context.Context, say func(string, ...any), c config, s *child.Server, what string, first time.Time) error {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	type watched struct {
		took []listing
		err  error
	}
	done := make(chan watched, 1)
	go func() {
		if c.lists == 0 {
			done <- watched{}
			return
		}
		took, err := watch(watching, s, c.lists)
		done <- watched{took, err}
	}()
	r, err := send(ctx, c, s, 1, first, c.spans)
	stop()
	w := <-done
	if err != nil {
		return err
	}
	if w.err != nil {
		return w.err
	}
	say("%-24s %.0f spans/s with %v (%d spans in %.1f s; this process used %.1f µs of CPU a span, of it %.1f to make it)", what,
		float64(c.spans)/r.took.Seconds(), c.packing, c.spans, r.took.Seconds(),
		float64(r.cpu.Microseconds())/float64(c.spans), float64(r.made.Microseconds())/float64(c.spans))
	if len(w.took) > 0 {
		took := make([]time.Duration, len(w.took))
		for i, l := range w.took {
			took[i] = l.took
		}
		filter, p95 := slowest(w.took)
		say("%-24s p50 %v, p95 %v, most %v, over %d lists with %d filters; the slowest filter is %q, p95 %v", "lists meanwhile",
			quantile(took, 0.5), quantile(took, 0.95), quantile(took, 1), len(took), len(filters), filter, p95)
	}
	spans, err := s.Stored(ctx, func(string, int) {})
	if err != nil {
		return err
	}
	say("%-24s %d spans are stored", "", spans)
	if spans != c.spans {
		return fmt.Errorf("%d spans were sent and %d are stored", c.spans, spans)
	}
	return nil
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
