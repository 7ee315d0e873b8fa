package stages_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
	"pgregory.net/rapid"
)

// tailModel is what a TailSampler has to do, as plainly as it can be said.
type tailModel struct {
	cfg     stages.TailConfig
	now     time.Time
	open    []*modelTrace // in the order of their first spans
	rooted  []*modelTrace // in the order of their roots
	memory  []*modelMemo  // the next to be forgotten first
	fates   map[*span.Span]bool
	decided map[span.TraceID]int
	stats   stages.TailStats
}

type modelTrace struct {
	id    span.TraceID
	spans []*span.Span
	due   time.Time
	ended bool
}

type modelMemo struct {
	id         span.TraceID
	kept, used bool
}

func (m *tailModel) push(s *span.Span) {
	for _, memo := range m.memory {
		if memo.id == s.TraceID {
			memo.used = true
			m.stats.Late++
			m.fates[s] = memo.kept
			return
		}
	}
	i := slices.IndexFunc(m.open, func(t *modelTrace) bool { return t.id == s.TraceID })
	if i < 0 {
		t := &modelTrace{id: s.TraceID, due: m.now.Add(m.cfg.MaxWait)}
		if stages.InSample(m.cfg.Share, string(s.TraceID)) || m.sure(append(t.spans, s)) != nil {
			t.spans = append(t.spans, s)
			m.decide(t, nil)
			return
		}
		for len(m.open) >= m.cfg.MaxTraces {
			m.decide(m.nearest(), &m.stats.EarlyTraces)
		}
		m.open = append(m.open, t)
		i = len(m.open) - 1
	}
	t := m.open[i]
	t.spans = append(t.spans, s)
	if m.sure(t.spans) != nil {
		m.decide(t, nil)
		return
	}
	if s.Root && !t.ended {
		t.ended, t.due = true, m.now.Add(m.cfg.DecisionWait)
		m.rooted = append(m.rooted, t)
	}
	if len(t.spans) >= m.cfg.MaxSpans {
		m.decide(t, &m.stats.EarlySpans)
	}
	for m.bytes() > m.cfg.MaxBytes {
		m.decide(m.nearest(), &m.stats.EarlyBytes)
	}
}

func (m *tailModel) bytes() (n int) {
	for _, t := range m.open {
		for _, s := range t.spans {
			n += s.Size()
		}
	}
	return n
}

func (m *tailModel) nearest() *modelTrace {
	if len(m.rooted) > 0 {
		return m.rooted[0]
	}
	return m.open[0]
}

// sure is the count of the policy that the spans of a trace, which may not be all, make sure; nil if none.
func (m *tailModel) sure(spans []*span.Span) *int64 {
	var first, last time.Time
	certain := map[span.ID]int{}
	for i, s := range spans {
		if i == 0 || s.Start.Before(first) {
			first = s.Start
		}
		if s.End.After(last) {
			last = s.End
		}
		certain[s.ID] = s.CountedTokens(true).Total
		if s.Error != nil {
			return &m.stats.Errors
		}
	}
	total := 0
	for _, n := range certain {
		total += n
	}
	switch {
	case m.cfg.Slow > 0 && last.Sub(first) >= m.cfg.Slow:
		return &m.stats.Slow
	case m.cfg.Tokens > 0 && total >= m.cfg.Tokens:
		return &m.stats.Tokens
	}
	return nil
}

// tokens counts the whole of a trace by the rule of the wire format.
func tokens(spans []*span.Span) (total int) {
	byID := map[span.ID]*span.Span{}
	for _, s := range spans {
		byID[s.ID] = s
	}
	for _, s := range byID {
		above := false
		seen := map[span.ID]bool{}
		for p := byID[s.ParentID]; p != nil && !seen[p.ID]; p = byID[p.ParentID] {
			seen[p.ID] = true
			if _, has := p.Usage(); has && p.Type.IsModel() {
				above = true
			}
		}
		total += s.CountedTokens(above).Total
	}
	return total
}

