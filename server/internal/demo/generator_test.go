package demo

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/demo/stories"
	"github.com/tailrace-go/tailrace/span"
)

// now is when the traces of these tests end.
var now = time.Date(2027, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

func TestTheCapturedTracesAreWhole(t *testing.T) {
	traces, err := readCaptured()
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, trace := range traces {
		sizes = append(sizes, len(trace))
	}
	if want := []int{18, 19, 18, 18}; !slices.Equal(sizes, want) {
		t.Errorf("spans in the captured traces: got %v, want %v", sizes, want)
	}
}

func TestAMadeTraceIsValid(t *testing.T) {
	g := newGenerator(stories.Ordinary(), 1)
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
				if usage.Normalized().Total == 0 {
					t.Errorf("trace %d: %q used no tokens", n, s.Name)
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
		g := newGenerator(stories.Ordinary(), seed)
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
	a, same, other := newGenerator(stories.Ordinary(), 7), newGenerator(stories.Ordinary(), 7), newGenerator(stories.Ordinary(), 8)
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
	g := newGenerator(stories.Ordinary(), 1)
	services, models, users, places, tokens := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[int]bool{}
	text := func(v span.Value, key string) string {
		s, _ := v.Get(key).Text()
		return s
	}
	shortest, longest := time.Hour, time.Duration(0)
	for range 300 {
		trace := g.trace(now)
		root := trace[len(trace)-1]
		services[text(root.Metadata, "serviceName")], users[text(root.Metadata, "userId")], places[text(root.Metadata, "environment")] = true, true, true
		shortest, longest = min(shortest, root.Duration()), max(longest, root.Duration())
		for _, s := range trace {
			if s.Metadata != root.Metadata {
				t.Errorf("%q says %s, its root %s", s.Name, s.Metadata, root.Metadata)
			}
			models[text(s.Attributes, "model")] = true
			if usage, ok := s.Usage(); ok {
				tokens[usage.Normalized().Total] = true
			}
		}
	}
	if len(services) < 6 || len(models) < 6 || len(users) < 20 || len(places) != 2 || len(tokens) < 50 {
		t.Errorf("300 traces have %d services, %d models, %d users, %d environments and %d token counts", len(services), len(models), len(users), len(places), len(tokens))
	}
	if longest < 10*shortest {
		t.Errorf("they take from %v to %v: there is no tail", shortest, longest)
	}
}

// A run that failed has its error in the span where it happened, in all that waited for it, and nothing after.
func TestAFailureEndsItsTrace(t *testing.T) {
	g := newGenerator(stories.Ordinary(), 3)
	messages := map[string]bool{}
	for range 200 {
		trace := g.traceIn(mood{errors: 1, slow: 1}, now)
		root, parents, failed := trace[len(trace)-1], map[span.ID]bool{}, 0
		for _, s := range trace {
			parents[s.ParentID] = true
		}
		for _, s := range trace {
			if s.Error == nil {
				continue
			}
			failed++
			messages[s.Error.Message] = true
			if !s.Output.IsNull() || s.Error.Message != root.Error.Message || s.End.After(root.End) {
				t.Errorf("%q ended at %v with output %s and error %q; the root with %v", s.Name, s.End, s.Output, s.Error.Message, root.Error)
			}
		}
		if failed < 2 {
			t.Errorf("%q has %d failed spans, want the one that failed and its root", root.Name, failed)
		}
		for _, s := range trace {
			if s.Start.After(root.End) || s.End.After(root.End) {
				t.Errorf("%q goes on after its root", s.Name)
			}
		}
	}
	if len(messages) < 8 {
		t.Errorf("%d kinds of errors in 200 failed traces", len(messages))
	}
}

func TestARunThatStumblesGoesOn(t *testing.T) {
	g := newGenerator(stories.Ordinary(), 4)
	for _, template := range stories.Ordinary() {
		failed, tools := 0, 0
		for _, s := range g.stumbled(template) {
			if s.Type == span.TypeToolCall {
				tools++
			}
			if s.Error != nil {
				failed++
			}
		}
		if root := template[len(template)-1]; failed != min(tools, 1) || root.Error != nil {
			t.Errorf("%q has %d failed spans, %d tools, and the error %v", root.Name, failed, tools, root.Error)
		}
	}
}

func TestTheTemplatesStayAsTheyAre(t *testing.T) {
	traces := stories.Ordinary()
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
	g := newGenerator(stories.Ordinary(), 1)
	b.ReportAllocs()
	spans := 0
	for b.Loop() {
		spans += len(g.trace(now))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(spans), "ns/span")
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
