package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// evil are texts that a page must show and not obey.
const evil = `</pre><script>alert(1)</script><img src=x onerror=alert(1)>"'` + "`${1}"

// richTrace stores a trace that uses every field.
func richTrace(r *rig) []*span.Span {
	start := noon.Add(-time.Minute).Add(123 * time.Millisecond)
	spans := []*span.Span{
		{
			TraceID: id1, ID: "00000000000000a1", ExternalParentID: "00000000000000ff", Name: evil, Type: span.TypeAgentRun, Root: true, Start: start, End: start.Add(3 * time.Second),
			EntityType: span.EntityAgent, EntityID: "agent-1", EntityName: "Agent " + evil, Tags: []string{"t1", evil},
			Metadata: `{"userId":"u1","threadId":"th","__proto__":{"x":1},"big":12345678901234567890}`, RequestContext: `{"tenant":"x"}`,
			Input: span.Text(evil), Output: `{"text":"done","n":1e400}`, CreatedAt: start.Add(4 * time.Second),
		},
		{
			TraceID: id1, ID: "00000000000000a2", ParentID: "00000000000000a1", Name: "ask", Type: span.TypeModelGeneration, Start: start.Add(time.Second), End: start.Add(2 * time.Second),
			Attributes: `{"model":"m1","provider":"openai","usage":{"inputTokens":10,"outputTokens":4},"finishReason":"stop","parameters":{"temperature":0.5}}`,
			Input:      `{"messages":[{"role":"user","content":"hello"}]}`, Output: `{"text":"good day"}`,
		},
		{
			TraceID: id1, ID: "00000000000000a3", ParentID: "00000000000000a1", Name: "look up", Type: span.TypeToolCall, Start: start.Add(2 * time.Second), End: start.Add(2500 * time.Millisecond),
			EntityType: span.EntityTool, EntityID: "lookup", Attributes: `{"toolId":"lookup","success":false}`, Input: `{"q":[1,2,{"a":null}]}`,
			Error: &span.Error{Message: "no", Name: "TypeError", ID: "TOOL_FAILED", Domain: "TOOL", Category: "USER", Stack: "at x", Details: `{"k":1}`, Extra: []span.Field{{Key: "code", Value: "5"}}},
			Extra: []span.Field{
				{Key: "kind", Value: `"producer"`}, {Key: "resource", Value: `{"service.name":"shop","service.version":"1"}`}, {Key: "scope", Value: `{"name":"lib","version":"2"}`},
				{Key: "events", Value: `[{"time":"2026-11-22T11:59:02.5Z","name":"retry","attributes":{"n":2}}]`}, {Key: "links", Value: `[{"traceId":"` + id2 + `","spanId":"00000000000000b1"}]`},
				{Key: "traceState", Value: `"a=b"`}, {Key: "custom", Value: `{"x":[]}`},
			},
		},
		{TraceID: id1, ID: "00000000000000a4", ParentID: "00000000000000a2", Name: "chunk", Type: span.TypeModelChunk, Event: true, Start: start.Add(1500 * time.Millisecond), Output: `"x"`},
		{TraceID: id1, ID: "00000000000000a5", ParentID: "00000000000000a1", Name: "waits", Type: span.TypeWorkflowSleep, Start: start.Add(2 * time.Second)},
	}
	for _, s := range spans {
		r.append("a", &store.Batch{Spans: []store.Item{{Span: s, Service: "shop"}}})
	}
	return spans
}

// What is downloaded as JSON can be sent again, and is then the same trace.
func TestAnExportCanBeSentAgain(t *testing.T) {
	overBoth(t, func(r *rig) {
		sent := richTrace(r)
		w := r.get("read", traceA+"/"+id1+"/export")
		if w.Code != http.StatusOK || w.Header().Get("Content-Disposition") != `attachment; filename="trace-`+id1+`.json"` || w.Header().Get("Cache-Control") != "no-store" {
			r.t.Fatalf("%d %v", w.Code, w.Header())
		}
		spans, bad, err := span.DecodeBody(w.Body.Bytes())
		if err != nil || len(bad) != 0 || len(spans) != len(sent) {
			r.t.Fatalf("%d spans, %v, %v", len(spans), bad, err)
		}
		for i, s := range spans {
			if got, want := recordText(r.t, s), recordText(r.t, sent[i]); got != want {
				r.t.Errorf("got  %s\nwant %s", got, want)
			}
			r.append("b", &store.Batch{Spans: []store.Item{{Span: s, Service: "shop"}}})
		}
		ours, theirs := want[skeleton](r, traceA+"/"+id1), wantBy[skeleton](r, "other", "/api/projects/b/traces/"+id1)
		if !reflect.DeepEqual(ours, theirs) {
			r.t.Errorf("sent again it is\n%+v\nnot\n%+v", theirs, ours)
		}
	})
}

