package stages

import (
	"context"
	"errors"
	"hash/maphash"
	"runtime/debug"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
)

// errTraceFailed is why the spans fail that come after Keep has panicked on their trace.
var errTraceFailed = pipeline.WithReason(pipeline.ReasonStagePanic, errors.New("TailConfig.Keep panicked on the trace before"))

// tailKey stands for a trace id. The id itself may be part of a request body, which the memory of a decision must not
// keep; two hashes with seeds of their own cannot be made to collide from outside.
type tailKey [2]uint64

// tailHold is the state of the stage in one place of a graph. Only its own goroutine touches it.
type tailHold struct {
	cfg    TailConfig
	counts *tailCounts
	in     *pipeline.Inlet[*span.Span]
	out    *pipeline.Outlet[*span.Span]

	seeds    [2]maphash.Seed
	open     map[tailKey]*tailTrace
	rootless tailList // in the order of their first spans, and so of their times
	rooted   tailList // in the order of their roots
	bytes    int
	memory   tailMemory
	usage    usageTree
	idle     []*tailTrace
}

func (t *TailSampler) run(_ context.Context, in *pipeline.Inlet[*span.Span], out *pipeline.Outlet[*span.Span]) error {
	h := &tailHold{
		cfg: t.cfg, counts: &t.counts, in: in, out: out,
		seeds:  [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		open:   map[tailKey]*tailTrace{},
		memory: tailMemory{max: t.cfg.MaxDecided, slots: map[tailKey]int32{}},
	}
	if all := in.Budget(); all > 0 {
		h.cfg.MaxBytes = min(h.cfg.MaxBytes, all/2) // else the budget is met first, and all is decided at once
	}
	defer h.leave()
	in.OnMark(h.decideAll)
	var due time.Time
	for {
		// The clock is set anew only for an earlier time: to wake up once for nothing is cheaper than to set it for each trace.
		if next := h.nextDue(); !next.IsZero() && (due.IsZero() || next.Before(due)) {
			due = next
		}
		s, err := in.RecvUntil(due)
		switch {
		case errors.Is(err, pipeline.ErrDue):
			due = time.Time{}
			err = h.decideDue(time.Now())
		case err != nil:
			return in.Err()
		default:
			err = h.take(s)
		}
		if err != nil {
			return err
		}
	}
}

// leave takes what is still held out of the counts: the run gives it up.
func (h *tailHold) leave() {
	for _, t := range h.open {
		h.counts.spans.Add(-int64(len(t.spans)))
	}
	h.counts.traces.Add(-int64(len(h.open)))
	h.counts.bytes.Add(-int64(h.bytes))
}

// take judges one span, or holds it.
func (h *tailHold) take(s *span.Span) error {
	if s.TraceID == "" || s.TraceID == span.NoOpTraceID {
		return h.takeLone(s)
	}
	key := tailKey{maphash.String(h.seeds[0], string(s.TraceID)), maphash.String(h.seeds[1], string(s.TraceID))}
	t, isOpen := h.open[key]
	if !isOpen {
		if fate, known := h.memory.recall(key); known {
			h.counts.late.Add(1)
			return h.end(s, fate, errTraceFailed)
		}
		if InSample(h.cfg.Share, string(s.TraceID)) {
			h.remember(key, byShare)
			return h.out.Send(s)
		}
		t = h.newTrace(key)
	}
	size := s.Size()
	if verdict := t.add(s, size, &h.cfg); verdict != undecided {
		if isOpen {
			h.bytes += size // as those that it had
			h.close(t, 1, size)
		}
		return h.settle(t, verdict, nil)
	}
	return h.hold(t, s, size, isOpen)
}

// hold keeps a span that was added to its trace, and makes room for it.
func (h *tailHold) hold(t *tailTrace, s *span.Span, size int, isOpen bool) error {
	if !isOpen {
		for len(h.open) >= h.cfg.MaxTraces {
			if err := h.decide(h.nearest(), forTraces); err != nil {
				return err
			}
		}
		h.open[t.key] = t
		h.counts.traces.Add(1)
		t.due = time.Now().Add(h.cfg.MaxWait)
		h.rootless.push(t)
	}
	h.bytes += size
	h.counts.spans.Add(1)
	h.counts.bytes.Add(int64(size))
	if t.list == &h.rootless && endsTrace(s) {
		t.list.remove(t)
		t.due = time.Now().Add(h.cfg.DecisionWait)
		h.rooted.push(t)
	}
	if len(t.spans) >= h.cfg.MaxSpans {
		return h.decide(t, forSpans)
	}
	for h.bytes > h.cfg.MaxBytes {
		if err := h.decide(h.nearest(), forBytes); err != nil {
			return err
		}
	}
	return nil
}

// takeLone decides a span that belongs to no trace.
func (h *tailHold) takeLone(s *span.Span) error {
	t := h.newTrace(tailKey{})
	verdict := t.add(s, s.Size(), &h.cfg)
	if verdict == undecided && InSample(h.cfg.Share, string(s.ID)) {
		verdict = byShare
	}
	var failure error
	if verdict == undecided {
		verdict, failure = h.judge(t)
	}
	h.counts.decided[verdict].Add(1)
	return h.release(t, verdict, failure)
}

// nextDue is when the next trace is to be decided, zero if there is none.
func (h *tailHold) nextDue() time.Time {
	a, b := h.rootless.first, h.rooted.first
	switch {
	case a == nil && b == nil:
		return time.Time{}
	case a == nil || b != nil && b.due.Before(a.due):
		return b.due
	}
	return a.due
}

// nearest is the open trace that is decided first where there is no room for all: one whose root has ended misses the
// least, so the oldest of these, else the oldest of all.
func (h *tailHold) nearest() *tailTrace {
	if h.rooted.first != nil {
		return h.rooted.first
	}
	return h.rootless.first
}

func (h *tailHold) decideDue(now time.Time) error {
	for t := h.rooted.first; t != nil && !t.due.After(now); t = h.rooted.first {
		if err := h.decide(t, inTime); err != nil {
			return err
		}
	}
	for t := h.rootless.first; t != nil && !t.due.After(now); t = h.rootless.first {
		if err := h.decide(t, forRoot); err != nil {
			return err
		}
	}
	return nil
}

// decideAll is called at marks, and at the end.
func (h *tailHold) decideAll() error {
	why := forMark
	select {
	case <-h.in.Draining():
		why = forEnd
	default:
	}
	for len(h.open) > 0 {
		if err := h.decide(h.nearest(), why); err != nil {
			return err
		}
	}
	return nil
}

// decide ends the wait for a trace that no policy was sure of so far.
func (h *tailHold) decide(t *tailTrace, why tailOccasion) error {
	h.counts.early[why].Add(1)
	h.close(t, 0, 0)
	verdict, failure := h.judge(t)
	return h.settle(t, verdict, failure)
}

// close takes a trace out of what is open. Its last spans, of so many bytes, may not have been counted as held.
func (h *tailHold) close(t *tailTrace, spans, bytes int) {
	delete(h.open, t.key)
	t.list.remove(t)
	h.bytes -= t.bytes
	h.counts.traces.Add(-1)
	h.counts.spans.Add(-int64(len(t.spans) - spans))
	h.counts.bytes.Add(-int64(t.bytes - bytes))
}

// judge asks those policies that look at the whole.
func (h *tailHold) judge(t *tailTrace) (verdict tailVerdict, failure error) {
	if h.cfg.Tokens > 0 && t.steps && h.usage.total(t) >= h.cfg.Tokens {
		return byTokens, nil
	}
	if h.cfg.Keep == nil {
		return byRest, nil
	}
	return h.ask(t)
}

// ask calls Keep, and lets its panic cost this trace alone.
func (h *tailHold) ask(t *tailTrace) (verdict tailVerdict, failure error) {
	verdict = byRest
	defer func() {
		if v := recover(); v != nil { // not after runtime.Goexit, which ends this goroutine whatever is done here
			verdict, failure = byPanic, &pipeline.PanicError{Stage: tailName, Value: v, Stack: debug.Stack()}
		}
	}()
	if h.cfg.Keep(t.spans[:len(t.spans):len(t.spans)]) {
		verdict = byKeep
	}
	return verdict, nil
}

// settle ends a trace that is not open any more, and remembers how.
func (h *tailHold) settle(t *tailTrace, verdict tailVerdict, failure error) error {
	h.remember(t.key, verdict)
	return h.release(t, verdict, failure)
}

func (h *tailHold) remember(key tailKey, verdict tailVerdict) {
	h.counts.decided[verdict].Add(1)
	if h.memory.remember(key, verdict.fate()) {
		h.counts.forgotten.Add(1)
	}
}

// release ends the spans of a trace, in their order.
func (h *tailHold) release(t *tailTrace, verdict tailVerdict, failure error) error {
	defer h.recycle(t)
	for _, s := range t.spans {
		if err := h.end(s, verdict.fate(), failure); err != nil {
			return err // the engine accounts for the others
		}
	}
	return nil
}

func (h *tailHold) end(s *span.Span, fate tailFate, failure error) error {
	switch fate {
	case fateFiltered:
		h.in.Filtered(s)
	case fateFailed:
		h.in.Failed(s, failure)
	default:
		return h.out.Send(s)
	}
	return nil
}

// What is kept to be used again, so that spans cost no allocations while traces come and go.
const (
	maxIdleTraces = 1024
	maxIdleSpans  = 64
)

func (h *tailHold) newTrace(key tailKey) *tailTrace {
	if last := len(h.idle) - 1; last >= 0 {
		t := h.idle[last]
		h.idle[last], h.idle = nil, h.idle[:last]
		t.key = key
		return t
	}
	return &tailTrace{key: key}
}

func (h *tailHold) recycle(t *tailTrace) {
	if len(h.idle) >= maxIdleTraces || cap(t.spans) > maxIdleSpans {
		return
	}
	clear(t.spans) // they must not live on with it
	clear(t.tokens)
	*t = tailTrace{spans: t.spans[:0], tokens: t.tokens}
	h.idle = append(h.idle, t)
}
