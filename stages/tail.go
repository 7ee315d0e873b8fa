package stages

import (
	"cmp"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// TailConfig says which traces a [TailSampler] keeps, how long it waits for them, and how much it holds. Its zero value
// keeps the traces in which a span has an error, and filters all others.
type TailConfig struct {
	// A trace is kept by the first of these that says so.

	IgnoreErrors bool          // an error alone does not keep a trace
	Slow         time.Duration // keeps traces that last so long, from the first start to the last end; 0 keeps none
	Tokens       int           // keeps traces that used so many, by the rule of [span.CountsUsage]; 0 keeps none

	// Share of the other traces is kept, from 0 to 1, chosen by trace id as [Sample] and observability.SampleRatio do.
	Share float64

	// Keep, if there is one, is asked when a trace is to be decided that no other policy keeps. It is given the spans
	// that have come, in their order, and must neither change them nor keep the slice. If it panics, the spans of this
	// trace are failed: stage_panic, also those that come later, and the stage's failure policy decides what follows.
	Keep func(trace []*span.Span) bool

	DecisionWait time.Duration // from the end of the root to the decision, for children that come late; 0 means 5 s
	MaxWait      time.Duration // from a trace's first span to its decision where the root does not come; 0 means 5 min

	// Of what is held, for each place in the graph: at a bound a decision is made early.
	MaxTraces int // traces that are open; 0 means 100,000
	MaxSpans  int // spans of one trace; 0 means 10,000
	MaxBytes  int // of all spans by Size(); 0 means 64 MiB. It is at most half of the pipeline's MaxBytes, if that is set

	// MaxDecided is how many decisions are remembered for the spans that come after them; 0 means 100,000.
	MaxDecided int
}

func (c TailConfig) withDefaults() (TailConfig, error) {
	c.DecisionWait = cmp.Or(c.DecisionWait, 5*time.Second)
	c.MaxWait = cmp.Or(c.MaxWait, 5*time.Minute)
	c.MaxTraces = cmp.Or(c.MaxTraces, 100_000)
	c.MaxSpans = cmp.Or(c.MaxSpans, 10_000)
	c.MaxBytes = cmp.Or(c.MaxBytes, 64<<20)
	c.MaxDecided = cmp.Or(c.MaxDecided, 100_000)
	switch {
	case !(c.Share >= 0 && c.Share <= 1): // NaN too
		return c, fmt.Errorf("TailConfig.Share is %v: it is a share, from 0 to 1", c.Share)
	case c.MaxDecided > 1<<30:
		return c, fmt.Errorf("TailConfig.MaxDecided is %d: 2^30 are the most", c.MaxDecided)
	}
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"Slow", int64(c.Slow)}, {"Tokens", int64(c.Tokens)}, {"DecisionWait", int64(c.DecisionWait)},
		{"MaxWait", int64(c.MaxWait)}, {"MaxTraces", int64(c.MaxTraces)}, {"MaxSpans", int64(c.MaxSpans)},
		{"MaxBytes", int64(c.MaxBytes)}, {"MaxDecided", int64(c.MaxDecided)},
	} {
		if f.value < 0 {
			return c, fmt.Errorf("TailConfig.%s is negative: %d", f.name, f.value)
		}
	}
	return c, nil
}

const tailName = "tail sample"

// TailSampler keeps whole traces or filters them, once it is known how they went. Make one with [TailSample].
type TailSampler struct {
	cfg    TailConfig
	err    error
	counts tailCounts
}

// TailSample makes a TailSampler, whose Stage holds the spans of a trace back until it can decide. A trace
// is kept as soon as one of its spans makes that sure: an error, or the share that its id belongs to, keeps it from
// there on. It is filtered, or kept by what only the whole can tell, DecisionWait after its root has ended, or MaxWait
// after its first span if no root comes. Whatever comes after a decision follows it; spans of a trace leave in the
// order in which they came.
//
// It decides early, by what it knows, when it meets a bound: MaxTraces or MaxBytes for the trace whose root ended first,
// or else the oldest, and MaxSpans for the trace that has so many. It decides all that it holds at each mark, which is
// what a Flush promises: whoever flushes often splits no trace, but judges by the part that had come. Marks are also what
// an entry sends that finds no room in the pipeline's MaxBytes. The end of a run decides all. [TailSampler.Stats] counts
// each of these.
//
// A decision is forgotten after MaxDecided others, traces with spans that still come last of all. What comes of a
// forgotten trace is a new trace. A span without a trace id, or with [span.NoOpTraceID], is a trace of its own, decided
// at once.
//
// An open trace costs up to 400 bytes and a remembered decision up to 100, besides the spans and a pointer to each.
//
// The stage has to see all spans of a trace, so it may not have [pipeline.Workers]. To use several cores partition by
// trace id, with [pipeline.Partition], and give each flow the Stage of the same TailSampler: the bounds are
// then those of each flow, and Keep is called concurrently.
//
// Settings that make no sense are an error of the pipeline's Run that names the field.
func TailSample(cfg TailConfig) *TailSampler {
	cfg, err := cfg.withDefaults()
	return &TailSampler{cfg: cfg, err: err}
}

