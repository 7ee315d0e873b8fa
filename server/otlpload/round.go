package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/child"
)

// round is one way from the generator to a server. It returns when every span that was generated has arrived, or is lost.
type round struct {
	name string
	send func(ctx context.Context, out io.Writer, c config, way string, s *child.Server) error
}

var rounds = []round{
	{"into tailrace serve", direct},
	{"through a pipeline of ours", through},
}

func direct(ctx context.Context, _ io.Writer, c config, way string, s *child.Server) error {
	return generate(ctx, c, way, s.Host(), s.Token)
}

// play plays a round on a new server, and compares.
func play(ctx context.Context, out io.Writer, c config, way string, r round, s *child.Server) error {
	if err := s.Prepare(ctx); err != nil {
		return err
	}
	if _, err := s.Start(ctx); err != nil {
		return err
	}
	defer s.Close()
	began := time.Now()
	if err := r.send(ctx, out, c, way, s); err != nil {
		return err
	}
	took := time.Since(began)
	if err := account(ctx, s, c.spans); err != nil {
		return err
	}
	traces := 0
	stored, err := s.Stored(ctx, func(_ string, spans int) {
		if spans == perTrace {
			traces++
		}
	})
	if err != nil {
		return err
	}
	if stored != c.spans || traces != c.spans/perTrace {
		return fmt.Errorf("%d spans were generated, %d are stored, in %d whole traces", c.spans, stored, traces)
	}
	if _, err := s.Stop(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%-4s  %-28s %d spans generated, %d stored in %d whole traces, %.1f s\n", way, r.name, c.spans, stored, traces, took.Seconds())
	return err
}

// account compares the server's own account of what arrived with what was generated.
func account(ctx context.Context, s *child.Server, spans int) error {
	states, err := s.Counters(ctx, "tailrace_ingest_items_total")
	if err != nil {
		return err
	}
	for state, n := range states {
		if want := map[bool]float64{true: float64(spans)}[state == `{state="stored"}`]; n != want {
			return fmt.Errorf("of %d spans that were generated the server counts %v: %v (on a busy machine telemetrygen drops some itself: try a lower -rate)", spans, state, n)
		}
	}
	return nil
}
