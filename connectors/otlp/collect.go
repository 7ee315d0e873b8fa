package otlp

import (
	"strconv"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

// collector makes the batch of one body. It reads one span at a time into scratch room that the next one uses again.
type collector struct {
	limits intake.Limits
	batch  Batch
	next   int // index of the next span in the body

	resource, scope owner
	shared          int // bytes of resources and scopes that spans may still have copies of

	span    rawSpan
	fields  []span.Field
	scratch []byte
}

// owner is what a resource or a scope leaves to its spans.
type owner struct {
	value       span.Value // for Extra; none when there is nothing to say
	schema      span.Value // of a resource, likewise; a scope's is in its value
	service     string
	environment span.Value
}

// Bytes that a span keeps of its resource and its scope: many spans may share one that is long.
const (
	maxResource = 8 << 10
	maxScope    = 2 << 10
)

// rawSpan is a span as both formats tell it. Its keys are views of the body.
type rawSpan struct {
	traceID                     span.TraceID
	id, parent                  span.ID
	name                        string
	traceState                  string
	flags                       uint64 // W3C's, and whether the parent is remote
	kind                        uint64
	start, end                  uint64 // ns since 1970; 0 for none
	status                      uint64
	message                     string // of the status
	dropped                     uint64 // attributes that the sender left out
	droppedEvents, droppedLinks uint64

	text       []byte // the JSON of all attribute values, one behind the other
	attrs      list
	arena      []attr // the attributes of all events and links
	events     []event
	links      []link
	moreEvents int // events and links beyond the limit
	moreLinks  int

	bad intake.Rejection // the first fault, if it has a reason
}

// attr is a key and where its value lies in the text; an empty value says nothing.
type attr struct {
	key      string
	from, to int
}

// list is one list of attributes, and how many more there were than it may have.
type list struct {
	attrs []attr
	more  int
}

type event struct {
	time    uint64
	name    string
	attrs   list
	dropped uint64
}

type link struct {
	traceID    span.TraceID
	id         span.ID
	traceState string
	flags      uint64
	attrs      list
	dropped    uint64
}

// reset makes room for the next span.
func (s *rawSpan) reset() {
	*s = rawSpan{
		text: s.text[:0], attrs: list{attrs: s.attrs.attrs[:0]},
		arena: s.arena[:0], events: s.events[:0], links: s.links[:0],
	}
}

// newList begins the list of an event or a link at the end of the arena; keepList puts it there, where the next one
// begins behind it.
func (s *rawSpan) newList() list { return list{attrs: s.arena[len(s.arena):]} }

func (s *rawSpan) keepList(l list) { s.arena = append(s.arena, l.attrs...) }

func (s *rawSpan) fail(field string, reason intake.Reason) {
	if s.bad.Reason == "" {
		s.bad = intake.Rejection{Field: field, Reason: reason}
	}
}

var kinds = [...]span.Value{1: `"internal"`, 2: `"server"`, 3: `"client"`, 4: `"producer"`, 5: `"consumer"`}

// finish turns what was read into an item, or into a rejection.
func (c *collector) finish() {
	index, r := c.next, &c.span
	c.next++
	c.require()
	if r.bad.Reason != "" {
		c.batch.reject(index, r.bad.Field, r.bad.Reason)
		return
	}
	text := string(r.text) // one copy, which the span's values are cut from
	s := &span.Span{
		TraceID: r.traceID, ID: r.id, ParentID: r.parent, Root: r.parent == "",
		Name: r.name, Start: moment(r.start), End: moment(r.end),
		Nanos: r.start%uint64(time.Millisecond) != 0 || r.end%uint64(time.Millisecond) != 0,
	}
	exception := c.exception(text)
	g := span.GenAI{
		Kind: span.Kind(min(r.kind, uint64(len(kinds)))), StatusMessage: r.message,
		Failed:     r.status == uint64(StatusError) || r.status == uint64(StatusUnset) && exception.escaped,
		Attributes: c.attributes(text),
	}
	span.FromGenAI(s, g)
	if most := c.limits.MaxDepth; deeper(s.Input, most) || deeper(s.Output, most) || deeper(s.Attributes, most) {
		c.batch.reject(index, "attributes", intake.ReasonDepth) // it was JSON inside a text
		return
	}
	if s.Error != nil {
		exception.explain(s.Error)
	}
	s.Extra = c.extra(text)
	s.Freeze()
	cut, field, reason := c.limits.Fit(s)
	if reason != "" {
		c.batch.reject(index, field, reason)
		return
	}
	if cut || r.attrs.more > 0 || r.moreEvents > 0 || r.moreLinks > 0 {
		c.batch.Cut++
	}
	c.batch.Items = append(c.batch.Items, Item{Span: s, Service: c.resource.service})
	if r.attrs.more > 0 { // now, so that the mark is not cut itself
		s.Metadata = s.Metadata.Set("__truncated", span.Text(strconv.Itoa(r.attrs.more)+" more keys omitted"))
		s.Freeze()
	}
}

// require checks what a span must have, beside valid ids.
func (c *collector) require() {
	r := &c.span
	switch {
	case r.bad.Reason != "":
	case r.traceID == "":
		r.fail("traceId", intake.ReasonTraceID)
	case r.id == "":
		r.fail("spanId", intake.ReasonSpanID)
	case r.name == "":
		r.fail("name", intake.ReasonMissing)
	}
}

// attributes are those of the span, with what the resource and the events add where the span says nothing itself.
func (c *collector) attributes(text string) []span.Field {
	r := &c.span
	c.fields = c.fields[:0]
	var environment, userID, user, whole bool
	var userValue span.Value
	for _, a := range r.attrs.attrs {
		v := span.Value(text[a.from:a.to])
		c.fields = append(c.fields, span.Field{Key: a.key, Value: v})
		switch a.key {
		case "environment", "mastra.metadata.environment":
			environment = true
		case "userId", "mastra.metadata.userId":
			userID = true
		case "user.id", "enduser.id":
			user, userValue = true, v
		case "mastra.span.type":
			whole = true // it went through ToGenAI, and says all that its events do
		}
	}
	if !environment && c.resource.environment != "" {
		c.fields = append(c.fields, span.Field{Key: "environment", Value: c.resource.environment})
	}
	if user && !userID {
		c.fields = append(c.fields, span.Field{Key: "userId", Value: userValue})
	}
	if !whole {
		c.lift(text)
	}
	return c.fields
}

// lift takes the messages that older senders put into events of their own.
func (c *collector) lift(text string) {
	own := len(c.fields)
	for _, e := range c.span.events {
		if len(e.name) < 7 || e.name[:7] != "gen_ai." {
			continue
		}
	attributes:
		for _, a := range e.attrs.attrs {
			switch a.key {
			case "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.prompt", "gen_ai.completion":
			default:
				continue
			}
			for _, f := range c.fields[:own] {
				if f.Key == a.key {
					continue attributes
				}
			}
			c.fields = append(c.fields, span.Field{Key: a.key, Value: span.Value(text[a.from:a.to])})
		}
	}
}

// exception is what the last exception event says.
type exception struct {
	kind, message, stack string
	escaped              bool // any of them left the span
}

func (c *collector) exception(text string) exception {
	var found exception
	for _, e := range c.span.events {
		if e.name != "exception" {
			continue
		}
		found = exception{escaped: found.escaped}
		for _, a := range e.attrs.attrs {
			v := span.Value(text[a.from:a.to])
			switch a.key {
			case "exception.type":
				found.kind, _ = v.Text()
			case "exception.message":
				found.message, _ = v.Text()
			case "exception.stacktrace":
				found.stack, _ = v.Text()
			case "exception.escaped":
				found.escaped = found.escaped || isTrue(v)
			}
		}
	}
	return found
}

// isTrue reads what exception.escaped says, which some send as text.
func isTrue(v span.Value) bool { return v == "true" || v == `"true"` || v == `"True"` }

// explain fills in what the span's own attributes and status left open.
func (x exception) explain(e *span.Error) {
	if e.Message == "" {
		e.Message = x.message
	}
	e.Name, e.Stack = x.kind, x.stack
}

// extra is what a span of ours has no field for.
func (c *collector) extra(text string) []span.Field {
	r := &c.span
	extra := make([]span.Field, 0, 6)
	if r.kind > 0 && r.kind < uint64(len(kinds)) {
		extra = append(extra, span.Field{Key: "kind", Value: kinds[r.kind]})
	}
	extra = c.share(extra, "resource", c.resource.value)
	extra = c.share(extra, "schemaUrl", c.resource.schema)
	extra = c.share(extra, "scope", c.scope.value)
	if v := c.events(text); v != "" {
		extra = append(extra, span.Field{Key: "events", Value: v})
	}
	if v := c.links(text); v != "" {
		extra = append(extra, span.Field{Key: "links", Value: v})
	}
	if r.traceState != "" {
		extra = append(extra, span.Field{Key: "traceState", Value: span.Text(r.traceState)})
	}
	for _, d := range [...]struct {
		key string
		n   uint64
	}{{"flags", r.flags}, {"droppedAttributes", r.dropped}, {"droppedEvents", r.droppedEvents}, {"droppedLinks", r.droppedLinks}} {
		if d.n > 0 {
			extra = append(extra, span.Field{Key: d.key, Value: span.Value(strconv.FormatUint(d.n, 10))})
		}
	}
	if r.status == uint64(StatusOK) { // an error says itself
		extra = append(extra, span.Field{Key: "status", Value: `"ok"`})
	}
	return extra
}

// share gives the span a resource or a scope, as long as there is room for copies of it.
func (c *collector) share(extra []span.Field, key string, v span.Value) []span.Field {
	if v == "" {
		return extra
	}
	if c.shared -= len(v); c.shared < 0 {
		c.shared, v = 0, `{"__truncated":"omitted"}`
	}
	return append(extra, span.Field{Key: key, Value: v})
}

func (c *collector) events(text string) span.Value {
	r := &c.span
	b := append(c.scratch[:0], '[')
	for _, e := range r.events {
		b = append(comma(b), '{')
		if e.time > 0 {
			b = append(b, `"time":"`...)
			b = append(moment(e.time).AppendFormat(b, time.RFC3339Nano), `",`...)
		}
		b = span.AppendText(append(b, `"name":`...), e.name)
		b = appendAttributes(b, text, e.attrs, e.dropped)
		b = append(b, '}')
	}
	return c.closeList(b, r.moreEvents)
}

func (c *collector) links(text string) span.Value {
	r := &c.span
	b := append(c.scratch[:0], '[')
	for _, k := range r.links {
		b = append(comma(b), `{"traceId":`...)
		b = span.AppendText(b, string(k.traceID))
		b = span.AppendText(append(b, `,"spanId":`...), string(k.id))
		if k.traceState != "" {
			b = span.AppendText(append(b, `,"traceState":`...), k.traceState)
		}
		if k.flags > 0 {
			b = strconv.AppendUint(append(b, `,"flags":`...), k.flags, 10)
		}
		b = appendAttributes(b, text, k.attrs, k.dropped)
		b = append(b, '}')
	}
	return c.closeList(b, r.moreLinks)
}

func (c *collector) closeList(b []byte, more int) span.Value {
	c.scratch = b
	if more > 0 {
		b = span.AppendText(comma(b), "[…"+strconv.Itoa(more)+" more items]")
	}
	if len(b) == 1 {
		return ""
	}
	return span.Value(append(b, ']'))
}

// appendAttributes appends the members that an event, a link or a scope has beside its own.
func appendAttributes(b []byte, text string, l list, dropped uint64) []byte {
	if len(l.attrs) > 0 {
		b = append(b, `,"attributes":`...)
		b = appendObject(b, text, l)
	}
	if dropped > 0 {
		b = strconv.AppendUint(append(b, `,"droppedAttributes":`...), dropped, 10)
	}
	return b
}

func appendObject(b []byte, text string, l list) []byte {
	b = append(b, '{')
	for _, a := range l.attrs {
		b = append(span.AppendText(comma(b), a.key), ':')
		if a.from == a.to {
			b = append(b, "null"...)
		} else {
			b = append(b, text[a.from:a.to]...)
		}
	}
	if l.more > 0 {
		b = span.AppendText(append(comma(b), `"__truncated":`...), strconv.Itoa(l.more)+" more keys omitted")
	}
	return append(b, '}')
}

// comma separates a member from the one before it, if there is one.
func comma(b []byte) []byte {
	if last := b[len(b)-1]; last != '{' && last != '[' {
		return append(b, ',')
	}
	return b
}

// moment is a time in ns since 1970; 0 is none.
func moment(ns uint64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(int64(ns/1e9), int64(ns%1e9)).UTC() // both far below 1<<63
}

// ownResource keeps what the attributes say, which were read into c.span's scratch.
func (c *collector) ownResource(l list, schema string) {
	text := string(c.span.text)
	c.resource = owner{}
	if schema != "" {
		c.resource.schema = c.cut(span.Text(schema), maxScope)
	}
	for _, a := range l.attrs {
		v := span.Value(text[a.from:a.to])
		switch a.key {
		case "service.name":
			c.resource.service, _ = v.Text()
		case "deployment.environment.name":
			if _, ok := v.Text(); ok {
				c.resource.environment = v
			}
		case "deployment.environment": // the older spelling
			if _, ok := v.Text(); ok && c.resource.environment == "" {
				c.resource.environment = v
			}
		}
	}
	if len(l.attrs) > 0 {
		c.resource.value = c.cut(span.Value(appendObject(nil, text, l)), maxResource)
	}
}

// scopeHead is what a scope has beside its attributes.
type scopeHead struct {
	name, version, schema string
	dropped               uint64
}

func (c *collector) ownScope(h scopeHead, l list) {
	c.scope = owner{}
	if h.name == "" && h.version == "" && h.schema == "" && len(l.attrs) == 0 {
		return
	}
	b := span.AppendText([]byte(`{"name":`), h.name)
	if h.version != "" {
		b = span.AppendText(append(b, `,"version":`...), h.version)
	}
	if h.schema != "" {
		b = span.AppendText(append(b, `,"schemaUrl":`...), h.schema)
	}
	b = append(appendAttributes(b, string(c.span.text), l, h.dropped), '}')
	c.scope.value = c.cut(span.Value(b), maxScope)
}

func (c *collector) cut(v span.Value, most int) span.Value {
	if len(v) <= most {
		return v
	}
	return span.ValueLimits{MaxDepth: c.limits.MaxDepth + 1, MaxStringBytes: most, MaxItems: most, MaxBytes: most}.Cut(v)
}
