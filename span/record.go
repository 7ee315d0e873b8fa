package span

import (
	"fmt"
	"strings"
	"time"
)

// slot is a place for the value of a known key.
type slot int

const (
	slotTraceID slot = iota
	slotSpanID
	slotID
	slotParentID
	slotExternalParentID
	slotName
	slotSpanType
	slotType
	slotEntityType
	slotEntityID
	slotEntityName
	slotAttributes
	slotMetadata
	slotRequestContext
	slotInput
	slotOutput
	slotError
	slotErrorInfo
	slotTags
	slotStartedAt // from here on, what does not stay text
	slotStartTime
	slotEndedAt
	slotEndTime
	slotCreatedAt
	slotUpdatedAt
	slotIsEvent
	slotIsRoot
	slots
	slotNone slot = -1
)

// slotOf finds the place of a record key; slotNone for an unknown one.
func slotOf(key string) slot {
	switch key {
	case "traceId":
		return slotTraceID
	case "spanId":
		return slotSpanID
	case "id":
		return slotID
	case "parentSpanId":
		return slotParentID
	case "externalParentSpanId":
		return slotExternalParentID
	case "name":
		return slotName
	case "spanType":
		return slotSpanType
	case "type":
		return slotType
	case "entityType":
		return slotEntityType
	case "entityId":
		return slotEntityID
	case "entityName":
		return slotEntityName
	case "attributes":
		return slotAttributes
	case "metadata":
		return slotMetadata
	case "requestContext":
		return slotRequestContext
	case "input":
		return slotInput
	case "output":
		return slotOutput
	case "error":
		return slotError
	case "errorInfo":
		return slotErrorInfo
	case "tags":
		return slotTags
	case "startedAt":
		return slotStartedAt
	case "startTime":
		return slotStartTime
	case "endedAt":
		return slotEndedAt
	case "endTime":
		return slotEndTime
	case "createdAt":
		return slotCreatedAt
	case "updatedAt":
		return slotUpdatedAt
	case "isEvent":
		return slotIsEvent
	case "isRootSpan":
		return slotIsRoot
	}
	return slotNone
}

func isRecordKey(key string) bool { return slotOf(key) != slotNone }

// record takes one record and makes a span of it.
func (r *reader) record() (*Span, *FieldError) {
	start := r.pos
	if r.peek() != '{' {
		return nil, &FieldError{Field: "record", Err: ErrFieldType}
	}
	r.pos++
	r.out = r.out[:0]
	var f fields
	if r.space(); r.peek() == '}' {
		r.pos++
	} else {
		for more := true; more; {
			if fault := r.member(&f); fault != nil {
				return nil, fault
			}
			var err error
			if more, err = r.next('}'); err != nil {
				return nil, &FieldError{Field: "record", Err: err}
			}
		}
	}
	if n := r.pos - start; n > r.MaxRecordBytes {
		return nil, &FieldError{Field: "record", Err: fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, n, r.MaxRecordBytes)}
	}
	f.prefer(slotSpanID, slotID)
	f.prefer(slotSpanType, slotType)
	f.prefer(slotError, slotErrorInfo)
	return f.span(r.out)
}

// member takes one key and value of a record. null leaves nothing behind.
func (r *reader) member(f *fields) *FieldError {
	r.space()
	key, err := r.memberKey()
	if err != nil {
		return &FieldError{Field: "record", Err: err}
	}
	at := slotOf(key)
	var extra *extraRange
	if at == slotNone {
		if extra = f.extraFor(key); len(f.extra) > maxExtra {
			return &FieldError{Field: "record", Err: fmt.Errorf("%w: more than %d unknown keys", ErrTooLarge, maxExtra)}
		}
	}
	from := len(r.out)
	if err := r.value(r.MaxDepth); err != nil {
		return &FieldError{Field: fieldName(key), Err: err}
	}
	found := textRange{from, len(r.out)}
	if string(r.out[from:]) == "null" {
		found = textRange{}
	}
	if extra != nil {
		extra.textRange = found
	} else {
		f.known[at] = found
	}
	return nil
}