// Stage returns the stage. It may be used in several places, and Stats then has the sums.
func (t *TailSampler) Stage() pipeline.Stage[*span.Span, *span.Span] {
	if t.err != nil {
		return pipeline.BadStage[*span.Span, *span.Span](tailName, t.err)
	}
	return pipeline.Actor(t.run).Named(tailName).Single()
}

// TailStats counts what a [TailSampler] holds, how it decided, and why it did so early.
type TailStats struct {
	OpenTraces int64 `json:"open_traces"` // held now
	OpenSpans  int64 `json:"open_spans"`
	OpenBytes  int64 `json:"open_bytes"`

	// Traces decided, by the first policy that was sure. All but Rest and Failed are kept.
	Errors int64 `json:"errors"`
	Slow   int64 `json:"slow"`
	Tokens int64 `json:"tokens"`
	Keep   int64 `json:"keep"`
	Share  int64 `json:"share"`
	Rest   int64 `json:"rest"`   // filtered
	Failed int64 `json:"failed"` // Keep panicked

	// Of them, those that no policy was sure of when they had to be decided.
	EarlyTraces int64 `json:"early_traces"` // for MaxTraces
	EarlySpans  int64 `json:"early_spans"`  // for MaxSpans
	EarlyBytes  int64 `json:"early_bytes"`  // for MaxBytes
	EarlyMarks  int64 `json:"early_marks"`  // for a Flush, or for the pipeline's MaxBytes
	EarlyEnd    int64 `json:"early_end"`    // for the end of the run
	Rootless    int64 `json:"rootless"`     // for MaxWait

	Late      int64 `json:"late"`      // spans that came after the decision, and followed it
	Forgotten int64 `json:"forgotten"` // decisions
}

// Decided is how many traces were decided.
func (s TailStats) Decided() int64 {
	return s.Errors + s.Slow + s.Tokens + s.Keep + s.Share + s.Rest + s.Failed
}

// Early is how many traces were decided before their time.
func (s TailStats) Early() int64 {
	return s.EarlyTraces + s.EarlySpans + s.EarlyBytes + s.EarlyMarks + s.EarlyEnd
}

// Stats returns the counts of all places where the Stage runs. It may be called by any goroutine.
func (t *TailSampler) Stats() TailStats {
	c := &t.counts
	return TailStats{
		OpenTraces: c.traces.Load(), OpenSpans: c.spans.Load(), OpenBytes: c.bytes.Load(),
		Errors: c.decided[byError].Load(), Slow: c.decided[bySlow].Load(), Tokens: c.decided[byTokens].Load(),
		Keep: c.decided[byKeep].Load(), Share: c.decided[byShare].Load(), Rest: c.decided[byRest].Load(),
		Failed:      c.decided[byPanic].Load(),
		EarlyTraces: c.early[forTraces].Load(), EarlySpans: c.early[forSpans].Load(), EarlyBytes: c.early[forBytes].Load(),
		EarlyMarks: c.early[forMark].Load(), EarlyEnd: c.early[forEnd].Load(), Rootless: c.early[forRoot].Load(),
		Late: c.late.Load(), Forgotten: c.forgotten.Load(),
	}
}

// tailCounts are written by the goroutines of all places where the stage runs.
type tailCounts struct {
	traces, spans, bytes atomic.Int64
	decided              [tailVerdicts]atomic.Int64
	early                [tailOccasions]atomic.Int64
	late, forgotten      atomic.Int64
}

// tailVerdict is what decided a trace.
type tailVerdict uint8

const (
	undecided tailVerdict = iota
	byError
	bySlow
	byTokens
	byKeep
	byShare
	byRest
	byPanic
	tailVerdicts
)

// tailFate is what becomes of the spans of a trace.
type tailFate uint8

const (
	fateKept tailFate = iota
	fateFiltered
	fateFailed
)

func (v tailVerdict) fate() tailFate {
	switch v {
	case byRest:
		return fateFiltered
	case byPanic:
		return fateFailed
	}
	return fateKept
}

// tailOccasion is when a trace was decided that no policy was sure of.
type tailOccasion uint8

const (
	inTime tailOccasion = iota
	forTraces
	forSpans
	forBytes
	forMark
	forEnd
	forRoot
	tailOccasions
)
