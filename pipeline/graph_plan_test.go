package pipeline_test

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/tailrace-go/tailrace/pipeline"
)

// A plan is a graph and a schedule for it, drawn before the run: inside a bubble rapid must not be
// called. Steps refer to the flows that are open at that point by a number modulo their count, so
// that any list of steps is a graph, and shrinking may leave steps out.
type plan struct {
	Sources []sourcePlan
	Steps   []step
	Sinks   []sinkPlan // used in turn for the flows that are left open

	Drain    time.Duration // Config.DrainTimeout; 0 means none
	MaxBytes int           // 0 means no budget
	Cancel   time.Duration // when the run's context ends
	Shutdown time.Duration // when Shutdown is called; 0 means never
	Patience time.Duration // of Shutdown's context
	Flushes  []flushPlan
}

type sourcePlan struct {
	Emitter   bool
	Items     int // of each producer
	Pause     time.Duration
	Producers int               // of an emitter
	Queue     int               // of an emitter
	Overflow  pipeline.Overflow // of an emitter
	Early     int               // items that are pushed before Run
	Try       bool              // TryPush instead of Push
	Hurry     time.Duration     // limit of the context of each Push; 0 means none
	End       string            // of a feed: ends, waits, fails, panics, exits
}

// step is a stage, or a join of flows.
type step struct {
	Op      string
	On      int // which open flow
	N       int // what it means depends on Op
	Pause   time.Duration
	Async   bool
	Inline  bool
	Queue   int
	Workers int
	Ordered bool
	Policy  string
}

type sinkPlan struct {
	Kind    string
	N       int
	Pause   time.Duration
	Workers int
	Policy  string
}

type flushPlan struct {
	At       time.Duration
	Patience time.Duration
}

// A run that ends late has come to rest before; a Flush must have returned long before its end.
const (
	late    = 10 * time.Minute
	patient = 5 * time.Minute
)

// ops are what a step may be. Those that fail are fewer than the others, and come last so that
// shrinking leads away from them.
var ops = []string{
	"map", "filter", "flat map", "actor", "holder", "chan actor", "batch", "timed batch", "unbatch",
	"fork", "partition", "merge", "slow", "map", "filter", "batch", "timed batch", "fork", "merge",
	"flaky", "fails", "panics", "exits", "stall", "take", "actor take", "actor fails", "actor panics", "actor exits", "hook exits",
	"actor dies", "holder dies",
}

// drawPlan draws a plan.
func drawPlan(rt *rapid.T) *plan {
	p := &plan{
		Sources: rapid.SliceOfN(rapid.Custom(drawSource), 1, 3).Draw(rt, "sources"),
		Steps:   rapid.SliceOfN(rapid.Custom(drawStep), 0, 8).Draw(rt, "steps"),
		Sinks:   rapid.SliceOfN(rapid.Custom(drawSink), 1, 3).Draw(rt, "sinks"),
		Cancel:  time.Duration(rapid.IntRange(0, 200).Draw(rt, "cancel")) * time.Millisecond,
		Flushes: rapid.SliceOfN(rapid.Custom(drawFlush), 0, 3).Draw(rt, "flushes"),
	}
	if one(rt, 4, "late") {
		p.Cancel += late
	}
	if one(rt, 3, "deadline") {
		p.Drain = time.Duration(rapid.IntRange(1, 50).Draw(rt, "drain")) * time.Millisecond
	}
	if one(rt, 3, "budget") {
		p.MaxBytes = rapid.IntRange(30, 300).Draw(rt, "bytes")
	}
	if one(rt, 8, "shutdown") {
		p.Shutdown = time.Duration(rapid.IntRange(1, 100).Draw(rt, "at")) * time.Millisecond
		p.Patience = time.Duration(rapid.IntRange(0, 50).Draw(rt, "patience")) * time.Millisecond
	}
	return p
}

// one is true once in n draws.
func one(rt *rapid.T, n int, label string) bool { return rapid.IntRange(1, n).Draw(rt, label) == n }