// maxExtra bounds the unknown keys of a record, which are looked up one by one.
const maxExtra = 256

// fieldName is a key as errors show it: some sender's text, so not much of it, and never nothing.
func fieldName(key string) string {
	if key == "" {
		return `""`
	}
	if len(key) > 64 {
		key = cut(key, 64) + "…"
	}
	return strings.Clone(key)
}

// fields is where the values of a record lie in the scratch.
type fields struct {
	known [slots]textRange
	extra []extraRange
}

type textRange struct{ from, to int }

type extraRange struct {
	key string
	textRange
}

func (t textRange) empty() bool { return t.from == t.to }

// extraFor finds the place of an unknown key, which keeps the position where it was seen first.
func (f *fields) extraFor(key string) *extraRange {
	for i := range f.extra {
		if f.extra[i].key == key {
			return &f.extra[i]
		}
	}
	f.extra = append(f.extra, extraRange{key: strings.Clone(key)})
	return &f.extra[len(f.extra)-1]
}

// prefer keeps one of two keys that say the same.
func (f *fields) prefer(first, second slot) {
	if f.known[first].empty() {
		f.known[first] = f.known[second]
	}
	f.known[second] = textRange{}
}

// span makes a span of the fields, whose text is in scratch.
func (f *fields) span(scratch []byte) (*Span, *FieldError) {
	s := new(Span)
	p := parser{text: view(scratch), fields: f}
	s.Start = p.dateOf("startedAt", slotStartedAt, slotStartTime)
	s.End = p.dateOf("endedAt", slotEndedAt, slotEndTime)
	s.Nanos = hasNanos(s.Start) || hasNanos(s.End)
	s.CreatedAt = p.date("createdAt", slotCreatedAt)
	s.UpdatedAt = p.date("updatedAt", slotUpdatedAt)
	s.Event = p.bool("isEvent", slotIsEvent)
	s.Root = p.bool("isRootSpan", slotIsRoot)
	rootUnsaid := f.known[slotIsRoot].empty()
	if p.err != nil {
		return nil, p.err
	}

	p.text = f.keep(scratch)
	s.TraceID = TraceID(p.string("traceId", slotTraceID))
	s.ID = ID(p.string("spanId", slotSpanID))
	s.ParentID = ID(p.string("parentSpanId", slotParentID))
	if rootUnsaid {
		s.Root = s.ParentID == ""
	}
	s.ExternalParentID = ID(p.string("externalParentSpanId", slotExternalParentID))
	s.Name = p.string("name", slotName)
	s.Type = Type(p.string("spanType", slotSpanType))
	s.EntityType = EntityType(p.string("entityType", slotEntityType))
	s.EntityID = p.string("entityId", slotEntityID)
	s.EntityName = p.string("entityName", slotEntityName)
	s.Attributes = p.value(slotAttributes)
	s.Metadata = p.value(slotMetadata)
	s.RequestContext = p.value(slotRequestContext)
	s.Input = p.value(slotInput)
	s.Output = p.value(slotOutput)
	s.Error = p.error(slotError)
	s.Tags = p.tags(slotTags)
	for _, extra := range f.extra {
		if !extra.empty() {
			s.Extra = append(s.Extra, Field{extra.key, Value(p.text[extra.from:extra.to])})
		}
	}
	switch {
	case p.err != nil:
		return nil, p.err
	case s.TraceID == "":
		return nil, &FieldError{Field: "traceId", Err: ErrMissing}
	case s.ID == "":
		return nil, &FieldError{Field: "spanId", Err: ErrMissing}
	}
	s.adoptEntity()
	s.sealDecoded()
	return s, nil
}

// sealDecoded freezes a span whose values were checked as they were read.
func (s *Span) sealDecoded() {
	s.seal = seal{
		frozen:         true,
		size:           s.measure(),
		attributes:     s.Attributes,
		metadata:       s.Metadata,
		requestContext: s.RequestContext,
		input:          s.Input,
		output:         s.Output,
	}
	if s.Error != nil {
		s.seal.details = s.Error.Details
	}
}