func recordText(t testing.TB, s *span.Span) string {
	t.Helper()
	text, err := span.V1.AppendItem(nil, s, true)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var hexID = regexp.MustCompile(`"(traceId|spanId|parentSpanId)":"([0-9a-f]+)"`)

// The official types read the export, once its ids are in the base64 that protojson wants.
func TestOTLPIsWhatTheOfficialTypesRead(t *testing.T) {
	overBoth(t, func(r *rig) {
		richTrace(r)
		w := r.get("read", traceA+"/"+id1+"/export?format=otlp")
		text := hexID.ReplaceAllFunc(w.Body.Bytes(), func(m []byte) []byte {
			part := hexID.FindSubmatch(m)
			return fmt.Appendf(nil, "%q:%q", part[1], unhex(r.t, string(part[2])))
		})
		var data collector.TracesData
		if err := protojson.Unmarshal(text, &data); err != nil {
			r.t.Fatalf("%v\n%s", err, w.Body)
		}
		spans, groups := map[string]*collector.Span{}, 0
		for _, resource := range data.ResourceSpans {
			groups++
			if a := resource.Resource.Attributes; a[0].Key != "service.name" || a[0].Value.GetStringValue() != "shop" {
				r.t.Errorf("resource %v", resource.Resource)
			}
			for _, scope := range resource.ScopeSpans {
				for _, s := range scope.Spans {
					spans[s.Name] = s
				}
			}
		}
		if len(spans) != 5 || groups != 3 { // the tool has a resource of its own
			r.t.Fatalf("%d spans in %d groups", len(spans), groups)
		}
		tool, ask := spans["look up"], spans["ask"]
		if tool.Status.Code != collector.Status_STATUS_CODE_ERROR || tool.Kind != collector.Span_SPAN_KIND_PRODUCER || tool.TraceState != "a=b" ||
			len(tool.Events) != 2 || tool.Events[0].Name != "retry" || tool.Events[0].Attributes[0].Value.GetIntValue() != 2 || tool.Events[1].Name != "exception" || len(tool.Links) != 1 {
			r.t.Errorf("tool %v", tool)
		}
		if ask.Kind != collector.Span_SPAN_KIND_CLIENT || ask.EndTimeUnixNano-ask.StartTimeUnixNano != 1e9 || len(ask.TraceId) != 16 || len(ask.ParentSpanId) != 8 {
			r.t.Errorf("model %v", ask)
		}
		attrs := map[string]string{}
		for _, a := range ask.Attributes {
			attrs[a.Key] = a.Value.String()
		}
		for key, want := range map[string]string{"gen_ai.request.model": "m1", "gen_ai.usage.input_tokens": "10", "gen_ai.input.messages": "hello", "mastra.span.type": "model_generation"} {
			if !strings.Contains(attrs[key], want) {
				r.t.Errorf("%s is %q, want %s", key, attrs[key], want)
			}
		}
		if chunk := spans["chunk"]; chunk.EndTimeUnixNano != chunk.StartTimeUnixNano || spans["waits"].EndTimeUnixNano != 0 {
			r.t.Errorf("event %v, running %v", chunk, spans["waits"])
		}
	})
}

func unhex(t testing.TB, text string) string {
	t.Helper()
	var raw []byte
	if _, err := fmt.Sscanf(text, "%x", &raw); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Trim(string(encoded), `"`)
}

// The page shows hostile texts as texts, has no script, and its policy would let none run.
func TestThePageIsInertAndWhole(t *testing.T) {
	overBoth(t, func(r *rig) {
		richTrace(r)
		w := r.get("read", traceA+"/"+id1+"/export?format=html")
		page := w.Body.String()
		if w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment;") {
			r.t.Errorf("headers %v", w.Header())
		}
		for _, never := range []string{"<script", "<img", "onerror=alert(1)>\"", "javascript:", " style=", "http://", "https://", "<link", "<iframe", "ZgotmplZ"} {
			if strings.Contains(page, never) {
				r.t.Errorf("%q is in the page", never)
			}
		}
		for _, has := range []string{
			`<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-`, "&lt;/pre&gt;&lt;script&gt;", "good day", "at x", "12345678901234567890",
			`<a href="#00000000000000a3">look up</a>`, `<div class="body" id="00000000000000a3">`, "running", "</body></html>\n",
		} {
			if !strings.Contains(page, has) {
				r.t.Errorf("%q is not in the page", has)
			}
		}
		if strings.Count(page, "<details") != 5 || strings.Count(page, "<rect") != 5 {
			r.t.Errorf("%d spans, %d bars", strings.Count(page, "<details"), strings.Count(page, "<rect"))
		}
	})
}

// torn is a store whose spans end with an error.
type torn struct {
	store.Store
	after int
}

func (s *torn) Spans(ctx context.Context, project string, trace span.TraceID) iter.Seq2[*store.FullSpan, error] {
	return func(yield func(*store.FullSpan, error) bool) {
		n := 0
		for full, err := range s.Store.Spans(ctx, project, trace) {
			if n == s.after {
				yield(nil, fmt.Errorf("the disk is gone"))
				return
			}
			if n++; !yield(full, err) {
				return
			}
		}
	}
}

// Half a file must not look like a whole one.
func TestAnExportThatFailsIsCutOff(t *testing.T) {
	for _, format := range []string{"json", "otlp", "html"} {
		for _, after := range []int{0, 3} {
			r := newRig(t, func(c *Config) { c.Store = &torn{c.Store, after} })
			richTrace(r)
			server := httptest.NewServer(r.router)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+traceA+"/"+id1+"/export?format="+format, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+r.tokens["read"])
			reply, err := server.Client().Do(req)
			var body bytes.Buffer
			if err == nil {
				_, err = body.ReadFrom(reply.Body)
				_ = reply.Body.Close()
			}
			switch {
			case after == 0 && (err != nil || reply.StatusCode != http.StatusInternalServerError || strings.Contains(body.String(), "disk")):
				t.Errorf("%s, nothing written yet: %v, %s", format, err, body.String())
			case after > 0 && err == nil:
				t.Errorf("%s: half of the file came without an error: %d %.200s", format, reply.StatusCode, body.String())
			}
			server.Close()
		}
	}
}
