package observability_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
)

// large is a text of n bytes in quotes, of which only the first 8 MiB are there: the rest has no memory, as nobody should
// look at it.
func large(n int) string {
	b := make([]byte, n)
	copy(b, strings.Repeat("x", min(n, 8<<20)))
	b[0], b[n-1] = '"', '"'
	return unsafe.String(&b[0], n)
}

// Values that hand out text which is there already.
type (
	ownJSON  struct{ text *string }
	ownText  struct{ text *string }
	ownError struct{ text *string }
)

func (o ownJSON) MarshalJSON() ([]byte, error) {
	return unsafe.Slice(unsafe.StringData(*o.text), len(*o.text)), nil
}
func (o ownText) MarshalText() ([]byte, error) { return ownJSON(o).MarshalJSON() }
func (o ownError) Error() string               { return *o.text }

// allocated is how many bytes the process has ever asked for.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// A tracer cuts what is too large where it meets it first: whatever that is, it costs no more than twice what a span may
// have, and the span says that it was cut.
func TestWhatATracerIsGivenMayBeOfAnySize(t *testing.T) {
	const limit = 1 << 20 // Limits.MaxSpanBytes, when it is 0
	for _, size := range []int{10 << 20, gibibyte} {
		text := large(size)
		for name, say := range map[string]func(s *observability.Span){
			"a text":              func(s *observability.Span) { s.SetInput(text) },
			"bytes":               func(s *observability.Span) { s.SetInput(unsafe.Slice(unsafe.StringData(text), len(text))) },
			"JSON":                func(s *observability.Span) { s.SetOutput(span.Value(text)) },
			"JSON inside":         func(s *observability.Span) { s.SetOutput([]any{1, span.Value(text)}) },
			"a json.Marshaler":    func(s *observability.Span) { s.SetOutput(ownJSON{&text}) },
			"a TextMarshaler":     func(s *observability.Span) { s.SetOutput([]ownText{{&text}}) },
			"an error":            func(s *observability.Span) { s.Error(ownError{&text}) },
			"metadata":            func(s *observability.Span) { s.SetMetadata("a", text) },
			"a key of metadata":   func(s *observability.Span) { s.SetMetadata(text, 1) },
			"the payload":         func(s *observability.Span) { s.Event("event", nil, text) },
			"the name of another": func(s *observability.Span) { s.Event(text, nil, 1) },
		} {
			t.Run(name, func(t *testing.T) {
				s := observe(t, nil)
				_, one := s.tracer.Start(t.Context(), "one", nil)
				before := allocated()
				say(one)
				one.End()
				all, err := s.memory.WaitFor(t.Context(), 1)
				if cost := allocated() - before; cost > 2*limit {
					t.Errorf("%d bytes were allocated for one of %d, want at most %d", cost, size, 2*limit)
				}
				if err != nil || all[0].Size() > limit {
					t.Errorf("a span of %d bytes: %v", all[0].Size(), err)
				}
				record, err := span.V1.AppendItem(nil, all[0], true)
				if err != nil || !strings.Contains(string(record), "…[truncated]") {
					t.Errorf("%.300s: %v", record, err)
				}
			})
		}
		runtime.KeepAlive(text)
	}
	faults.Happened(t, "input.attribute-1GiB", "cut and marked, in 11 places that take 10 MiB and 1 GiB each; at most 2 MiB allocated for a span that may have 1 MiB")
	faults.Happened(t, "input.marshaler-huge", "cut and marked; at most 2 MiB allocated for a span that may have 1 MiB")
}

// Attributes of a type are written before anybody can cut them, so no text in them is longer than 4 MiB.
func TestTypedAttributesMayBeOfAnySize(t *testing.T) {
	text := large(gibibyte)
	for name, a := range map[string]span.Attributes{
		"a text":  span.AgentRun{Instructions: text},
		"a list":  span.AgentRun{AvailableTools: []string{text}},
		"updated": nil,
	} {
		t.Run(name, func(t *testing.T) {
			s := observe(t, nil)
			before := allocated()
			_, one := s.tracer.Start(t.Context(), "one", a)
			if a == nil {
				one.Update(span.AgentRun{Prompt: text})
			}
			one.End()
			all, err := s.memory.WaitFor(t.Context(), 1)
			if cost := allocated() - before; cost > 48<<20 {
				t.Errorf("%d bytes were allocated", cost)
			}
			if err != nil || !strings.Contains(string(all[0].Attributes), "…[truncated]") || len(all[0].Attributes) > 200<<10 {
				t.Errorf("attributes of %d bytes: %v", len(all[0].Attributes), err)
			}
		})
	}
	faults.Happened(t, "input.attribute-typed", "cut and marked at 4 MiB, and then as the limits of the instance say; at most 48 MiB allocated")
}

// An exporter takes a span as it is or not at all, and finds out what it is without a copy.
func TestExportMayBeGivenAnySize(t *testing.T) {
	const limit = 3584 << 10 // MaxSpanBytes, when it is 0
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, observability.CloudExporterConfig{})
		for _, size := range []int{10 << 20, gibibyte} {
			text := large(size)
			frozen := &span.Span{TraceID: "t", ID: "s", Name: text}
			frozen.Freeze()
			for name, s := range map[string]*span.Span{
				"input":  {TraceID: "t", ID: "s", Input: span.Value(text)},
				"extra":  {TraceID: "t", ID: "s", Extra: []span.Field{{Key: "k", Value: span.Value(text)}}},
				"error":  {TraceID: "t", ID: "s", Error: &span.Error{Stack: text}},
				"frozen": frozen,
			} {
				before := allocated()
				err := r.Export(t.Context(), s)
				if cost := allocated() - before; cost > 2*limit {
					t.Errorf("%s of %d bytes: %d bytes were allocated, want at most %d", name, size, cost, 2*limit)
				}
				if !errors.Is(err, pipeline.ErrTooLarge) {
					t.Errorf("%s of %d bytes: %v", name, size, err)
				}
			}
		}
		r.export(numbered(0))
		r.stop()
		r.account(pipeline.Ledger{Accepted: 1, Delivered: 1, Refused: 8})
	})
	faults.Happened(t, "input.span-10MiB", "8 spans of 10 MiB and 1 GiB refused with ErrTooLarge, and counted; at most 7 MiB allocated for a limit of 3.5 MiB; those beside them delivered")
}
