package pipeline_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
)

// repeats is how often each graph is run: a seed repeats faults, but not interleavings.
const repeats = 3

// TestRandomGraphs draws graphs and schedules and runs each in a bubble: no item may be
// unaccounted for, by id; no goroutine may be left or wait for ever; order is kept where it is
// promised; and what a Flush covers has met its end when the Flush returns.
//
// The seed is printed; -rapid.seed repeats the graphs and the schedules, though not how the
// goroutines interleave. TAILRACE_GRAPHS is how many are drawn. CI draws the same ones each time, so
// that what turns it red is the change; everybody else's runs look for new ones.
func TestRandomGraphs(t *testing.T) {
	count := graphs
	if testing.Short() {
		count /= 20
	}
	if n, err := strconv.Atoi(os.Getenv("TAILRACE_GRAPHS")); err == nil {
		count = n
	}
	seed := flag.Lookup("rapid.seed").Value.String()
	switch {
	case seed != "0":
	case os.Getenv("CI") == "true":
		seed = "20261122"
	default:
		seed = strconv.FormatInt(time.Now().UnixNano(), 10)
	}
	setFlag(t, "rapid.seed", seed)
	setFlag(t, "rapid.checks", strconv.Itoa(count))
	setFlag(t, "rapid.nofailfile", "true")
	t.Logf("%d graphs with -rapid.seed=%s", count, seed)
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(rt)
		for range repeats {
			if err := p.run(t); err != nil {
				rt.Fatalf("%v\n%v", p, err)
			}
		}
	})
}

// setFlag sets a flag until the test ends.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	old := flag.Lookup(name).Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set(name, old) }) // it was that before
}

// lateness is how much later than its deadline a run may return.
const lateness = 100 * time.Millisecond

// run runs the plan in a bubble and returns what went wrong.
func (p *plan) run(t *testing.T) error {
	b := newBook()
	err := pipelinetest.Bubble(t, func(t *testing.T) error { return p.build(b).play(t) })
	if len(b.faults) > 0 {
		err = errors.Join(errors.New(strings.Join(b.faults, "\n")), err)
	}
	return err
}

// play runs the graph by its schedule and judges it.
func (g *graph) play(t *testing.T) error {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	time.AfterFunc(g.plan.Cancel, cancel)
	g.pushEarly()
	began := time.Now()
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = g.p.Run(ctx) // Check compares it with the ledger
	}()
	var others sync.WaitGroup
	for i := range g.plan.Sources {
		g.produce(t.Context(), i, &others)
	}
	for _, f := range g.plan.Flushes {
		others.Go(func() { g.flush(t.Context(), f) })
	}
	if g.plan.Shutdown > 0 {
		others.Go(func() { g.shutdown(t.Context()) })
	}
	select {
	case <-over:
	case <-time.After(time.Hour):
		return fmt.Errorf("Run has not returned after an hour: %v", brief(g.p.Stats()))
	}
	if took := time.Since(began); g.plan.Drain > 0 && took > g.plan.Cancel+g.plan.Drain+lateness {
		g.book.fault("Run returned after %v", took)
	}
	others.Wait()
	err := pipelinetest.Check(g.p)
	stats := g.p.Stats()
	if g.book.judge(stats); err != nil || len(g.book.faults) > 0 {
		return errors.Join(err, errors.New(brief(stats)), fmt.Errorf("Run returned %v", withoutStacks(g.p.Err())))
	}
	return nil
}