func (m *tailModel) decide(t *modelTrace, early *int64) {
	m.open = slices.DeleteFunc(m.open, func(o *modelTrace) bool { return o == t })
	m.rooted = slices.DeleteFunc(m.rooted, func(o *modelTrace) bool { return o == t })
	m.decided[t.id]++
	why := m.sure(t.spans)
	switch {
	case stages.InSample(m.cfg.Share, string(t.id)):
		why = &m.stats.Share
	case why != nil:
	case m.cfg.Tokens > 0 && tokens(t.spans) >= m.cfg.Tokens:
		why = &m.stats.Tokens
	case m.cfg.Keep(t.spans):
		why = &m.stats.Keep
	default:
		why = &m.stats.Rest
	}
	*why++
	if early != nil {
		*early++
	}
	for len(m.memory) >= m.cfg.MaxDecided {
		next := m.memory[0]
		m.memory = m.memory[1:]
		if next.used {
			next.used = false
			m.memory = append(m.memory, next)
			continue
		}
		m.stats.Forgotten++
	}
	kept := why != &m.stats.Rest
	m.memory = append(m.memory, &modelMemo{id: t.id, kept: kept})
	for _, s := range t.spans {
		m.fates[s] = kept
	}
}

// sleep lets time pass.
func (m *tailModel) sleep(d time.Duration) {
	m.now = m.now.Add(d)
	for {
		var next *modelTrace
		for _, t := range m.open {
			if !t.due.After(m.now) && (next == nil || t.due.Before(next.due)) {
				next = t
			}
		}
		switch {
		case next == nil:
			return
		case next.ended:
			m.decide(next, nil)
		default:
			m.decide(next, &m.stats.Rootless)
		}
	}
}

func (m *tailModel) flush(why *int64) {
	for len(m.open) > 0 {
		m.decide(m.nearest(), why)
	}
}

// Whatever comes, in whatever order, between whatever marks and under whatever bounds: each span has the fate that the
// model gives it, all spans of a trace that was decided once share theirs, and the ledger, the counts and the bounds hold.
func TestTailProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		keep := rapid.IntRange(2, 4).Draw(rt, "keep")
		cfg := stages.TailConfig{
			Slow:         rapid.SampledFrom([]time.Duration{0, 3 * time.Second}).Draw(rt, "slow"),
			Tokens:       rapid.SampledFrom([]int{0, 20}).Draw(rt, "tokens"),
			Share:        rapid.SampledFrom([]float64{0, 0.2}).Draw(rt, "share"),
			Keep:         func(trace []*span.Span) bool { return len(trace)%keep == 0 },
			DecisionWait: rapid.SampledFrom([]time.Duration{1, 5 * time.Second}).Draw(rt, "decision wait"),
			MaxWait:      rapid.SampledFrom([]time.Duration{3, 13 * time.Second}).Draw(rt, "max wait"),
			MaxTraces:    rapid.IntRange(1, 6).Draw(rt, "max traces"),
			MaxSpans:     rapid.IntRange(1, 8).Draw(rt, "max spans"),
			MaxBytes:     rapid.IntRange(1, 12).Draw(rt, "max bytes") * 400,
			MaxDecided:   rapid.IntRange(1, 8).Draw(rt, "max decided"),
		}
		ops := rapid.SliceOfN(rapid.Custom(drawTailOp), 1, 60).Draw(rt, "ops")
		if err := pipelinetest.Bubble(t, func(t *testing.T) error { return playTail(t, cfg, ops) }); err != nil {
			rt.Fatal(err)
		}
	})
}

type tailOp struct {
	push  *span.Span
	sleep time.Duration
	flush bool
}

func (op tailOp) String() string {
	if op.push != nil {
		return fmt.Sprintf("push %s %s, error %v", op.push.Name, op.push.Type, op.push.Error != nil)
	}
	return fmt.Sprintf("sleep %v, flush %v", op.sleep, op.flush)
}

