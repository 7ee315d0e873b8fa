package api

import (
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

func (a *API) getSpan(c *call) (any, error) {
	trace, err := c.trace()
	if err != nil {
		return nil, err
	}
	id, ok := span.ID(c.r.PathValue("span")).W3C()
	if !ok {
		return nil, store.ErrNotFound
	}
	s, err := a.cfg.Store.Span(c.ctx(), c.project(), trace, id)
	if err != nil {
		return nil, err
	}
	return fullSpanOf(s), nil
}

// fullSpan is a span with all that was sent. A value that is any JSON is written as it came, byte for byte; null: none.
type fullSpan struct {
	TraceID          span.TraceID `json:"trace_id"`
	SpanID           span.ID      `json:"span_id"`
	ParentID         *span.ID     `json:"parent_id"`          // as it was sent
	ExternalParentID *span.ID     `json:"external_parent_id"` // the parent in another tracing system
	Name             string       `json:"name"`
	Type             span.Type    `json:"type"`
	Service          string       `json:"service"`
	Status           string       `json:"status" enum:"running,success,error"`

	Start      time.Time  `json:"start"`
	End        *time.Time `json:"end"`         // null for an event, and while it runs
	DurationNS int64      `json:"duration_ns"` // -1 while it runs
	IsEvent    bool       `json:"is_event"`    // a moment without a duration, whose payload is output
	IsRoot     bool       `json:"is_root"`     // the sender called it so
	Clock      bool       `json:"clock"`       // start is not credible, and its trace shows received_at in its place
	ReceivedAt time.Time  `json:"received_at"` // by the server's clock
	CreatedAt  *time.Time `json:"created_at"`  // by the sender's clock, when it buffered the span
	UpdatedAt  *time.Time `json:"updated_at"`

	Input      span.Value    `json:"input"`
	Output     span.Value    `json:"output"`
	Attributes span.Value    `json:"attributes"`
	Metadata   span.Value    `json:"metadata"`
	Error      *spanError    `json:"error"`
	Events     []span.Value  `json:"events"` // what OpenTelemetry calls the events of a span
	Tags       []string      `json:"tags"`
	Entity     *entity       `json:"entity"`
	Request    span.Value    `json:"request_context"`
	Usage      tokens        `json:"usage"`    // what it adds to its trace: 0 where another span says the same
	CostUSD    *float64      `json:"cost_usd"` // null: not known
	Extra      orderedObject `json:"extra"`    // keys of the record that have no name here
}

// spanError is what went wrong in a span.
type spanError struct {
	Message  string        `json:"message"`
	Name     string        `json:"name"` // such as TypeError
	ID       string        `json:"id"`   // such as TOOL_EXECUTION_FAILED
	Domain   string        `json:"domain"`
	Category string        `json:"category"`
	Stack    string        `json:"stack"`
	Details  span.Value    `json:"details"`
	Extra    orderedObject `json:"extra"` // further keys
}

// entity is what the work belongs to.
type entity struct {
	Type string `json:"type"` // such as agent
	ID   string `json:"id"`
	Name string `json:"name"`
}

// orderedObject is a JSON object in the order of its fields.
type orderedObject []span.Field

// MarshalJSON writes the object.
func (o orderedObject) MarshalJSON() ([]byte, error) {
	buf := []byte{'{'}
	for i, f := range o {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(span.AppendText(buf, f.Key), ':')
		if f.Value.IsNull() {
			buf = append(buf, "null"...)
			continue
		}
		buf = append(buf, f.Value...)
	}
	return append(buf, '}'), nil
}

// eventsKey is the extra key under which a span of OpenTelemetry keeps its events, an array of objects.
const eventsKey = "events"

func fullSpanOf(f *store.FullSpan) fullSpan {
	s := f.Span
	full := fullSpan{
		TraceID: s.TraceID, SpanID: s.ID, ParentID: optionalID(s.ParentID), ExternalParentID: optionalID(s.ExternalParentID),
		Name: s.Name, Type: s.Type, Service: f.Service, Status: f.Status.String(),
		Start: s.Start.UTC(), End: instant(s.End), DurationNS: int64(s.Duration()), IsEvent: s.Event, IsRoot: s.Root, Clock: f.Clock,
		ReceivedAt: f.Received.UTC(), CreatedAt: instant(s.CreatedAt), UpdatedAt: instant(s.UpdatedAt),
		Input: s.Input, Output: s.Output, Attributes: s.Attributes, Metadata: s.Metadata, Request: s.RequestContext,
		Events: []span.Value{}, Tags: list(s.Tags), Usage: tokensOf(f.Tokens), CostUSD: usd(f.Cost),
	}
	if f.Status == store.StatusRunning || s.End.IsZero() && !s.Event {
		full.DurationNS = -1
	}
	if e := s.Error; e != nil {
		full.Error = &spanError{Message: e.Message, Name: e.Name, ID: e.ID, Domain: e.Domain, Category: e.Category, Stack: e.Stack, Details: e.Details, Extra: e.Extra}
	}
	if s.EntityType != "" || s.EntityID != "" || s.EntityName != "" {
		full.Entity = &entity{Type: string(s.EntityType), ID: s.EntityID, Name: s.EntityName}
	}
	for _, field := range s.Extra {
		if field.Key == eventsKey && field.Value.IsArray() {
			for event := range field.Value.Elements() {
				full.Events = append(full.Events, event)
			}
			continue
		}
		full.Extra = append(full.Extra, field)
	}
	return full
}

// optionalID is nil for none.
func optionalID(id span.ID) *span.ID {
	if id == "" {
		return nil
	}
	return &id
}