func pauseOf(rt *rapid.T) time.Duration {
	return time.Duration(max(rapid.IntRange(-6, 6).Draw(rt, "pause"), 0)) * time.Millisecond
}

func drawSource(rt *rapid.T) sourcePlan {
	s := sourcePlan{
		Emitter: rapid.Bool().Draw(rt, "emitter"),
		Items:   rapid.IntRange(0, 30).Draw(rt, "items"),
		Pause:   pauseOf(rt),
		End:     rapid.SampledFrom([]string{"ends", "waits", "ends", "waits", "fails", "panics", "exits"}).Draw(rt, "end"),
	}
	if s.Emitter {
		s.Producers = rapid.IntRange(1, 3).Draw(rt, "producers")
		s.Queue = rapid.IntRange(1, 12).Draw(rt, "queue")
		s.Overflow = rapid.SampledFrom([]pipeline.Overflow{pipeline.Block, pipeline.DropNewest, pipeline.DropOldest}).Draw(rt, "overflow")
		s.Early = rapid.IntRange(0, s.Queue).Draw(rt, "early")
		s.Try = one(rt, 4, "try")
		if one(rt, 4, "hurry") {
			s.Hurry = time.Duration(rapid.IntRange(0, 10).Draw(rt, "hurry")) * time.Millisecond
		}
	}
	return s
}

func drawStep(rt *rapid.T) step {
	s := step{
		Op:     rapid.SampledFrom(ops).Draw(rt, "op"),
		On:     rapid.IntRange(0, 5).Draw(rt, "on"),
		N:      rapid.IntRange(1, 12).Draw(rt, "n"),
		Pause:  pauseOf(rt),
		Async:  one(rt, 3, "async"),
		Policy: rapid.SampledFrom([]string{"", "", "skip", "fail", "retry", "letters", "retry then letters", "retry then fail"}).Draw(rt, "policy"),
	}
	s.Inline = one(rt, 3, "inline")
	if one(rt, 4, "queued") {
		s.Queue = rapid.IntRange(1, 5).Draw(rt, "queue")
	}
	if one(rt, 3, "parallel") {
		s.Workers = rapid.IntRange(1, 4).Draw(rt, "workers")
		s.Ordered = rapid.Bool().Draw(rt, "ordered")
	}
	return s
}

func drawSink(rt *rapid.T) sinkPlan {
	return sinkPlan{
		Kind:    rapid.SampledFrom([]string{"fused", "actor", "slow", "helpers", "fails", "panics", "stall", "actor dies"}).Draw(rt, "kind"),
		N:       rapid.IntRange(1, 20).Draw(rt, "n"),
		Pause:   pauseOf(rt),
		Workers: max(rapid.IntRange(-2, 3).Draw(rt, "workers"), 1),
		Policy:  rapid.SampledFrom([]string{"", "skip", "retry", "retry then letters", "retry then fail"}).Draw(rt, "policy"),
	}
}

func drawFlush(rt *rapid.T) flushPlan {
	f := flushPlan{
		At:       time.Duration(rapid.IntRange(0, 120).Draw(rt, "at")) * time.Millisecond,
		Patience: time.Duration(rapid.IntRange(0, 200).Draw(rt, "patience")) * time.Millisecond,
	}
	if rapid.Bool().Draw(rt, "patient") {
		f.Patience = patient
	}
	return f
}

func (p *plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "drain %v, bytes %d, cancel at %v, shutdown at %v (patience %v)\n", p.Drain, p.MaxBytes, p.Cancel, p.Shutdown, p.Patience)
	for i, s := range p.Sources {
		fmt.Fprintf(&b, "source %d %+v\n", i, s)
	}
	for i, s := range p.Steps {
		fmt.Fprintf(&b, "step %d %+v\n", i, s)
	}
	for i, s := range p.Sinks {
		fmt.Fprintf(&b, "sink %d %+v\n", i, s)
	}
	fmt.Fprintf(&b, "flushes %+v\n", p.Flushes)
	return b.String()
}