func drawTailOp(t *rapid.T) tailOp {
	switch rapid.IntRange(0, 11).Draw(t, "op") {
	case 0:
		return tailOp{flush: true}
	case 1, 2:
		return tailOp{sleep: time.Duration(rapid.IntRange(1, 6).Draw(t, "s")) * time.Second}
	case 3:
		return tailOp{sleep: time.Duration(rapid.IntRange(1, 3).Draw(t, "ns"))}
	}
	trace := rapid.StringMatching("[a-k]").Draw(t, "trace")
	id := rapid.IntRange(1, 6).Draw(t, "id")
	parent := ""
	if id > 1 {
		parent = fmt.Sprintf("<%d", rapid.IntRange(1, 6).Draw(t, "parent")) // may be below itself
	}
	return tailOp{push: tailSpan(fmt.Sprintf("%s/%d%s", trace, id, parent), func(s *span.Span) {
		at(time.Duration(rapid.IntRange(0, 2).Draw(t, "start")) * time.Second)(s)
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			failing(s)
		case 1, 2:
			used(span.TypeModelGeneration, rapid.IntRange(0, 12).Draw(t, "tokens"))(s)
		case 3, 4, 5:
			used(span.TypeModelStep, rapid.IntRange(0, 12).Draw(t, "tokens"))(s)
		}
	})}
}

func playTail(t *testing.T, cfg stages.TailConfig, ops []tailOp) error {
	m := &tailModel{cfg: cfg, now: time.Now(), fates: map[*span.Span]bool{}, decided: map[span.TraceID]int{}}
	tail := stages.TailSample(cfg)
	r := pipelinetest.Start(t, tail.Stage(), pipeline.Queue(1))
	for i, op := range ops {
		switch {
		case op.push != nil:
			r.Push(op.push)
			m.push(op.push)
		case op.flush:
			r.Flush()
			m.flush(&m.stats.EarlyMarks)
			if l := r.Pipeline.Ledger(); l.InFlight != 0 {
				return fmt.Errorf("op %d: after Flush %+v", i, l)
			}
		default:
			time.Sleep(op.sleep)
			m.sleep(op.sleep)
		}
		synctest.Wait()
		if err := m.agrees(tail.Stats(), r.Emitted()); err != nil {
			return fmt.Errorf("op %d, %v: %w", i, op, err)
		}
		if l := r.Pipeline.Ledger(); l.Balance() != 0 || l.InFlight != tail.Stats().OpenSpans {
			return fmt.Errorf("op %d: %+v with %+v", i, l, tail.Stats())
		}
	}
	m.flush(&m.stats.EarlyEnd)
	if err := r.Close(); err != nil {
		return err
	}
	return m.agrees(tail.Stats(), r.Emitted())
}

// agrees compares what a sampler has done with what it should have.
func (m *tailModel) agrees(got stages.TailStats, emitted []*span.Span) error {
	want := m.stats
	want.OpenTraces, want.OpenBytes = int64(len(m.open)), int64(m.bytes())
	for _, t := range m.open {
		want.OpenSpans += int64(len(t.spans))
	}
	if got != want {
		return fmt.Errorf("counted\n%+v, want\n%+v", got, want)
	}
	if got.OpenTraces > int64(m.cfg.MaxTraces) || got.OpenBytes > int64(m.cfg.MaxBytes) {
		return fmt.Errorf("a bound of %+v is passed: %+v", m.cfg, got)
	}
	out, kept, one := map[*span.Span]bool{}, 0, map[span.TraceID]bool{}
	for _, s := range emitted {
		out[s] = true
	}
	for s, fate := range m.fates {
		if out[s] != fate {
			return fmt.Errorf("%s came out: %v, want %v", s.Name, out[s], fate)
		}
		if fate {
			kept++
		}
		if before, known := one[s.TraceID]; known && before != fate && m.decided[s.TraceID] == 1 {
			return fmt.Errorf("the spans of %s have two fates", s.TraceID)
		}
		one[s.TraceID] = fate
	}
	if kept != len(emitted) {
		return fmt.Errorf("%d spans came out, want %d", len(emitted), kept)
	}
	return nil
}
