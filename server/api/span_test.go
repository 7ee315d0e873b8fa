package api

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// Whatever an exporter sent can be asked for, byte for byte where it is a value.
func TestNothingThatWasSentIsLost(t *testing.T) {
	overBoth(t, func(r *rig) {
		sent := richTrace(r)
		for _, s := range sent {
			checkSpan(r, s)
		}
	})
}

func TestNothingOfRealExportersIsLost(t *testing.T) {
	overBoth(t, func(r *rig) {
		for _, body := range capturedSpans(r.t) {
			spans, bad, err := span.DecodeBody(body)
			if err != nil || len(bad) > 0 || len(spans) == 0 {
				r.t.Fatalf("%d spans, %v, %v", len(spans), bad, err)
			}
			items := make([]store.Item, len(spans))
			for i, s := range spans {
				items[i].Span = s
			}
			r.append("a", &store.Batch{Spans: items})
			for _, s := range spans {
				checkSpan(r, s)
			}
		}
	})
}

// checkSpan compares what the API says of a span with what was sent, key by key of its record.
func checkSpan(r *rig, s *span.Span) {
	r.t.Helper()
	path := traceA + "/" + string(s.TraceID) + "/spans/" + string(s.ID)
	w := r.get("read", path)
	if w.Code != http.StatusOK {
		r.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	var got fullSpan
	var members map[string]json.RawMessage
	if err := json.Unmarshal(w.Body.Bytes(), &members); err != nil {
		r.t.Fatal(err)
	}
	extra := members["extra"]
	members["extra"] = json.RawMessage("null")
	if e := members["error"]; string(e) != "null" {
		var inner map[string]json.RawMessage
		if err := json.Unmarshal(e, &inner); err != nil {
			r.t.Fatal(err)
		}
		delete(inner, "extra")
		members["error"], _ = json.Marshal(inner)
	}
	text, err := json.Marshal(members)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := json.Unmarshal(text, &got); err != nil {
		r.t.Fatal(err)
	}
	differ := func(what string, got, want any) {
		r.t.Helper()
		if got != want {
			r.t.Errorf("%s of %s: %v, sent %v", what, s.Name, got, want)
		}
	}
	value := func(what string, raw json.RawMessage, want span.Value) {
		r.t.Helper()
		if want.IsNull() {
			want = "null"
		}
		differ(what, string(raw), string(want))
	}
	value("input", members["input"], s.Input)
	value("output", members["output"], s.Output)
	value("attributes", members["attributes"], s.Attributes)
	value("metadata", members["metadata"], s.Metadata)
	value("request context", members["request_context"], s.RequestContext)
	differ("name", got.Name, s.Name)
	differ("type", got.Type, s.Type)
	differ("start", got.Start.Equal(s.Start), true)
	differ("event", got.IsEvent, s.Event)
	differ("root", got.IsRoot, s.Root)
	differ("end", got.End == nil, s.End.IsZero())
	if got.End != nil {
		differ("end", got.End.Equal(s.End), true)
		differ("duration", got.DurationNS, int64(s.Duration()))
	} else if !s.Event {
		differ("duration", got.DurationNS, int64(-1))
	}
	differ("created", got.CreatedAt == nil, s.CreatedAt.IsZero())
	parent, _ := s.ParentID.W3C()
	differ("parent", got.ParentID == nil, s.ParentID == "")
	if got.ParentID != nil {
		differ("parent", *got.ParentID, parent)
	}
	differ("external parent", got.ExternalParentID == nil, s.ExternalParentID == "")
	differ("tags", len(got.Tags), len(s.Tags))
	for i := range min(len(got.Tags), len(s.Tags)) {
		differ("tag", got.Tags[i], s.Tags[i])
	}
	differ("entity", got.Entity != nil, s.EntityType != "" || s.EntityID != "" || s.EntityName != "")
	if e := got.Entity; e != nil {
		differ("entity", *e, entity{string(s.EntityType), s.EntityID, s.EntityName})
	}
	differ("error", got.Error != nil, s.Error != nil)
	if e := s.Error; e != nil && got.Error != nil {
		differ("error", [6]string{got.Error.Message, got.Error.Name, got.Error.ID, got.Error.Domain, got.Error.Category, got.Error.Stack}, [6]string{e.Message, e.Name, e.ID, e.Domain, e.Category, e.Stack})
		differ("details", got.Error.Details, e.Details)
	}
	var left orderedObject
	events := 0
	for _, f := range s.Extra {
		if f.Key == eventsKey {
			for range f.Value.Elements() {
				events++
			}
			continue
		}
		left = append(left, f)
	}
	want, err := json.Marshal(left)
	if err != nil {
		r.t.Fatal(err)
	}
	differ("extra", string(extra), string(want))
	differ("events", len(got.Events), events)
	if got.ReceivedAt.IsZero() {
		r.t.Errorf("%s: no time of receipt", s.Name)
	}
}

// capturedSpans are the bodies of spans that real exporters sent.
func capturedSpans(t testing.TB) (bodies [][]byte) {
	t.Helper()
	for _, name := range captured.Names() {
		body := captured.Body(name)
		if _, _, err := span.DecodeBody(body); err == nil {
			bodies = append(bodies, body)
		}
	}
	if len(bodies) == 0 {
		t.Fatal("no captured body has spans")
	}
	return bodies
}
