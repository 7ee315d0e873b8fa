package demo

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// now is when the traces of these tests end.
var now = time.Date(2027, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

func TestTheCapturedTracesAreWhole(t *testing.T) {
	traces := templates(t)
	var sizes []int
	for _, trace := range traces {
		sizes = append(sizes, len(trace))
	}
	if want := []int{18, 19, 18, 18}; !slices.Equal(sizes, want) {
		t.Errorf("spans in the captured traces: got %v, want %v", sizes, want)
	}
}

func TestAMadeTraceIsValid(t *testing.T) {
	g := newGenerator(templates(t), 1)
	for n := range 100 {
		trace := g.trace(now)
		ids := map[span.ID]bool{}
		for _, s := range trace {
			ids[s.ID] = true
		}
		var last time.Time
		for _, s := range trace {
			if !s.TraceID.Valid() || !s.ID.Valid() || s.TraceID != trace[0].TraceID {
				t.Errorf("trace %d: ids %q, %q in trace %q", n, s.TraceID, s.ID, trace[0].TraceID)
			}
			if s.ParentID != "" && !ids[s.ParentID] {
				t.Errorf("trace %d: parent %q of %q is in no span", n, s.ParentID, s.Name)
			}
			if !s.End.IsZero() && s.End.Before(s.Start) {
				t.Errorf("trace %d: %q ends at %v, before its start at %v", n, s.Name, s.End, s.Start)
			}
			if !s.Frozen() {
				t.Errorf("trace %d: %q is not frozen", n, s.Name)
			}
			if usage, ok := s.Usage(); ok {
				if sum := *usage.InputTokens + *usage.OutputTokens; usage.Normalized().Total != sum || sum == 0 {
					t.Errorf("trace %d: %q used %d tokens, in parts %d", n, s.Name, usage.Normalized().Total, sum)
				}
				if d := usage.InputDetails; d != nil && *d.Text+*d.CacheRead != *usage.InputTokens {
					t.Errorf("trace %d: %q has %d input tokens, in parts %d + %d", n, s.Name, *usage.InputTokens, *d.Text, *d.CacheRead)
				}
			}
			last = later(last, later(s.Start, s.End))
		}
		if !last.Equal(now) {
			t.Errorf("trace %d ends at %v, want %v", n, last, now)
		}
		if _, bad, err := span.DecodeBody(encoded(t, trace)); err != nil || len(bad) > 0 {
			t.Errorf("trace %d cannot be read: %v, %v", n, err, bad)
		}
	}
}

func TestIDsAreUnique(t *testing.T) {
	seen := map[span.ID]bool{}
	for seed := range uint64(4) {
		g := newGenerator(templates(t), seed)
		for range 500 {
			for _, s := range g.trace(now) {
				if seen[s.ID] {
					t.Fatalf("seed %d makes span id %q again", seed, s.ID)
				}
				seen[s.ID] = true
			}
		}
	}
}

func TestASeedSaysItAll(t *testing.T) {
	a, same, other := newGenerator(templates(t), 7), newGenerator(templates(t), 7), newGenerator(templates(t), 8)
	for range 10 {
		want := encoded(t, a.trace(now))
		if got := encoded(t, same.trace(now)); !bytes.Equal(got, want) {
			t.Errorf("one seed, two traces:\n%s\n%s", want, got)
		}
		if got := encoded(t, other.trace(now)); bytes.Equal(got, want) {
			t.Errorf("two seeds, one trace:\n%s", got)
		}
	}
}

func TestMadeTracesDiffer(t *testing.T) {
	g := newGenerator(templates(t), 1)
	names, tokens := map[string]bool{}, map[int]bool{}
	for range 200 {
		for _, s := range g.trace(now) {
			names[s.Name] = true
			if usage, ok := s.Usage(); ok {
				tokens[usage.Normalized().Total] = true
			}
		}
	}
	for _, model := range models {
		if want := "llm: '" + model.id + "'"; !names[want] {
			t.Errorf("no span is called %q", want)
		}
	}
	for _, agent := range agents {
		if want := "agent run: '" + agent.id + "'"; !names[want] {
			t.Errorf("no span is called %q", want)
		}
	}
	if len(tokens) < 50 {
		t.Errorf("200 traces have %d token counts", len(tokens))
	}
}

func TestTheTemplatesStayAsTheyAre(t *testing.T) {
	traces := templates(t)
	var before, after strings.Builder
	for _, trace := range traces {
		before.Write(encoded(t, trace))
	}
	g := newGenerator(traces, 1)
	for range 20 {
		g.trace(now)
	}
	for _, trace := range traces {
		after.Write(encoded(t, trace))
	}
	if before.String() != after.String() {
		t.Errorf("templates changed:\n%s\n%s", before.String(), after.String())
	}
}

func BenchmarkGenerator(b *testing.B) {
	g := newGenerator(templates(b), 1)
	b.ReportAllocs()
	spans := 0
	for b.Loop() {
		spans += len(g.trace(now))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(spans), "ns/span")
}

func templates(t testing.TB) [][]*span.Span {
	t.Helper()
	traces, err := readTemplates()
	if err != nil {
		t.Fatal(err)
	}
	return traces
}

// encoded is the request body of spans.
func encoded(t testing.TB, spans []*span.Span) []byte {
	t.Helper()
	body := span.V1.AppendOpen(nil)
	for i, s := range spans {
		var err error
		if body, err = span.V1.AppendItem(body, s, i == 0); err != nil {
			t.Fatalf("%q: %v", s.Name, err)
		}
	}
	return span.V1.AppendClose(body)
}
