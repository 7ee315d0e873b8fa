package otlp

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/span"
)

// Keys are lowerCamelCase, and the names of the protobuf fields are taken too. A number may be text, an enum its name.
//
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

// group is the text of some spans of one scope, and of what they share.
type group struct {
	resource, scope             string
	resourceSchema, scopeSchema string // the URLs' values
	spans                       []string
}

func (c *collector) json(body []byte) error {
	groups, n, err := c.split(view(body))
	if err != nil {
		return err
	}
	c.batch.Items = make([]Item, 0, n)
	for i, g := range groups {
		if i == 0 || g.resource != groups[i-1].resource || g.resourceSchema != groups[i-1].resourceSchema {
			if err := c.jsonResource(g.resource, g.resourceSchema); err != nil {
				return err
			}
		}
		if err := c.jsonScope(g.scope, g.scopeSchema); err != nil {
			return err
		}
		for _, text := range g.spans {
			c.jsonSpan(text)
		}
	}
	return nil
}

// split finds the spans of a body, before any is read.
func (c *collector) split(body string) (groups []group, n int, err error) {
	broken := func(where string) ([]group, int, error) {
		return nil, 0, fmt.Errorf("%w: broken JSON in %s", intake.ErrBody, where)
	}
	request := scannerOf(body)
	if request.Peek() != '{' {
		return nil, 0, fmt.Errorf("%w: want an object", intake.ErrBody)
	}
	var list string
	if !request.members(func(key string) (ok bool) {
		switch key {
		case "resourceSpans", "resource_spans":
			list, ok = request.value()
			return ok
		}
		return request.Skip()
	}) || request.Peek() != 0 || request.Pos != len(body) {
		return broken("the body")
	}
	resources := scannerOf(cmpNull(list))
	ok := resources.elements(func() bool {
		var g group
		var scopes string
		if resources.Peek() != '{' || !resources.members(func(key string) (ok bool) {
			switch key {
			case "resource":
				g.resource, ok = resources.value()
			case "schemaUrl", "schema_url":
				g.resourceSchema, ok = resources.value()
			case "scopeSpans", "scope_spans":
				scopes, ok = resources.value()
			default:
				ok = resources.Skip()
			}
			return ok
		}) {
			return false
		}
		var added int
		added, ok := splitScopes(scopes, g, c.limits.MaxRecords-n, &groups)
		n += added
		return ok && n <= c.limits.MaxRecords
	})
	switch {
	case n > c.limits.MaxRecords:
		return nil, 0, tooMany(c.limits)
	case !ok || resources.Peek() != 0:
		return broken("resourceSpans")
	}
	return groups, n, nil
}

// splitScopes finds the spans of one resource, at most one more than most.
func splitScopes(list string, of group, most int, groups *[]group) (n int, ok bool) {
	scopes := scannerOf(cmpNull(list))
	ok = scopes.elements(func() bool {
		g := of
		var list string
		if scopes.Peek() != '{' || !scopes.members(func(key string) (ok bool) {
			switch key {
			case "scope":
				g.scope, ok = scopes.value()
			case "schemaUrl", "schema_url":
				g.scopeSchema, ok = scopes.value()
			case "spans":
				list, ok = scopes.value()
			default:
				ok = scopes.Skip()
			}
			return ok
		}) {
			return false
		}
		spans := scannerOf(cmpNull(list))
		if !spans.elements(func() bool {
			text, ok := spans.value()
			g.spans = append(g.spans, text)
			n++
			return ok && n <= most
		}) && n <= most {
			return false
		}
		if len(g.spans) > 0 {
			*groups = append(*groups, g)
		}
		return n <= most
	})
	return n, ok || n > most
}

// cmpNull is null for a key that is not there.
func cmpNull(text string) string {
	if text == "" {
		return "null"
	}
	return text
}

// jsonReader reads one span, or a resource or scope, into the collector's scratch.
type jsonReader struct {
	*collector
	scanner
	lenient bool // a value that is nested too deep becomes a mark, since it is no one span's fault
}

// schemaOf is what the value of a schemaUrl says.
func schemaOf(value string) string {
	schema, _ := span.Value(value).Text()
	return schema
}

func (c *collector) jsonResource(text, schema string) error {
	c.span.reset()
	r := jsonReader{collector: c, scanner: scannerOf(cmpNull(text)), lenient: true}
	ok := r.members(func(key string) bool {
		if key == "attributes" {
			return r.attributes(&c.span.attrs, "resource", 1)
		}
		return r.Skip()
	})
	if !ok || c.span.bad.Reason != "" {
		return fmt.Errorf("%w: broken JSON in a resource", intake.ErrBody)
	}
	c.ownResource(c.span.attrs, schemaOf(schema))
	return nil
}

