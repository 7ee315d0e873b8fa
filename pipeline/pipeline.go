package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Config holds what concerns a whole pipeline. Its zero value works.
type Config struct {
	// Name is shown in errors, profiles and goroutine dumps; "" means "pipeline".
	Name string
	// DrainTimeout is how long stages may go on once the sources have ended, or have been told to;
	// what is then still in flight is abandoned. 0 means no limit. See also [Inlet.LastCall].
	DrainTimeout time.Duration
	// Grace is how long Run waits after that for stages that do not return, before it gives up on
	// them with a *StuckError; 0 means 10 s.
	Grace time.Duration
	// MaxBytes bounds what is in flight, in the bytes that items say they have by a method
	// Size() int (or Charge() int, for what was made from other items). 0 means no bound. Items
	// are charged when they enter, until they are in their final column of the ledger; sources
	// wait for room, or shed by their own policy, and no stage ever waits.
	MaxBytes int
	// MaxItemBytes is the size of the largest item to be expected; Run refuses a MaxBytes that
	// leaves less than that beside what stages reserve. 0 means 1.
	MaxItemBytes int
	// OnLoss is called for each item that is dropped, failed or abandoned, as it was there: a
	// batch is one call. An item that only the stage's own function knew is given as [Unknown].
	// It is called from many goroutines, and must be quick.
	OnLoss func(stage, reason string, item any)
}

// Unknown stands in OnLoss for items that an actor held when it failed.
type Unknown struct{ Items int64 }

func (c Config) withDefaults() (Config, error) {
	if c.Name == "" {
		c.Name = "pipeline"
	}
	if c.Grace == 0 {
		c.Grace = 10 * time.Second
	}
	if c.MaxItemBytes == 0 {
		c.MaxItemBytes = 1
	}
	switch {
	case c.DrainTimeout < 0:
		return c, fmt.Errorf("%w: Config.DrainTimeout is negative: %v", ErrConfig, c.DrainTimeout)
	case c.Grace < 0:
		return c, fmt.Errorf("%w: Config.Grace is negative: %v", ErrConfig, c.Grace)
	case c.MaxBytes < 0:
		return c, fmt.Errorf("%w: Config.MaxBytes is negative: %d", ErrConfig, c.MaxBytes)
	case c.MaxItemBytes < 0:
		return c, fmt.Errorf("%w: Config.MaxItemBytes is negative: %d", ErrConfig, c.MaxItemBytes)
	}
	return c, nil
}

// Pipeline is a graph of sources, stages and sinks, and one run of it. Build it from one
// goroutine with [From], [Via] and [To], then call Run; Flush, Shutdown, Stats and Ledger may be
// called at any time from anywhere.
type Pipeline struct {
	cfg    Config
	stages []*stage
	taps   []interface {
		inUse() bool
		from() *stage
	}
	heads        []func() // each makes the segments of one head
	segments     []*segment
	bodies       []func()
	terminals    []*terminal
	budget       *budget
	reserved     int
	lossPanicked atomic.Bool // OnLoss has panicked

	running atomic.Bool
	built   chan struct{} // closed when all segments exist
	over    chan struct{} // closed when Run is about to return
	ending  chan struct{} // closed when the sources are to end, or all have ended by themselves
	endOnce sync.Once
	feeding atomic.Int64  // sources that have not ended
	cut     chan struct{} // closed when a Shutdown's context has ended
	cutOnce sync.Once
	last    lastCall

	stageCtx     context.Context
	cancelStage  context.CancelCauseFunc
	sourceCtx    context.Context
	cancelSource context.CancelFunc
	group        errgroup.Group // without its context: an error at one stage must not cancel the others
	abort        atomic.Pointer[abortion]
	marks        marker
	started      time.Time
	ended        atomic.Int64

	mu     sync.Mutex
	errs   []error // of the configuration, then of the run
	more   int     // errors beyond those kept
	result error
}

type abortion struct {
	cause  error
	reason string
}

// New makes an empty pipeline. An error in cfg is reported by Run.
func New(cfg Config) *Pipeline {
	cfg, err := cfg.withDefaults()
	p := &Pipeline{
		cfg:    cfg,
		built:  make(chan struct{}),
		over:   make(chan struct{}),
		ending: make(chan struct{}),
		cut:    make(chan struct{}),
	}
	p.last.ch = make(chan struct{})
	p.marks.init(p)
	if cfg.MaxBytes > 0 {
		p.budget = newBudget(p, int64(cfg.MaxBytes))
	}
	if err != nil {
		p.errs = append(p.errs, err)
	}
	return p
}

