package pipelinetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// A scenario is one way in which a run may go, around the part that is tested.
type scenario struct {
	name     string
	drain    time.Duration // Config.DrainTimeout
	end      func(context.Context, func(time.Duration) error) error
	cancel   bool // the run's context ends at a random instant
	flush    bool // Flush is called, while items come and when they have
	lossless bool // nothing may be abandoned, and only the tested part may drop or fail items
	trouble  func(f trouble, n int)
}

// trouble is what a Fake of any item type can be told to do.
type trouble interface {
	fails(n int)
	panics(n int)
	exits(n int)
	stalls(n int)
	stops(n int)
	dawdles(int)
}

func (f *Fake[T]) fails(n int)  { f.FailOn(n, errTrouble) }
func (f *Fake[T]) panics(n int) { f.PanicOn(n, errTrouble) }
func (f *Fake[T]) exits(n int)  { f.GoexitOn(n) }
func (f *Fake[T]) stalls(n int) { f.StallOn(n) }
func (f *Fake[T]) stops(n int)  { f.StopAfter(n) }
func (f *Fake[T]) dawdles(int)  { f.Slow(pace) }

var errTrouble = errors.New("pipelinetest: trouble")

const (
	pace     = time.Millisecond // mean pause of a source that does not send at once
	deadline = 50 * time.Millisecond
	leeway   = 100 * time.Millisecond // between the deadline and the return of Run
	limit    = 10 * time.Hour         // a run that takes longer hangs
)

// scenarios are what every stage, source and sink has to live through. The trouble is beside it:
// downstream of a stage or a source, upstream of a sink.
var scenarios = []scenario{
	{name: "source ends", lossless: true},
	{name: "source ends, beside a slow neighbour", lossless: true, trouble: trouble.dawdles},
	{name: "source fails", end: func(context.Context, func(time.Duration) error) error { return errTrouble }},
	{name: "source panics", end: func(context.Context, func(time.Duration) error) error { panic(errTrouble) }},
	{name: "source calls Goexit", end: func(context.Context, func(time.Duration) error) error { runtime.Goexit(); return nil }},
	{name: "cancel", end: Wait, cancel: true, lossless: true},
	{name: "cancel, beside a slow neighbour", end: Wait, cancel: true, lossless: true, trouble: trouble.dawdles},
	{name: "error in a neighbour", end: Wait, cancel: true, trouble: trouble.fails},
	{name: "panic in a neighbour", end: Wait, cancel: true, trouble: trouble.panics},
	{name: "Goexit in a neighbour", end: Wait, cancel: true, trouble: trouble.exits},
	{name: "neighbour stops early", end: Wait, cancel: true, trouble: trouble.stops},
	{name: "drain deadline", end: Wait, cancel: true, drain: deadline, trouble: trouble.stalls},
	{name: "flush", end: Wait, flush: true, cancel: true, lossless: true},
	{name: "flush, beside a slow neighbour", end: Wait, flush: true, cancel: true, lossless: true, trouble: trouble.dawdles},
}

// A setting is what a test was told about the part it tests.
type setting struct {
	rounds int
	items  int
	single bool
	opts   []pipeline.Option
}

// Option changes how [TestStage], [TestSource] and [TestSink] go about it.
type Option func(*setting)

// Rounds sets how often each scenario is run, with other numbers each time; the default is 20.
func Rounds(n int) Option { return func(s *setting) { s.rounds = n } }

// Items sets how many items a round has at most; the default is 60.
func Items(n int) Option { return func(s *setting) { s.items = n } }

// Single says that the stage or sink must not run under [pipeline.Workers].
func Single() Option { return func(s *setting) { s.single = true } }

// With gives the tested part options of its own in each round, such as a failure policy.
func With(opts ...pipeline.Option) Option {
	return func(s *setting) { s.opts = append(s.opts, opts...) }
}

func gather(opts []Option) setting {
	s := setting{rounds: 20, items: 60}
	for _, opt := range opts {
		opt(&s)
	}
	return s
}

// check finds a setting that would test nothing.
func (s setting) check() error {
	switch {
	case s.rounds < 1:
		return fmt.Errorf("pipelinetest: Rounds is %d, want at least 1", s.rounds)
	case s.items < 1:
		return fmt.Errorf("pipelinetest: Items is %d, want at least 1", s.items)
	}
	return nil
}

// A round is one run of a scenario. Its numbers are drawn from its own number, so they are the
// same each time.
type round struct {
	scenario
	setting
	number int
	rng    *rand.Rand
	n      int           // items
	every  time.Duration // the pause between them
}

// each runs all scenarios, each round in a bubble of its own.
func (s setting) each(t *testing.T, play func(t *testing.T, r *round) error) {
	t.Helper()
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			for number := range s.rounds {
				err := Bubble(t, func(t *testing.T) error { return play(t, newRound(sc, s, number)) })
				if err != nil {
					t.Fatalf("round %d: %v", number, err)
				}
			}
		})
	}
}