func (c *collector) jsonScope(text, schema string) error {
	c.span.reset()
	r := jsonReader{collector: c, scanner: scannerOf(cmpNull(text)), lenient: true}
	h := scopeHead{schema: schemaOf(schema)}
	ok := r.members(func(key string) bool {
		switch key {
		case "name":
			return r.text("scope", &h.name)
		case "version":
			return r.text("scope", &h.version)
		case "attributes":
			return r.attributes(&c.span.attrs, "scope", 2)
		case "droppedAttributesCount", "dropped_attributes_count":
			return r.count("scope", &h.dropped)
		}
		return r.Skip()
	})
	if !ok || c.span.bad.Reason != "" {
		return fmt.Errorf("%w: broken JSON in a scope", intake.ErrBody)
	}
	c.ownScope(h, c.span.attrs)
	return nil
}

func (c *collector) jsonSpan(text string) {
	c.span.reset()
	s := &c.span
	r := jsonReader{collector: c, scanner: scannerOf(text)}
	switch {
	case len(text) > c.limits.MaxRecordBytes:
		s.fail("record", intake.ReasonTooLarge)
	case text[0] != '{':
		s.fail("record", intake.ReasonType)
	case !r.members(r.spanPart) || r.Peek() != 0:
		s.fail("record", intake.ReasonSyntax)
	}
	c.finish()
}

// spanPart takes the value of one key; false at the first fault, which is the span's own unless it says otherwise.
func (r *jsonReader) spanPart(key string) bool {
	s := &r.span
	switch key {
	case "traceId", "trace_id":
		var id string
		ok := r.id(key, 16, &id)
		s.traceID = span.TraceID(id)
		return ok
	case "spanId", "span_id":
		var id string
		ok := r.id(key, 8, &id)
		s.id = span.ID(id)
		return ok
	case "parentSpanId", "parent_span_id":
		return r.parent()
	case "traceState", "trace_state":
		return r.text("traceState", &s.traceState)
	case "flags":
		return r.count("flags", &s.flags)
	case "name":
		return r.text("name", &s.name)
	case "kind":
		return r.enum("kind", "SPAN_KIND_", kindNames[:], &s.kind)
	case "startTimeUnixNano", "start_time_unix_nano":
		return r.number("startTimeUnixNano", &s.start)
	case "endTimeUnixNano", "end_time_unix_nano":
		return r.number("endTimeUnixNano", &s.end)
	case "attributes":
		return r.attributes(&s.attrs, "attributes", 1)
	case "droppedAttributesCount", "dropped_attributes_count":
		return r.count("droppedAttributesCount", &s.dropped)
	case "droppedEventsCount", "dropped_events_count":
		return r.count("droppedEventsCount", &s.droppedEvents)
	case "droppedLinksCount", "dropped_links_count":
		return r.count("droppedLinksCount", &s.droppedLinks)
	case "events":
		s.events, s.moreEvents = s.events[:0], 0
		return r.elements(r.event) || r.wrong("events")
	case "links":
		s.links, s.moreLinks = s.links[:0], 0
		return r.elements(r.link) || r.wrong("links")
	case "status":
		s.status, s.message = 0, ""
		return r.members(r.statusPart) || r.wrong("status")
	}
	return r.Skip()
}

var (
	kindNames   = [...]string{"UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"}
	statusNames = [...]string{"UNSET", "OK", "ERROR"}
)

func (r *jsonReader) event() bool {
	s := &r.span
	if len(s.events) == r.limits.MaxKeys {
		s.moreEvents++
		return r.Skip()
	}
	e := event{attrs: s.newList()}
	ok := r.members(func(key string) bool {
		switch key {
		case "timeUnixNano", "time_unix_nano":
			return r.number("events", &e.time)
		case "name":
			return r.text("events", &e.name)
		case "attributes":
			return r.attributes(&e.attrs, "events", 3)
		case "droppedAttributesCount", "dropped_attributes_count":
			return r.count("events", &e.dropped)
		}
		return r.Skip()
	})
	s.keepList(e.attrs)
	s.events = append(s.events, e)
	return ok
}