// withoutStacks shows what Run returned in short.
func withoutStacks(err error) string {
	if err == nil {
		return "nil"
	}
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if strings.HasPrefix(line, "pipeline:") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// brief shows the counts that are not 0.
func brief(stats pipeline.Stats) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v\n", stats.Ledger)
	for _, s := range stats.Stages {
		fmt.Fprintf(&b, "%s:", s.Name)
		for _, c := range []struct {
			name string
			n    int64
		}{
			{"in", s.In}, {"out", s.Out}, {"made", s.Made}, {"delivered", s.Delivered}, {"filtered", s.Filtered},
			{"dropped", s.Dropped}, {"failed", s.Failed}, {"abandoned", s.Abandoned}, {"held", s.Held}, {"queued", s.Queued},
			{"refused", s.Refused},
		} {
			if c.n != 0 {
				fmt.Fprintf(&b, " %s %d", c.name, c.n)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// feed is what a source of the graph does that has no entry.
func (g *graph) feed(ctx context.Context, out *pipeline.Outlet[token], source int, s sourcePlan) error {
	sending, k := false, token{}
	defer func() {
		if sending { // an operator behind it has called Goexit
			g.book.lost(k)
		}
	}()
	for seq := range s.Items {
		if s.Pause > 0 && seq > 0 {
			if err := rest(ctx, s.Pause); err != nil {
				return err
			}
		}
		k = g.plan.tokenOf(source*10, seq)
		g.book.born(k, 1)
		sending = true
		err := out.Send(k)
		sending = false
		switch {
		case err == nil:
			g.book.accept(k)
		case errors.Is(err, pipeline.ErrTooLarge):
			g.book.refuse(k)
		default:
			g.book.refuse(k)
			return err
		}
	}
	return g.endFeed(ctx, out, s.End)
}

// endFeed is how a feed ends.
func (g *graph) endFeed(ctx context.Context, out *pipeline.Outlet[token], end string) error {
	switch end {
	case "waits":
		for {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-out.Attention():
				if err := out.Attend(); err != nil {
					return err
				}
			}
		}
	case "fails":
		return errDrawn
	case "panics":
		panic(errDrawn)
	case "exits":
		runtime.Goexit()
	}
	return nil
}

// pushEarly pushes what is pushed before Run.
func (g *graph) pushEarly() {
	for i, s := range g.plan.Sources {
		for seq := range s.Early {
			g.push(context.Background(), g.entries[i], g.plan.tokenOf(i*10+9, seq), true)
		}
	}
}

// produce starts the producers of an emitter.
func (g *graph) produce(ctx context.Context, source int, others *sync.WaitGroup) {
	s, e := g.plan.Sources[source], g.entries[source]
	if e == nil {
		return
	}
	var producers sync.WaitGroup
	for n := range s.Producers {
		producers.Go(func() {
			for seq := range s.Items {
				g.pushOne(ctx, s, e, g.plan.tokenOf(source*10+n, seq))
				if s.Pause > 0 {
					time.Sleep(s.Pause)
				}
			}
		})
	}
	others.Go(func() {
		if producers.Wait(); s.End == "ends" {
			e.Close()
		}
	})
}

func (g *graph) pushOne(ctx context.Context, s sourcePlan, e *pipeline.Entry[token], k token) {
	if s.Hurry > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.Hurry)
		defer cancel()
	}
	g.push(ctx, e, k, s.Try)
}

func (g *graph) push(ctx context.Context, e *pipeline.Entry[token], k token, try bool) {
	g.book.born(k, 1)
	var err error
	if try {
		err = e.TryPush(k)
	} else {
		err = e.Push(ctx, k)
	}
	if err != nil {
		g.book.refuse(k)
		return
	}
	g.book.accept(k)
}

// flush calls Flush, and checks what it covers where that can be told by id.
func (g *graph) flush(ctx context.Context, f flushPlan) {
	time.Sleep(f.At)
	ctx, cancel := context.WithTimeout(ctx, f.Patience)
	defer cancel()
	covered := g.book.acceptedSoFar()
	err := g.p.Flush(ctx)
	switch {
	case err != nil && (!errors.Is(err, context.DeadlineExceeded) || f.Patience == patient):
		g.book.fault("Flush at %v: %v", f.At, err)
	case err != nil || g.rough || g.plan.Drain > 0 || g.plan.Shutdown > 0:
	default:
		if n, example := g.book.open(covered); n > 0 && !g.book.hasUnknown() {
			g.book.fault("Flush at %v returned although %d items before it were on their way, such as %+v", f.At, n, example)
		}
	}
}

// shutdown calls Shutdown.
func (g *graph) shutdown(ctx context.Context) {
	time.Sleep(g.plan.Shutdown)
	ctx, cancel := context.WithTimeout(ctx, g.plan.Patience)
	defer cancel()
	_ = g.p.Shutdown(ctx) // it returns what Run does
}