// keep copies the text that the span will hold into one string, without what 1.x says twice, and moves the ranges
// there.
func (f *fields) keep(scratch []byte) string {
	n := 0
	for _, t := range f.known[:slotStartedAt] {
		n += t.to - t.from
	}
	for _, t := range f.extra {
		n += t.to - t.from
	}
	var kept strings.Builder
	kept.Grow(n)
	move := func(t *textRange) {
		from := kept.Len()
		kept.Write(scratch[t.from:t.to])
		*t = textRange{from, kept.Len()}
	}
	for i := range f.known[:slotStartedAt] {
		move(&f.known[i])
	}
	for i := range f.extra {
		move(&f.extra[i].textRange)
	}
	return kept.String()
}

// parser turns fields into Go values. The first error stays.
type parser struct {
	text   string
	fields *fields
	err    *FieldError
}

func (p *parser) fail(field string, err error) {
	if p.err == nil {
		p.err = &FieldError{Field: field, Err: err}
	}
}

func (p *parser) value(at slot) Value {
	t := p.fields.known[at]
	return Value(p.text[t.from:t.to])
}

func (p *parser) string(field string, at slot) string {
	v := p.value(at)
	if v == "" {
		return ""
	}
	s, ok := v.Text()
	if !ok {
		p.fail(field, ErrFieldType)
	}
	return s
}

func (p *parser) bool(field string, at slot) bool {
	v := p.value(at)
	if v == "" {
		return false
	}
	b, ok := v.Bool()
	if !ok {
		p.fail(field, ErrFieldType)
	}
	return b
}

// dateOf reads the first of two keys that has a date.
func (p *parser) dateOf(field string, at, fallback slot) time.Time {
	if t := p.date(field, at); !t.IsZero() {
		return t
	}
	return p.date(field, fallback)
}

func (p *parser) date(field string, at slot) time.Time {
	v := p.value(at)
	if v == "" || v == "{}" { // {} is what the 0.x filter makes of a date
		return time.Time{}
	}
	s, ok := v.Text()
	if !ok {
		p.fail(field, ErrFieldType)
		return time.Time{}
	}
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || !writable(t) {
		p.fail(field, ErrDate)
		return time.Time{}
	}
	return t.UTC()
}

func (p *parser) tags(at slot) []string {
	v := p.value(at)
	if v == "" {
		return nil
	}
	if !v.IsArray() {
		p.fail("tags", ErrFieldType)
		return nil
	}
	var tags []string
	for element := range v.Elements() {
		tag, ok := element.Text()
		if !ok {
			p.fail("tags", ErrFieldType)
			return nil
		}
		tags = append(tags, tag)
	}
	return tags
}

// error reads an error object; programs in JavaScript may throw anything, so any other value is the message of one.
func (p *parser) error(at slot) *Error {
	v := p.value(at)
	if v == "" {
		return nil
	}
	if !v.IsObject() {
		return &Error{Message: textOf(v)}
	}
	e := new(Error)
	for key, value := range v.Members() {
		switch key {
		case "message":
			e.Message = textOf(value)
		case "id":
			e.ID = textOf(value)
		case "domain":
			e.Domain = textOf(value)
		case "category":
			e.Category = textOf(value)
		case "details":
			e.Details = value
		case "name":
			e.Name = textOf(value)
		case "stack":
			e.Stack = textOf(value)
		default:
			if !value.IsNull() {
				e.Extra = append(e.Extra, Field{key, value})
			}
		}
	}
	if e.Details.IsNull() {
		e.Details = ""
	}
	return e
}

func isErrorKey(key string) bool {
	switch key {
	case "message", "id", "domain", "category", "details", "name", "stack":
		return true
	}
	return false
}

// textOf is the content of a string, nothing for null, and the JSON text of any other value.
func textOf(v Value) string {
	if v.IsNull() {
		return ""
	}
	if s, ok := v.Text(); ok {
		return s
	}
	return string(v)
}