func newRound(sc scenario, s setting, number int) *round {
	rng := rand.New(rand.NewPCG(uint64(number), uint64(len(sc.name))))
	r := &round{scenario: sc, setting: s, number: number, rng: rng, n: 1 + rng.IntN(s.items)}
	if number == 0 {
		r.n = 0 // no item at all is a case of its own
	}
	if rng.IntN(2) == 0 {
		r.every = r.upTo(2 * pace)
	}
	return r
}

// upTo draws a duration above 0.
func (r *round) upTo(d time.Duration) time.Duration { return 1 + time.Duration(r.rng.Int64N(int64(d))) }

// options are those of the tested part in this round.
func (r *round) options() []pipeline.Option {
	opts := []pipeline.Option{pipeline.Name(tested)}
	switch r.number % 4 {
	case 1:
		opts = append(opts, pipeline.Async())
	case 2:
		opts = append(opts, pipeline.Queue(1+r.rng.IntN(3)))
	case 3:
		if !r.single {
			opts = append(opts, pipeline.Workers(2+r.rng.IntN(3)))
		}
	}
	return append(opts, r.opts...)
}

// tested is the name of the part that is tested.
const tested = "tested"

// upset lets a neighbour do what the scenario says.
func (r *round) upset(f trouble) {
	if r.trouble != nil {
		r.trouble(f, 1+r.rng.IntN(r.n+1))
	}
}

// run runs the pipeline and judges what is left. quiet reports whether the source has sent all; nil
// is a source of which that is not known.
func (r *round) run(t *testing.T, p *pipeline.Pipeline, quiet func() bool) error {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	began := time.Now()
	go func() { done <- p.Run(ctx) }()
	var flushed error
	var flushes sync.WaitGroup
	if r.flush {
		flushes.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			flushed = r.flushes(ctx, p, quiet)
		})
		flushes.Wait()
	}
	ends := time.Since(began)
	if r.cancel {
		ends += r.upTo(2*r.every*time.Duration(r.n+1) + pace)
		time.AfterFunc(ends-time.Since(began), cancel)
	}
	select {
	case <-done: //nolint:errcheck // p.Err has it
	case <-time.After(limit):
		return fmt.Errorf("Run has not returned after %v: %v", limit, p.Stats())
	}
	if took := time.Since(began); r.drain > 0 && took > ends+r.drain+leeway {
		return fmt.Errorf("Run returned after %v, but its context ended at %v and DrainTimeout is %v", took, ends, r.drain)
	}
	return errors.Join(flushed, r.judge(p))
}

// flushes calls Flush while items come, and once when all have come: then none may be left.
func (r *round) flushes(ctx context.Context, p *pipeline.Pipeline, quiet func() bool) error {
	if quiet == nil {
		return r.covers(ctx, p)
	}
	for last := false; !last; {
		if err := pause(ctx, r.upTo(2*pace)); err != nil {
			return err
		}
		last = quiet()
		if err := p.Flush(ctx); err != nil {
			return err
		}
	}
	synctest.Wait() // let those who were told of the flush park
	stats := p.Stats()
	if stats.Ledger.InFlight != 0 {
		return fmt.Errorf("after Flush %d items are in flight: %v", stats.Ledger.InFlight, stats)
	}
	return CheckAtRest(stats)
}

// covers calls Flush while items come: at least as many are settled afterwards as were accepted
// before.
func (r *round) covers(ctx context.Context, p *pipeline.Pipeline) error {
	for range 5 {
		if err := pause(ctx, r.upTo(2*pace)); err != nil {
			return err
		}
		accepted := p.Ledger().Accepted
		if err := p.Flush(ctx); err != nil {
			return err
		}
		if l := p.Ledger(); l.Delivered+l.Filtered+l.Spooled+l.Lost() < accepted {
			return fmt.Errorf("%d items were accepted before Flush, and then: %v", accepted, p.Stats())
		}
	}
	return nil
}

// judge checks the account of a run that is over.
func (r *round) judge(p *pipeline.Pipeline) error {
	faults := []error{Check(p)}
	l, own := p.Ledger(), p.Stats().Stage(tested)
	if r.lossless && (l.Abandoned != 0 || l.Dropped != own.Dropped || l.Failed != own.Failed) {
		faults = append(faults, fmt.Errorf("items are lost, although nothing went wrong: %w", p.Err()))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("%w\n%v", err, p.Stats())
	}
	return nil
}

// weightOf sums what items count for in the ledger.
func weightOf[T any](items []T) int64 {
	var sum int64
	for _, item := range items {
		if w, ok := any(item).(interface{ Items() int }); ok {
			sum += int64(w.Items())
		} else {
			sum++
		}
	}
	return sum
}