// Run builds the graph, runs it until all sources have ended and everything is drained, and
// returns what went wrong: nil if every item that was accepted was delivered, filtered or spooled. Else
// it returns the errors of the stages and a [*LossError] with exact numbers, joined.
//
// The end of ctx is no error. It ends the sources; the stages go on until they are drained, or
// until DrainTimeout has passed. Run may be called once. When it returns, no goroutine of the
// run is left, unless it returns a [*StuckError].
func (p *Pipeline) Run(ctx context.Context) error {
	if !p.running.CompareAndSwap(false, true) {
		return ErrRunTwice
	}
	defer close(p.over)
	if err := p.build(ctx); err != nil {
		return p.close(errors.Join(err, p.discard()))
	}
	done := make(chan struct{})
	for _, seg := range p.segments {
		if seg.stage.sources {
			p.feeding.Add(1)
		}
	}
	for i, seg := range p.segments {
		seg.started.Store(clock())
		seg.spawn(p.bodies[i])
	}
	close(p.built)
	p.marks.progress() // for those who asked before
	go func() {
		_ = p.group.Wait() // actors keep their errors for judge
		close(done)
	}()
	stuck := p.await(ctx, done)
	p.cancelSource()
	p.cancelStage(ErrClosed)
	return p.close(p.conclude(stuck))
}

// build checks the graph and makes its segments, without starting anything.
func (p *Pipeline) build(ctx context.Context) error {
	if len(p.stages) == 0 {
		return fmt.Errorf("%w: pipeline %q has no stages", ErrConfig, p.cfg.Name)
	}
	for _, t := range p.taps {
		if !t.inUse() {
			p.wrong(t.from().name, "its flow leads nowhere: end it in a sink")
		}
	}
	if room := p.cfg.MaxBytes - p.reserved; p.budget != nil && room < p.cfg.MaxItemBytes {
		p.errs = append(p.errs, fmt.Errorf("%w: Config.MaxBytes of %d leaves %d beside the %d that stages reserve, less than one item of %d (MaxItemBytes)",
			ErrConfig, p.cfg.MaxBytes, room, p.reserved, p.cfg.MaxItemBytes))
	}
	if len(p.errs) > 0 {
		return errors.Join(p.errs...)
	}
	p.budget.reserve(int64(p.reserved))
	p.started = time.Now()
	p.stageCtx, p.cancelStage = context.WithCancelCause(context.WithoutCancel(ctx))
	p.sourceCtx, p.cancelSource = context.WithCancel(ctx)
	for _, head := range p.heads {
		head()
	}
	for _, s := range p.stages {
		if s.link != nil {
			s.link.settled()
		}
	}
	return errors.Join(p.errs...)
}

// ready adds a segment's body to those that Run starts.
func (p *Pipeline) ready(seg *segment, body func()) {
	p.segments = append(p.segments, seg)
	p.bodies = append(p.bodies, body)
}

// await waits for the end of all goroutines, and sees to the ends of the two contexts. It
// returns the stages that did not end.
func (p *Pipeline) await(ctx context.Context, done chan struct{}) *StuckError {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	case <-p.ending:
	case <-p.cut:
	}
	why, over := p.drain(done)
	if over {
		return nil
	}
	p.giveUp(why)
	p.stopSources()
	t := time.NewTimer(p.cfg.Grace)
	defer t.Stop()
	select {
	case <-done:
		return nil
	case <-t.C:
		return p.stuck()
	}
}

// drain ends the sources and lets the stages go on for as long as the run may take. It reports
// whether that was enough, and else why what is left is given up. Where the time is up before it
// begins, the sources are not ended either: their end alone would have the stages send what they
// hold, which sometimes got through and sometimes did not.
func (p *Pipeline) drain(done chan struct{}) (why abortion, over bool) {
	why = abortion{ErrDrainDeadline, ReasonCancelled}
	if p.isCut() && !p.last.asked.Load() {
		return why, false
	}
	p.stopSources()
	var deadline <-chan time.Time
	if p.cfg.DrainTimeout > 0 {
		t := time.NewTimer(p.cfg.DrainTimeout)
		defer t.Stop()
		deadline = t.C
	}
	select {
	case <-done:
		return why, true
	case <-deadline:
		why.reason = ReasonDrainDeadline
	case <-p.cut:
	}
	return why, p.last.call(why, done)
}

// cutShort ends the drain, or has it not begin.
func (p *Pipeline) cutShort() { p.cutOnce.Do(func() { close(p.cut) }) }

func (p *Pipeline) isCut() bool {
	select {
	case <-p.cut:
		return true
	default:
		return false
	}
}

// stop asks for the end of the sources; it may be called at any time.
func (p *Pipeline) stop() {
	p.endOnce.Do(func() { close(p.ending) })
}

// stopSources ends the sources: those that wait in the engine at once, the others at their next
// Send or when they look at their context.
func (p *Pipeline) stopSources() {
	p.stop()
	p.cancelSource()
	for _, s := range p.stages {
		if s.entry != nil {
			s.entry.halt()
		}
	}
	p.tellSources(attnStop)
}

func (p *Pipeline) tellSources(bit uint32) {
	for _, seg := range p.segments {
		if seg.stage.sources {
			seg.attn.Or(bit)
			seg.poke()
		}
	}
}

// giveUp cancels the stages' context and releases everyone who waits in the engine. The links come
// first: a stage whose call ends because its context did must not find another item, which would
// then count as one that it failed at.
func (p *Pipeline) giveUp(why abortion) {
	p.abort.Store(&why)
	for _, seg := range p.segments {
		seg.attn.Or(attnAbort)
	}
	p.tellSources(attnStop)
	for _, s := range p.stages {
		if s.entry != nil {
			s.entry.abort()
		}
		if s.link != nil {
			s.link.abort()
		}
	}
	p.cancelStage(why.cause)
	p.budget.wakeAll()
}

