package observability_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/span"
)

const (
	aTrace  = "0af7651916cd43dd8448eb211c80319c"
	aParent = "b7ad6b7169203331"
)

func TestParseTraceparent(t *testing.T) {
	for header, want := range map[string]string{
		"00-" + aTrace + "-" + aParent + "-01":       "sampled",
		"00-" + aTrace + "-" + aParent + "-00":       "not",
		"00-" + aTrace + "-" + aParent + "-03":       "sampled", // another flag is set too
		"cc-" + aTrace + "-" + aParent + "-01-later": "sampled", // a version to come
		"cc-" + aTrace + "-" + aParent + "-01":       "sampled",

		"": "", "00": "",
		"00-" + aTrace + "-" + aParent + "-01-more":                  "",
		"cc-" + aTrace + "-" + aParent + "-01.more":                  "",
		"ff-" + aTrace + "-" + aParent + "-01":                       "",
		"0G-" + aTrace + "-" + aParent + "-01":                       "",
		"00-" + strings.ToUpper(aTrace) + "-" + aParent + "-01":      "",
		"00-" + strings.Repeat("0", 32) + "-" + aParent + "-01":      "",
		"00-" + aTrace + "-" + strings.Repeat("0", 16) + "-01":       "",
		"00-" + aTrace + "-" + aParent + "-0x":                       "",
		"00-" + aTrace + "_" + aParent + "-01":                       "",
		" 00-" + aTrace + "-" + aParent + "-01":                      "",
		"00-" + aTrace[:31] + "-" + aParent + "-01-" + aTrace + "--": "",
	} {
		got, err := observability.ParseTraceparent(header)
		switch {
		case want == "" && (!errors.Is(err, observability.ErrTraceparent) || got != observability.Traceparent{}):
			t.Errorf("%q gives %+v, %v", header, got, err)
		case want != "" && (err != nil || got.TraceID != aTrace || got.ParentID != aParent || got.Sampled != (want == "sampled")):
			t.Errorf("%q gives %+v, %v", header, got, err)
		}
	}
}

func FuzzTraceparent(f *testing.F) {
	f.Add("00-"+aTrace+"-"+aParent+"-01", "congo=t61rcWkgMzE,tailrace="+aParent)
	f.Add("cc-"+aTrace+"-"+aParent+"-00-x", " , ==,a=\x00")
	f.Fuzz(func(t *testing.T, parent, state string) {
		parsed, err := observability.ParseTraceparent(parent)
		if err == nil {
			again, err := observability.ParseTraceparent(parsed.String())
			if err != nil || again != parsed || !parsed.TraceID.Valid() || !parsed.ParentID.Valid() {
				t.Fatalf("%q is %+v, and that %+v, %v", parent, parsed, again, err)
			}
		}
		in := http.Header{"Traceparent": {parent}, "Tracestate": {state}}
		out := http.Header{}
		observability.Inject(observability.Extract(t.Context(), in), out)
		if sent := out.Get("Traceparent"); (err == nil) != (sent != "") || err == nil && sent != parsed.String() {
			t.Fatalf("%q went on as %q", parent, sent)
		}
		if sent := out.Get("Tracestate"); len(sent) > 512 || strings.ContainsAny(sent, "\r\n\x00") {
			t.Fatalf("%q went on as %q", state, sent)
		}
	})
}

// TestTracesJoinAcrossProcesses: by way of HTTP headers, with other tracing systems in between or not.
func TestTracesJoinAcrossProcesses(t *testing.T) {
	s := observe(t, nil)
	ctx, caller := s.tracer.Start(t.Context(), "caller", span.ToolCall{})
	h := http.Header{"Tracestate": {"left=over"}}
	observability.Inject(ctx, h)
	if got := h.Get("Traceparent"); got != caller.Traceparent() || got != "00-"+string(caller.TraceID())+"-"+string(caller.ID())+"-01" {
		t.Errorf("traceparent is %s", got)
	}
	if got := h.Get("Tracestate"); got != "tailrace="+string(caller.ID()) {
		t.Errorf("tracestate is %s", got)
	}

	ours, called := s.tracer.Start(observability.Extract(t.Context(), h), "called", span.AgentRun{})
	called.End()

	// Somebody between us starts a span of their own: the parent is theirs, and our member of tracestate is outdated.
	h.Set("Traceparent", "00-"+string(caller.TraceID())+"-"+aParent+"-01")
	h.Set("Tracestate", "congo=t61rcWkgMzE, "+h.Get("Tracestate")+" ,rojo=00f067aa0ba902b7")
	_, inside := s.tracer.Start(observability.Extract(ours, h), "in ctx already", nil)
	inside.End()
	theirs, external := s.tracer.Start(observability.Extract(t.Context(), h), "below theirs", nil)
	out := http.Header{}
	observability.Inject(theirs, out)
	external.End()
	caller.End()

	all := s.spans()
	root := all["caller"]
	for _, one := range all {
		if one.TraceID != root.TraceID {
			t.Errorf("%s is in trace %s", one.Name, one.TraceID)
		}
	}
	if got := all["called"]; got.ParentID != root.ID || got.Root || got.ExternalParentID != "" {
		t.Errorf("called: %+v", got)
	}
	if got := all["in ctx already"]; got.ParentID != all["called"].ID {
		t.Errorf("in ctx already: %+v", got)
	}
	if got := all["below theirs"]; got.ParentID != "" || !got.Root || got.ExternalParentID != aParent {
		t.Errorf("below theirs: %+v", got)
	}
	if got, want := out.Get("Tracestate"), "tailrace="+string(all["below theirs"].ID)+",congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"; got != want {
		t.Errorf("tracestate goes on as %s, want %s", got, want)
	}
}

func TestAnUnsampledTraceSaysSo(t *testing.T) {
	s := observe(t, func(i *observability.Instance) { i.Sampling = observability.SampleNever() })
	ctx, one := s.tracer.Start(t.Context(), "one", nil)
	h := http.Header{}
	observability.Inject(ctx, h)
	got, err := observability.ParseTraceparent(h.Get("Traceparent"))
	if err != nil || got.Sampled || got.TraceID != one.TraceID() || got.ParentID != one.ID() || h.Get("Tracestate") != "" {
		t.Errorf("got %+v, %v, headers %v", got, err, h)
	}
	next, below := s.tracer.Start(observability.Extract(t.Context(), h), "below", nil)
	if below.Recording() || below.TraceID() != one.TraceID() || observability.FromContext(next) != nil {
		t.Error("the trace is recorded in the next process")
	}
	for _, headers := range []http.Header{{}, {"Traceparent": {"x"}}, {"Traceparent": h.Values("Traceparent"), "X": nil}} {
		headers["Traceparent"] = append(headers["Traceparent"], "00-"+aTrace+"-"+aParent+"-01")
		if len(headers["Traceparent"]) == 1 {
			continue
		}
		if ctx := observability.Extract(t.Context(), headers); ctx != t.Context() {
			t.Errorf("%v is taken", headers)
		}
	}
	empty := http.Header{}
	observability.Inject(t.Context(), empty)
	if len(empty) != 0 {
		t.Errorf("without a span: %v", empty)
	}
}
