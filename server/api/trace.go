package api

import (
	"net/http"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

const (
	noTrace      = "no such trace"
	noSpan       = "no such span"
	narrowSearch = "ask for less time with from and to, or leave out in=content"
)

// traceOperations are about the traces of a project.
func (a *API) traceOperations() []operation {
	one := access.Route{Method: http.MethodGet, Path: "/api/projects/{p}/traces/{id}", Need: access.Read}
	return []operation{
		{
			Route: access.Route{Method: http.MethodGet, Path: "/api/projects/{p}/traces", Need: access.Read},
			id:    "listTraces", topic: "traces", summary: "Lists traces, newest first unless sorted otherwise",
			query: filterParameters, reply: traceList{}, etag: true, do: a.listTraces, narrow: narrowSearch,
		},
		{
			Route: one, id: "getTrace", topic: "traces", summary: "Returns a trace without payloads, in columns",
			query: []parameter{{name: "max_spans", kind: "integer", about: "the most rows, level by level from the root; 20,000 unless given, 1,000,000 at most"}},
			reply: skeleton{}, etag: true, do: a.getTrace, missing: noTrace, narrow: "ask for fewer spans with max_spans",
		},
		{
			Route: access.Route{Method: http.MethodGet, Path: one.Path + "/spans/{span}", Need: access.Read},
			id:    "getSpan", topic: "traces", summary: "Returns a span with all that was sent", reply: fullSpan{}, do: a.getSpan, missing: noSpan,
		},
		{
			Route: access.Route{Method: http.MethodGet, Path: one.Path + "/find", Need: access.Read},
			id:    "findSpans", topic: "traces", summary: "Finds the spans of a trace that contain a text in any part",
			query: []parameter{{name: "q", kind: "string", about: "the text; ASCII letters match in either case", must: true}},
			reply: foundSpans{}, do: a.findSpans, missing: noTrace, narrow: "look for something longer",
		},
		{
			Route: access.Route{Method: http.MethodDelete, Path: one.Path, Need: access.Write},
			id:    "deleteTrace", topic: "traces", summary: "Removes a trace with all its signals", reply: deleted{}, do: a.deleteTrace, missing: noTrace,
		},
	}
}

// filterParameters are those of store.ParseFilter, which says what each may be.
var filterParameters = []parameter{
	{name: "from", kind: "date-time", about: "traces that start then or later"},
	{name: "to", kind: "date-time", about: "traces that start before"},
	{name: "last", kind: "duration", about: "in place of from and to: a time such as 15m, 24h or 7d, back from now"},
	{name: "service", kind: "string", about: "of the trace or any span of it"},
	{name: "status", kind: "string", choices: []string{"running", "success", "error", "incomplete"}, about: "of the trace, which is that of its root"},
	{name: "any_error", kind: "boolean", about: "true: a span failed anywhere; false: none did"},
	{name: "trace_id", kind: "string", about: "the first hex digits of the id"},
	{name: "type", kind: "string", about: "of any span"},
	{name: "model", kind: "string", about: "of any span"},
	{name: "user", kind: "string", about: "metadata userId of any span"},
	{name: "thread", kind: "string", about: "metadata threadId of any span"},
	{name: "env", kind: "string", about: "metadata environment of any span"},
	{name: "tag", kind: "string", many: true, about: "all that are given must be there"},
	{name: "meta.", kind: "string", about: "meta.KEY: a scalar of the metadata of any span, as text"},
	{name: "min_ms", kind: "number", about: "milliseconds that the trace took at least"},
	{name: "max_ms", kind: "number", about: "milliseconds that the trace took at most"},
	{name: "q", kind: "string", about: "a text in name, tags or preview, or the first digits of the id; at most 256 bytes"},
	{name: "in", kind: "string", choices: []string{"content"}, about: "content: look for q in whole spans, newest first and within a budget; see searched"},
	{name: "sort", kind: "string", choices: []string{"start", "duration", "tokens", "cost"}, about: "falling; start unless given"},
	{name: "limit", kind: "integer", about: "1 to 200; 50 unless given"},
	{name: "cursor", kind: "string", about: "next of the page before, with the same other parameters"},
}

// traceList is a page of traces.
type traceList struct {
	Traces   []traceSummary `json:"traces"`
	Next     *string        `json:"next"` // cursor of the next page; null at the end
	Searched searched       `json:"searched"`
}

// searched says how far a search came.
type searched struct {
	From  *time.Time `json:"from"`  // start of the oldest trace looked at; null when none was
	Bytes int64      `json:"bytes"` // unpacked bytes of spans looked at
	Done  bool       `json:"done"`  // false: the budget ended it; go on with next
}

// traceSummary is a trace as lists show it.
type traceSummary struct {
	TraceID    span.TraceID `json:"trace_id"`
	Name       string       `json:"name"` // of the root; until that arrives, of the span that started first
	Service    string       `json:"service"`
	Type       span.Type    `json:"type"` // of the same span as the name
	Status     string       `json:"status" enum:"running,success,error,incomplete"`
	SpanErrors int          `json:"span_errors"` // failed spans anywhere
	Start      time.Time    `json:"start"`       // of the earliest span
	DurationNS int64        `json:"duration_ns"` // to the latest end; so far, while it runs
	Spans      int          `json:"spans"`
	Tokens     tokens       `json:"tokens"`
	CostUSD    *float64     `json:"cost_usd"` // null: not known
	Tags       []string     `json:"tags"`
	User       string       `json:"user"`    // metadata userId
	Thread     string       `json:"thread"`  // metadata threadId
	Preview    string       `json:"preview"` // what the user said last, or a tool's arguments; at most 200 bytes
}

// tokens is usage; cached is part of input, reasoning part of output.
type tokens struct {
	Input     int `json:"input"`
	Output    int `json:"output"`
	Total     int `json:"total"`
	Cached    int `json:"cached"`
	Reasoning int `json:"reasoning"`
}

// foundSpans are the spans that contain a text.
type foundSpans struct {
	Spans []span.ID `json:"spans"` // in order of start
	Done  bool      `json:"done"`  // false: the trace is too large to be searched whole
}

// deleted is what a deletion removed.
type deleted struct {
	Spans   int `json:"spans"`
	Records int `json:"records"`
}

func (a *API) listTraces(c *call) (any, error) {
	filter, err := store.ParseFilter(c.query, a.cfg.Now())
	if err != nil {
		return nil, err
	}
	page, err := a.cfg.Store.List(c.ctx(), c.project(), filter)
	if err != nil {
		return nil, err
	}
	list := traceList{
		Traces:   make([]traceSummary, len(page.Traces)),
		Next:     optional(page.Next),
		Searched: searched{From: instant(page.Searched.From), Bytes: page.Searched.Bytes, Done: page.Searched.Done},
	}
	for i := range page.Traces {
		list.Traces[i] = summaryOf(&page.Traces[i])
	}
	return tagged{page.Commit, list}, nil
}

func (a *API) findSpans(c *call) (any, error) {
	id, err := c.trace()
	if err != nil {
		return nil, err
	}
	text := c.query.Get("q")
	if len(text) > store.MaxFilterTexts {
		return nil, invalid("q", "is longer than %d bytes", store.MaxFilterTexts)
	}
	found, err := a.cfg.Store.Find(c.ctx(), c.project(), id, text, 0)
	if err != nil {
		return nil, err
	}
	return foundSpans{Spans: list(found.Spans), Done: found.Done}, nil
}

func (a *API) deleteTrace(c *call) (any, error) {
	id, err := c.trace()
	if err != nil {
		return nil, err
	}
	d, err := a.cfg.Store.Delete(c.ctx(), c.project(), id)
	return deleted{Spans: d.Spans, Records: d.Records}, err
}

func summaryOf(s *store.Summary) traceSummary {
	return traceSummary{
		TraceID: s.TraceID, Name: s.Name, Service: s.Service, Type: s.Type, Status: s.Status.String(), SpanErrors: s.SpanErrors,
		Start: s.Start.UTC(), DurationNS: int64(s.Duration), Spans: s.Spans, Tokens: tokensOf(s.Tokens), CostUSD: usd(s.Cost),
		Tags: list(s.Tags), User: s.User, Thread: s.Thread, Preview: s.Preview,
	}
}

func tokensOf(t span.Tokens) tokens {
	return tokens{Input: t.Input, Output: t.Output, Total: t.Total, Cached: t.Cached, Reasoning: t.Reasoning}
}

// usd is a cost in dollars, nil when it is not known.
func usd(c *store.Cost) *float64 {
	if c == nil {
		return nil
	}
	return new(c.USD())
}

// optional is nil for the empty text, which JSON shows as null.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// instant is nil for the zero time.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}

// list is never nil, which JSON shows as [].
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