func (p *Pipeline) aborted() bool { return p.abort.Load() != nil }

func (p *Pipeline) abortReason() string {
	if a := p.abort.Load(); a != nil {
		return a.reason
	}
	if a := p.last.why.Load(); a != nil {
		return a.reason
	}
	return ReasonCancelled
}

func (p *Pipeline) abortCause() error {
	if a := p.abort.Load(); a != nil {
		return a.cause
	}
	return ErrClosed
}

// stuck names the stages whose goroutines still run.
func (p *Pipeline) stuck() *StuckError {
	e := &StuckError{}
	for _, seg := range p.segments {
		if seg.ended.Load() == 0 {
			e.Stages = append(e.Stages, seg.stage.name)
		}
	}
	return e
}

// stuck reports whether a goroutine of the stage still runs, so that its link is not ours to sweep.
func (s *stage) stuck() bool {
	return slices.ContainsFunc(s.segs, func(seg *segment) bool { return seg.ended.Load() == 0 })
}

// conclude settles what is left in links and returns the result of the run.
func (p *Pipeline) conclude(stuck *StuckError) error {
	for _, s := range p.stages {
		if s.entry != nil {
			s.entry.halt()
		}
		if s.link != nil && !s.stuck() {
			s.link.sweep()
		}
	}
	p.ended.Store(int64(time.Since(p.started)))
	p.mu.Lock()
	errs := p.errs
	if p.more > 0 {
		errs = append(errs, fmt.Errorf("pipeline: and %d more errors", p.more))
	}
	p.mu.Unlock()
	if stuck != nil {
		errs = append(errs, stuck)
	}
	if loss := p.loss(); loss != nil {
		errs = append(errs, loss)
	}
	return errors.Join(errs...)
}

// close ends what outlives a run that was never built, or is over.
func (p *Pipeline) close(err error) error {
	p.stop()
	for _, s := range p.stages {
		if s.entry != nil {
			s.entry.halt()
		}
	}
	p.marks.close()
	p.mu.Lock()
	p.result = err
	p.mu.Unlock()
	return err
}

// discard gives up what was pushed into a pipeline that will not run, and returns how much that was.
func (p *Pipeline) discard() error {
	p.abort.Store(&abortion{ErrClosed, ReasonCancelled})
	for _, s := range p.stages {
		if s.entry != nil {
			s.entry.halt()
			s.entry.abort()
			s.link.sweep()
		}
	}
	return p.loss()
}

// Shutdown ends the sources, as the end of Run's context does, and waits until Run is about to
// return. If ctx ends first, what is then in flight is abandoned at once; if it has ended already,
// nothing that a stage holds is sent, but where an actor wants a last call (see [Inlet.LastCall]).
// It returns what Run returns, to each of its callers. A pipeline that does not run is closed for good.
func (p *Pipeline) Shutdown(ctx context.Context) error {
	if p.running.CompareAndSwap(false, true) {
		_ = p.close(p.discard())
		close(p.over)
	}
	if ctx.Err() != nil {
		p.cutShort()
	} else {
		p.stop()
	}
	select {
	case <-p.over:
	case <-ctx.Done():
		p.cutShort()
		<-p.over
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.result
}

// wrong notes an error of the configuration, to be reported by Run.
func (p *Pipeline) wrong(stage, format string, args ...any) {
	p.errs = append(p.errs, wrong(stage, format, args...))
}

// maxErrors is how many errors of a run are kept. Losses are counted without limit.
const maxErrors = 32

func (p *Pipeline) noteError(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.ContainsFunc(p.errs, func(e error) bool { return samePanic(e, err) }) {
		return // the stage's policy has noted it already
	}
	if len(p.errs) < maxErrors {
		p.errs = append(p.errs, err)
		return
	}
	p.more++
}

// samePanic reports whether two errors are, or wrap, one panic.
func samePanic(a, b error) bool {
	var first, second *PanicError
	return errors.As(a, &first) && errors.As(b, &second) && first == second
}

// fail notes an error that ends the run: the sources end, the other stages drain.
func (p *Pipeline) fail(err error) {
	if err != nil {
		p.noteError(err)
	}
	p.stop()
}

// onLoss hands a lost item to the user's function, whose panics are not the stage's.
func (p *Pipeline) onLoss(s *stage, reason string, item any, weight int64) {
	if p.cfg.OnLoss == nil || weight == 0 {
		return
	}
	if item == nil {
		item = Unknown{weight}
	}
	defer func() {
		if v := recover(); v != nil && !p.lossPanicked.Swap(true) { // one of them tells enough
			p.noteError(fmt.Errorf("in OnLoss: %w", &PanicError{Stage: s.name, Value: v, Stack: debug.Stack()}))
		}
	}()
	p.cfg.OnLoss(s.name, reason, item)
}