func (r *jsonReader) link() bool {
	s := &r.span
	if len(s.links) == r.limits.MaxKeys {
		s.moreLinks++
		return r.Skip()
	}
	k := link{attrs: s.newList()}
	ok := r.members(func(key string) bool {
		var id string
		switch key {
		case "traceId", "trace_id":
			ok := r.id("links", 16, &id)
			k.traceID, _ = span.TraceID(id).W3C()
			return ok
		case "spanId", "span_id":
			ok := r.id("links", 8, &id)
			k.id, _ = span.ID(id).W3C()
			return ok
		case "traceState", "trace_state":
			return r.text("links", &k.traceState)
		case "flags":
			return r.count("links", &k.flags)
		case "attributes":
			return r.attributes(&k.attrs, "links", 3)
		case "droppedAttributesCount", "dropped_attributes_count":
			return r.count("links", &k.dropped)
		}
		return r.Skip()
	})
	s.keepList(k.attrs)
	s.links = append(s.links, k)
	return ok
}

func (r *jsonReader) statusPart(key string) bool {
	switch key {
	case "code":
		return r.enum("status", "STATUS_CODE_", statusNames[:], &r.span.status)
	case "message":
		return r.text("status", &r.span.message)
	}
	return r.Skip()
}

// wrong says that a field has another type, unless the fault inside it is known; it returns false.
func (r *jsonReader) wrong(field string) bool {
	r.span.fail(field, intake.ReasonType)
	return false
}

// token takes a value that is text or a word, checks it, and returns it in compact form until more is read; null and no
// value are "".
func (r *jsonReader) token(field string) (string, bool) {
	if r.Null() {
		return "", true
	}
	from := len(r.span.text)
	if first := r.Peek(); first == '{' || first == '[' {
		return "", r.wrong(field)
	}
	token, ok := r.value()
	if !ok {
		return "", false
	}
	text, err := span.AppendValue(r.span.text, token)
	if err != nil {
		return "", false
	}
	r.span.text = text[:from]
	return view(text[from:]), true
}

// text takes text, which it copies.
func (r *jsonReader) text(field string, to *string) bool {
	token, ok := r.token(field)
	if !ok || token == "" {
		*to = ""
		return ok
	}
	text, ok := span.Value(token).Text()
	*to = strings.Clone(text)
	return ok || r.wrong(field)
}

// id takes an id of n bytes: as hex digits, which are checked later, or in base64.
func (r *jsonReader) id(field string, n int, to *string) bool {
	if !r.text(field, to) {
		return false
	}
	if strings.HasSuffix(*to, "=") && len(*to) == base64.StdEncoding.EncodedLen(n) {
		b, err := base64.StdEncoding.DecodeString(urlToStd.Replace(*to))
		if err == nil && len(b) == n {
			*to = hex.EncodeToString(b)
		}
	}
	return true
}

var urlToStd = strings.NewReplacer("-", "+", "_", "/")

func (r *jsonReader) parent() bool {
	var id string
	if !r.id("parentSpanId", 8, &id) {
		return false
	}
	r.span.parent = ""
	if strings.Trim(id, "0") == "" && len(id) <= 16 { // none, also as zeros
		return true
	}
	var ok bool
	r.span.parent, ok = span.ID(id).W3C()
	return ok || r.wrong("parentSpanId")
}

// number takes a whole number from 0 to 1<<64-1, or text that holds one.
func (r *jsonReader) number(field string, to *uint64) bool {
	token, ok := r.token(field)
	if !ok || token == "" {
		*to = 0
		return ok
	}
	digits := strings.Trim(token, `"`)
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		f, err := strconv.ParseFloat(digits, 64)
		if err != nil || !(f >= 0 && f < 1<<64 && f == math.Trunc(f)) {
			return r.wrong(field)
		}
		n = uint64(f)
	}
	*to = n
	return true
}

// count takes a number that the sender counted in 32 bits.
func (r *jsonReader) count(field string, to *uint64) bool {
	return r.number(field, to) && (*to <= math.MaxUint32 || r.wrong(field))
}

// enum takes a number or a name; a name that is unknown is the first.
func (r *jsonReader) enum(field, prefix string, names []string, to *uint64) bool {
	token, ok := r.token(field)
	if !ok || token == "" {
		*to = 0
		return ok
	}
	if name, text := span.Value(token).Text(); text {
		*to = uint64(max(0, slices.Index(names, strings.TrimPrefix(name, prefix))))
		return true
	}
	n, ok := span.Value(token).Int()
	*to = uint64(n) // a negative one is unknown
	return ok || r.wrong(field)
}
