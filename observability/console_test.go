package observability_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

// told is a trace whose times are given, the last span first.
func told() []*span.Span {
	from := time.Date(2026, 11, 22, 16, 8, 8, 0, time.UTC)
	at := func(s *span.Span, start, took time.Duration) *span.Span {
		s.TraceID, s.Start, s.End = "25f7706a3609ac116109660a88baa0aa", from.Add(start), from.Add(start+took)
		return s
	}
	chunk := at(&span.Span{ID: "04", ParentID: "02", Name: "chunk", Type: span.TypeModelChunk, Event: true}, 20*time.Millisecond, 0)
	chunk.End = time.Time{}
	return []*span.Span{
		chunk,
		at(&span.Span{ID: "02", ParentID: "01", Name: "llm: 'gpt-4o-mini'", Type: span.TypeModelGeneration,
			Attributes: `{"usage":{"inputTokens":1200,"outputTokens":340}}`}, 10*time.Millisecond, 802*time.Millisecond),
		at(&span.Span{ID: "03", ParentID: "01", Name: "tool: 'weather'", Type: span.TypeToolCall, Error: &span.Error{Message: "no such city"}},
			820*time.Millisecond, 4*time.Millisecond),
		at(&span.Span{ID: "01", Name: "support", Type: span.TypeAgentRun, Root: true, Tags: []string{"beta"},
			Metadata: `{"serviceName":"mastra"}`}, 0, 1240*time.Millisecond),
	}
}

func TestConsoleWritesATraceOnce(t *testing.T) {
	var out strings.Builder
	c := observability.NewConsole(observability.ConsoleConfig{Writer: &out})
	for i, s := range told() {
		if err := c.Export(t.Context(), s); err != nil || (out.Len() > 0) != (i == 3) {
			t.Fatalf("after span %d: %v, %q", i, err, out.String())
		}
	}
	before := out.Len()
	if err := errors.Join(c.Flush(t.Context()), c.Shutdown(t.Context())); err != nil || out.Len() != before {
		t.Errorf("the end writes %q, %v", out.String()[before:], err)
	}
	if err := c.Export(t.Context(), told()[0]); !errors.Is(err, observability.ErrClosed) {
		t.Errorf("after Shutdown: %v", err)
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("colours, and not on a terminal")
	}
}

func TestConsoleColors(t *testing.T) {
	write := func(cfg observability.ConsoleConfig) string {
		var out strings.Builder
		if cfg.Writer == nil {
			cfg.Writer = &out
		}
		c := observability.NewConsole(cfg)
		for _, s := range told() {
			if err := c.Export(t.Context(), s); err != nil {
				t.Error(err)
			}
		}
		return out.String()
	}
	if got := write(observability.ConsoleConfig{Color: observability.ColorAlways}); strings.Count(got, "\x1b[31m") != 3 {
		t.Errorf("want three things in red: %q", got)
	}
	t.Setenv("NO_COLOR", "1")
	if got := write(observability.ConsoleConfig{}); strings.Contains(got, "\x1b") {
		t.Error("colours in spite of NO_COLOR")
	}
	t.Setenv("NO_COLOR", "")
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	write(observability.ConsoleConfig{Writer: file})
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(file.Name()); err != nil || len(text) == 0 || strings.Contains(string(text), "\x1b") {
		t.Errorf("colours in a file, or nothing: %q, %v", text, err)
	}
}

func TestConsoleShowsWhatHasNoRoot(t *testing.T) {
	var out strings.Builder
	c := observability.NewConsole(observability.ConsoleConfig{Writer: &out, MaxSpans: 2})
	spans := told()
	circle := []*span.Span{{TraceID: "b1", ID: "01", ParentID: "02", Name: "round"}, {TraceID: "b1", ID: "02", ParentID: "01", Name: "and round"}}
	for _, s := range append(circle, spans[0]) {
		if err := c.Export(t.Context(), s); err != nil {
			t.Error(err)
		}
	}
	if got := out.String(); !strings.Contains(got, "trace b1  0s  2 spans, the first one is still missing") && !strings.Contains(got, "round") {
		t.Errorf("more than MaxSpans wait, and it wrote %q", got)
	}
	if err := c.Flush(t.Context()); err != nil || !strings.Contains(out.String(), "chunk") {
		t.Errorf("Flush wrote %q, %v", out.String(), err)
	}
	if !strings.Contains(out.String(), "and round") {
		t.Error("spans in a circle are missing")
	}
}

func TestConsoleIsNotSteeredByWhatOthersWrote(t *testing.T) {
	var out strings.Builder
	c := observability.NewConsole(observability.ConsoleConfig{Writer: &out})
	_ = c.Export(t.Context(), &span.Span{TraceID: "a\x1b[2J", ID: "01", Name: "x\x1b]0;title\a\n\u202eevil\xff", Type: "t\r", Tags: []string{"\x9b1m"},
		Error: &span.Error{Message: "e\x1b[1m"}, Metadata: `{"serviceName":"s\u001b"}`})
	if got := out.String(); strings.ContainsAny(got, "\x1b\a\r\u202e") || strings.IndexByte(got, 0x9b) >= 0 || strings.Count(got, "\n") != 2 {
		t.Errorf("%q", got)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestConsoleReturnsTheErrorOfItsWriter(t *testing.T) {
	c := observability.NewConsole(observability.ConsoleConfig{Writer: brokenPipe{}})
	if err := c.Export(t.Context(), told()[3]); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}
