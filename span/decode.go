package span

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Decoder reads span records of both generations. Its zero value has the default limits, and may be used by many
// goroutines at once.
//
// Of the keys that say the same, spanId, spanType, startedAt, endedAt and error are taken before id, type, startTime,
// endTime and errorInfo; of a key given twice, the last. null is the same as no key. Ids and types are kept as they
// are, {} in place of a date is no date, and text that is not UTF-8 or has half a surrogate pair gets U+FFFD in its
// place. A record needs a trace id and a span id, and a known key needs a value of its type; everything else is kept.
// A span that names its agent, tool, workflow or step in an attribute, as 0.x does, gets it as its entity too.
//
// Decoded spans are frozen. They share no memory with the input.
type Decoder struct {
	MaxRecordBytes int // bytes of one record, as it stands in its body; 0 means 16 MiB
	MaxDepth       int // arrays and objects inside one another in a value; 0 means 128, which is the most
	MaxSpans       int // records of one body; 0 means 50,000
}

func (d Decoder) withDefaults() Decoder {
	if d.MaxRecordBytes <= 0 {
		d.MaxRecordBytes = 16 << 20
	}
	if d.MaxDepth <= 0 || d.MaxDepth > maxDepth {
		d.MaxDepth = maxDepth
	}
	if d.MaxSpans <= 0 {
		d.MaxSpans = 50_000
	}
	return d
}

// RecordError is one record of a body that could not be read.
type RecordError struct {
	Index int    // of the record in its body, from 0
	Field string // the record's key, such as startedAt; "" when it is the record itself
	Err   error
}

func (e *RecordError) Error() string {
	return fmt.Sprintf("span: record %d: %s: %v", e.Index, e.Field, e.Err)
}

// Unwrap returns the reason.
func (e *RecordError) Unwrap() error { return e.Err }

// What is wrong with a field, besides [ErrSyntax], [ErrTooDeep], [ErrTooLarge] and [ErrMissing].
var ErrFieldType = errors.New("value of a wrong type")

// ErrBody is matched by the error of a body that is not {"spans":[…]}.
var ErrBody = errors.New(`span: body is not {"spans":[…]}`)

// DecodeBody reads a body with the default limits, see [Decoder.Body].
func DecodeBody(body []byte) (spans []*Span, bad []*RecordError, err error) {
	return Decoder{}.Body(body)
}

// DecodeRecord reads one record with the default limits, see [Decoder.Record].
func DecodeRecord(line []byte) (*Span, error) { return Decoder{}.Record(line) }

// Record reads one record, such as a line of NDJSON; space around it is allowed. The error is a [*FieldError].
func (d Decoder) Record(line []byte) (*Span, error) {
	r := reader{Decoder: d.withDefaults(), compactor: compactor{src: view(line)}}
	r.space()
	s, err := r.record()
	if err != nil {
		return nil, err
	}
	if r.space(); r.pos != len(r.src) {
		return nil, &FieldError{Field: "record", Err: r.syntax("text after the record")}
	}
	return s, nil
}

// Body reads {"spans":[…]}; other keys beside spans are passed over. A record that cannot be read is reported in bad and
// costs none of its neighbours, as long as its brackets and quotes balance. err is set when the body itself is broken,
// and matches [ErrBody] or [ErrTooLarge]; spans and bad are then what was read before the fault.
func (d Decoder) Body(body []byte) (spans []*Span, bad []*RecordError, err error) {
	r := reader{Decoder: d.withDefaults(), compactor: compactor{src: view(body)}}
	broken := func(err error) ([]*Span, []*RecordError, error) {
		return spans, bad, fmt.Errorf("%w: %w", ErrBody, err)
	}
	r.space()
	if r.peek() != '{' {
		return broken(r.syntax("want an object"))
	}
	r.pos++
	if r.space(); r.peek() == '}' {
		return broken(&FieldError{Field: "spans", Err: ErrMissing})
	}
	seen := false
	for more := true; more; {
		r.space()
		key, err := r.memberKey()
		if err != nil {
			return broken(err)
		}
		if key != "spans" {
			r.out = r.out[:0]
			err = r.value(r.MaxDepth)
		} else {
			seen = true
			spans, bad, err = r.records()
		}
		if err != nil {
			if errors.Is(err, ErrTooLarge) {
				return spans, bad, err
			}
			return broken(err)
		}
		if more, err = r.next('}'); err != nil {
			return broken(err)
		}
	}
	if !seen {
		return broken(&FieldError{Field: "spans", Err: ErrMissing})
	}
	if r.space(); r.pos != len(r.src) {
		return broken(r.syntax("text after the body"))
	}
	return spans, bad, nil
}

// reader takes records apart. out is its scratch: each record is compacted into it, and what is worth keeping is then
// copied into one string that the span's texts and values are cut from.
type reader struct {
	Decoder
	compactor
}

// memberKey takes a key and its colon. The result may lie in out, where it stays, and is valid until out is cut.
func (r *reader) memberKey() (string, error) {
	if r.peek() != '"' {
		return "", r.syntax("want a key")
	}
	mark := len(r.out)
	if err := r.text(); err != nil {
		return "", err
	}
	return unquote(view(r.out[mark+1 : len(r.out)-1])), r.colon()
}

// records takes the array of records. Its error is about the array, not about a record.
func (r *reader) records() (spans []*Span, bad []*RecordError, err error) {
	if r.peek() == 'n' {
		return nil, nil, r.word("null")
	}
	if r.peek() != '[' {
		return nil, nil, &FieldError{Field: "spans", Err: ErrFieldType}
	}
	r.pos++
	if r.space(); r.peek() == ']' {
		r.pos++
		return nil, nil, nil
	}
	for index := 0; ; index++ {
		if index == r.MaxSpans {
			return spans, bad, &FieldError{Field: "spans", Err: fmt.Errorf("%w: more than %d records", ErrTooLarge, r.MaxSpans)}
		}
		r.space()
		start := r.pos
		s, fault := r.record()
		if fault != nil {
			end := skipValue(r.src, start)
			if end == start {
				return spans, bad, r.syntax("record without an end")
			}
			r.pos = end
			bad = append(bad, &RecordError{Index: index, Field: fault.Field, Err: fault.Err})
		} else {
			spans = append(spans, s)
		}
		more, err := r.next(']')
		if err != nil || !more {
			return spans, bad, err
		}
	}
}

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
		extra = f.extraFor(key)
		key = extra.key
	}
	from := len(r.out)
	if err := r.value(r.MaxDepth); err != nil {
		return &FieldError{Field: strings.Clone(key), Err: err}
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
