package span

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/captured"
)

func TestIDs(t *testing.T) {
	for _, tt := range []struct {
		in, trace, span string // what they become; "" when that is no W3C id
		valid           string // of which kind it is one as it stands
	}{
		{"25f7706a3609ac116109660a88baa0aa", "25f7706a3609ac116109660a88baa0aa", "", "trace"},
		{"8d5a39c242abc9d8", "00000000000000008d5a39c242abc9d8", "8d5a39c242abc9d8", "span"},
		{"ABC", strings.Repeat("0", 29) + "abc", strings.Repeat("0", 13) + "abc", ""},
		{"8D5A39C242ABC9D8", "00000000000000008d5a39c242abc9d8", "8d5a39c242abc9d8", ""},
		{strings.Repeat("0", 16), "", "", ""},
		{string(NoOpTraceID), "", "", ""},
		{string(NoOpID), "", "", ""},
		{"", "", "", ""},
		{strings.Repeat("a", 33), "", "", ""},
		{"é", "", "", ""},
	} {
		trace, traceOK := TraceID(tt.in).W3C()
		id, idOK := ID(tt.in).W3C()
		if string(trace) != tt.trace || traceOK != (tt.trace != "") || string(id) != tt.span || idOK != (tt.span != "") {
			t.Errorf("%q: %q %v, %q %v", tt.in, trace, traceOK, id, idOK)
		}
		if TraceID(tt.in).Valid() != (tt.valid == "trace") || ID(tt.in).Valid() != (tt.valid == "span") {
			t.Errorf("%q: valid as trace %v, as span %v", tt.in, TraceID(tt.in).Valid(), ID(tt.in).Valid())
		}
		b16, ok16 := TraceID(tt.in).Bytes()
		b8, ok8 := ID(tt.in).Bytes()
		if ok16 != traceOK || ok8 != idOK || ok16 && fmt.Sprintf("%x", b16) != tt.trace || ok8 && fmt.Sprintf("%x", b8) != tt.span {
			t.Errorf("%q: bytes %x %x", tt.in, b16, b8)
		}
	}
	if a, b := NewTraceID(), NewTraceID(); !a.Valid() || a == b {
		t.Errorf("new trace ids %s, %s", a, b)
	}
	if a, b := NewID(), NewID(); !a.Valid() || a == b {
		t.Errorf("new ids %s, %s", a, b)
	}
}

func TestSizeIsFixedByFreeze(t *testing.T) {
	s := &Span{TraceID: "t", ID: "s", Input: `{"a":1}`, Tags: []string{"x"}, Error: &Error{Message: "m"}, Extra: []Field{{"k", "1"}}}
	before := s.Size()
	s.Input += " "
	if s.Frozen() || s.Size() != before+1 {
		t.Errorf("not frozen: size %d after %d", s.Size(), before)
	}
	s.Freeze() // takes the space out
	if !s.Frozen() || s.Size() != before || s.Input != `{"a":1}` {
		t.Errorf("frozen: size %d, want %d; input %q", s.Size(), before, s.Input)
	}
	s.Output = Value(`"` + strings.Repeat("x", 1000) + `"`)
	if s.Size() != before {
		t.Error("the size of a frozen span moved")
	}
	if s.Freeze(); s.Size() != before+1002 {
		t.Errorf("frozen again: size %d, want %d", s.Size(), before+1002)
	}
}

func TestSizeIsNearTheWire(t *testing.T) {
	for name, format := range captures {
		for _, s := range decodeAll(t, captured.Body(name)) {
			wire, err := format.AppendItem(nil, s, true)
			if err != nil {
				t.Fatal(err)
			}
			if n := s.Size(); n < len(wire) || n > 2*len(wire)+512 {
				t.Errorf("%s: size %d, wire %d", s.Name, n, len(wire))
			}
		}
	}
}

func TestClone(t *testing.T) {
	s := &Span{TraceID: "t", ID: "s", Tags: []string{"a"}, Error: &Error{Message: "m", Extra: []Field{{"x", "1"}}}, Extra: []Field{{"k", "1"}}}
	s.Freeze()
	want, _ := V1.AppendItem(nil, s, true)
	c := s.Clone()
	c.Name, c.Tags[0], c.Error.Message, c.Error.Extra[0].Value, c.Extra[0].Value = "n", "b", "n", "2", "2"
	if got, _ := V1.AppendItem(nil, s, true); !bytes.Equal(got, want) {
		t.Errorf("changing the clone changed the span: %s", got)
	}
	if c.Size() != s.Size() {
		t.Error("a clone of a frozen span is frozen")
	}
}

