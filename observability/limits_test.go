package observability_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

type (
	silent  struct{ until chan struct{} } // never says anything
	huge    struct{}                      // says 10 MiB
	blowsUp struct{}
)

func (s silent) MarshalJSON() ([]byte, error) { <-s.until; return []byte("1"), nil }
func (huge) MarshalJSON() ([]byte, error) {
	return []byte(`["` + strings.Repeat("h", 10<<20) + `"]`), nil
}
func (blowsUp) MarshalJSON() ([]byte, error) { panic("no") }

// TestFlaw19ValuesKeepTheirMeaning, and flaw 12: whatever a program says of a span, the span gets through, in bounds,
// and what was cut says so.
func TestFlaw19ValuesKeepTheirMeaning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		until := make(chan struct{})
		s := observe(t, func(i *observability.Instance) {
			i.Limits = observability.Limits{MaxStringBytes: 10, MaxDepth: 3, MaxItems: 2, MaxSpanBytes: 8 << 10, MaxWait: time.Second}
		})
		circle := map[string]any{}
		circle["self"] = circle
		shared := []int{1}
		deep := any("end")
		for range 10_000 {
			deep = []any{deep}
		}
		when := time.Date(2026, 11, 22, 16, 8, 8, 809_000_000, time.UTC)
		for name, c := range map[string]struct {
			value any
			want  string
		}{
			"date":           {when, `"2026-11-22T16:08:08.809Z"`},
			"date inside":    {map[string]any{"when": when}, `{"when":"2026-11-22T16:08:08.809Z"}`},
			"circle":         {circle, `{"self":"[Circular]"}`},
			"shared":         {[]any{shared, shared}, `[[1],[1]]`},
			"between runes":  {"ééééééééé", `"ééééé…[truncated]"`},
			"depth":          {deep, `[[["[MaxDepth]"]]]`},
			"items":          {[]int{1, 2, 3, 4}, `[1,2,"[…2 more items]"]`},
			"keys":           {map[string]int{"a": 1, "b": 2, "c": 3}, `{"a":1,"b":2,"__truncated":"1 more keys omitted"}`},
			"numbers":        {[]any{math.NaN(), int64(math.MinInt64)}, `[null,-9223372036854775808]`},
			"channel":        {[]any{make(chan int), func() {}}, `["[Channel]","[Function]"]`},
			"not UTF-8":      {"a\xff\x00", `"a�\u0000"`},
			"panics":         {blowsUp{}, `"[Panic: no…[truncated]"`},
			"never answers":  {[]any{silent{until}}, `["[Timeout]"]`},
			"false and zero": {[]any{false, 0}, `[false,0]`},
		} {
			_, one := s.tracer.Start(t.Context(), name, nil, observability.WithInput(c.value))
			one.SetOutput(c.value)
			one.End()
			got, err := s.memory.WaitFor(t.Context(), 1)
			s.memory.Reset()
			if err != nil || string(got[0].Input) != c.want || got[0].Output != got[0].Input {
				t.Errorf("%s:\ngot  %s\nwant %s", name, got[0].Input, c.want)
			}
		}
		close(until)
	})
	faults.Happened(t, "input.cycle", "[Circular] where it comes round; delivered")
	faults.Happened(t, "input.channel", "[Channel], [Function]; delivered")
	faults.Happened(t, "input.marshaler", "[Panic: no] and, after 1 s, [Timeout]; delivered")
}

// TestASpanKeepsWithinMaxSpanBytes whatever part of it is large.
func TestASpanKeepsWithinMaxSpanBytes(t *testing.T) {
	const most = 64 << 10
	s := observe(t, func(i *observability.Instance) { i.Limits.MaxSpanBytes = most })
	text := strings.Repeat("é", 1<<20)
	items := make([]string, 9000)
	for i := range items {
		items[i] = fmt.Sprint("item ", i)
	}
	ctx, root := s.tracer.Start(t.Context(), text, span.AgentRun{Instructions: text, AgentID: text, AvailableTools: items},
		observability.WithInput(huge{}), observability.WithTags(items...), observability.WithMetadata(map[string]any{text: text, "a": text}))
	root.SetOutput(map[string]any{"text": text, "object": map[string]any{"items": items}, "kept": true})
	root.Error(fmt.Errorf("%s", text))
	root.Update(span.AgentRun{Prompt: text, TripwireAbort: &span.Tripwire{Metadata: span.Of(items)}})
	for n := range 20_000 {
		root.SetMetadata(fmt.Sprint("key ", n), n)
	}
	root.Event("event", span.Custom{Type: "event", Values: span.Of(map[string]any{"t": text})}, text)
	_, child := s.tracer.Start(ctx, "child", span.ModelGeneration{Model: text}, observability.WithInput(text))
	child.End()
	root.End()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.memory.Spans()) != 3 {
		t.Fatalf("%d spans", len(s.memory.Spans()))
	}
	for _, one := range s.memory.Spans() {
		record, err := span.V1.AppendItem(nil, one, true)
		if err != nil || !json.Valid(record) || !utf8.Valid(record) || len(record) > most+most/8 || one.Size() > most {
			t.Errorf("%.20s: size %d, %d bytes, %v", one.Name, one.Size(), len(record), err)
		}
		if n := strings.Count(string(record), "truncated"); n == 0 {
			t.Errorf("%.20s does not say that it was cut: %.300s", one.Name, record)
		}
	}
}

// TestBytesInFlightAreBounded: the queues before stuck exporters hold no more than MaxBytes each.
func TestBytesInFlightAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		stuck := &exporter{export: func(_ context.Context, _ *span.Span) error { <-block; return nil }}
		s := observe(t, func(i *observability.Instance) {
			i.Exporters, i.MaxBytes = []observability.Exporter{stuck}, 2<<20
		})
		text := strings.Repeat("x", 100<<10)
		for range 200 {
			_, one := s.tracer.Start(t.Context(), "one", nil, observability.WithInput(text))
			one.End()
			synctest.Wait()
		}
		stats := s.Stats().Instances[0]
		if held := stats.Exporters[0].Spans.Bytes; held > 2<<20 || held < 1<<20 {
			t.Errorf("it holds %d bytes", held)
		}
		if l := stats.Exporters[0].Spans.Ledger; l.Dropped == 0 || l.Balance() != 0 {
			t.Errorf("%+v", l)
		}
		close(block)
	})
}