func TestDuration(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		s    Span
		want time.Duration
	}{
		{Span{Start: start, End: start.Add(time.Second)}, time.Second},
		{Span{Start: start, End: start.Add(-time.Second)}, 0},
		{Span{Start: start}, 0},
		{Span{End: start}, 0},
		{Span{Start: start, End: start.Add(time.Second), Event: true}, 0},
	} {
		if got := tt.s.Duration(); got != tt.want {
			t.Errorf("%v to %v: %v, want %v", tt.s.Start, tt.s.End, got, tt.want)
		}
	}
}

func TestEncodingAllocatesNothing(t *testing.T) {
	spans := decodeAll(t, captured.Body("mastra-cloud-1.x.json"))
	made := &Span{TraceID: NewTraceID(), ID: NewID(), Name: "tool: 'weather' \n é", Start: time.Now(), End: time.Now(), Input: Of(map[string]any{"city": "Paris"})}
	made.SetAttributes(ToolCall{ToolID: "weather", Success: new(true)})
	unfrozen := made.Clone()
	made.Freeze()
	spans = append(spans, made, unfrozen)
	for _, format := range []Format{V0, V1, NDJSON} {
		buf := make([]byte, 0, 1<<20)
		allocs := testing.AllocsPerRun(50, func() {
			buf = format.AppendOpen(buf[:0])
			for i, s := range spans {
				var err error
				if buf, err = format.AppendItem(buf, s, i == 0); err != nil {
					t.Fatal(err)
				}
			}
			buf = format.AppendClose(buf)
		})
		if allocs != 0 {
			t.Errorf("%v: %v allocations for %d spans", format, allocs, len(spans))
		}
	}
}

func TestTypedAttributesAllocateNothing(t *testing.T) {
	var a Attributes = ModelGeneration{
		Model: "m", Provider: "p", Usage: &Usage{InputTokens: new(1), InputDetails: &InputDetails{CacheRead: new(2)}},
		Parameters: &ModelParameters{Temperature: new(0.5), StopSequences: []string{"END"}}, Tools: []ToolDefinition{{Name: "t"}},
	}
	buf := make([]byte, 0, 4096)
	if allocs := testing.AllocsPerRun(50, func() { buf = a.AppendJSON(buf[:0]) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// codec is what package stages asks of a format.
type codec[T any] interface {
	ContentType() string
	AppendOpen(buf []byte) []byte
	AppendItem(buf []byte, item T, first bool) ([]byte, error)
	AppendClose(buf []byte) []byte
}

func TestFormatsAreCodecs(t *testing.T) {
	for c, want := range map[codec[*Span]]string{V0: "application/json {\"spans\":[]}", V1: "application/json {\"spans\":[]}", NDJSON: "application/x-ndjson "} {
		if got := c.ContentType() + " " + string(c.AppendClose(c.AppendOpen(nil))); got != want {
			t.Errorf("%v: %s, want %s", c, got, want)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, bench := range []struct {
		capture string
		format  Format
		frozen  bool
	}{
		{"mastra-cloud-0.x.json", V0, true},
		{"mastra-cloud-1.x.json", V1, true},
		{"mastra-cloud-1.x.json", V1, false},
	} {
		b.Run(fmt.Sprintf("format=%v/frozen=%v", bench.format, bench.frozen), func(b *testing.B) {
			spans := decodeAll(b, captured.Body(bench.capture))
			for i := range spans {
				if !bench.frozen {
					spans[i].seal = seal{}
				}
			}
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				buf = buf[:0]
				for i, s := range spans {
					buf, _ = bench.format.AppendItem(buf, s, i == 0)
				}
			}
			b.SetBytes(int64(len(buf)))
			b.ReportMetric(float64(len(spans))*float64(b.N)/b.Elapsed().Seconds(), "spans/s")
		})
	}
}

func BenchmarkDecodeBody(b *testing.B) {
	for _, name := range []string{"mastra-cloud-0.x.json", "mastra-cloud-1.x.json"} {
		b.Run("body="+name, func(b *testing.B) {
			body := captured.Body(name)
			spans, _, _ := DecodeBody(body)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				spans, _, _ = DecodeBody(body)
			}
			b.ReportMetric(float64(len(spans))*float64(b.N)/b.Elapsed().Seconds(), "spans/s")
		})
	}
}

func BenchmarkFreeze(b *testing.B) {
	spans := decodeAll(b, captured.Body("mastra-cloud-1.x.json"))
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range spans {
			s.Freeze()
		}
	}
	b.ReportMetric(float64(len(spans))*float64(b.N)/b.Elapsed().Seconds(), "spans/s")
}
