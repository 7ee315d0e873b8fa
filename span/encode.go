package span

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Format is a way to write spans. Its methods make it a codec for package stages: they append to a buffer, allocate
// nothing for a frozen span, and may be called by many goroutines at once.
//
// V1 is the record of Mastra 1.x with each value written once, under the key that readers prefer (spanId, spanType,
// startedAt, endedAt, error), and absent when there is none. It says everything that a [Span] can hold.
//
// V0 is the record of Mastra 0.x: null for what is none, except the error, which is absent. It cannot say the root
// flag, tags, entity, request context, and an error's name and stack: they are lost. What it can say is kept: an entity
// that is the agent, tool, workflow or step of the span itself becomes agentId, toolId, workflowId or stepId, and an
// external parent becomes the parent of a span that has no other.
//
// Both write dates in UTC with milliseconds, cut off; V1 writes start and end with nanoseconds where [Span.Nanos] says so.
// A span that has no trace id or no id, a date outside the years 1
// to 9999, a value that is not JSON, or an extra key that the record has itself, is refused with a [*FieldError].
type Format uint8

// The formats.
const (
	V1     Format = iota // {"spans":[…]} with records of Mastra 1.x
	V0                   // {"spans":[…]} with records of Mastra 0.x
	NDJSON               // one record of V1 a line
)

// String names the format: V1, V0 or NDJSON.
func (f Format) String() string {
	switch f {
	case V0:
		return "V0"
	case NDJSON:
		return "NDJSON"
	}
	return "V1"
}

// ContentType is the media type of a body in this format.
func (f Format) ContentType() string {
	if f == NDJSON {
		return "application/x-ndjson"
	}
	return "application/json"
}

// AppendOpen appends what stands before the first span.
func (f Format) AppendOpen(buf []byte) []byte {
	if f == NDJSON {
		return buf
	}
	return append(buf, `{"spans":[`...)
}

// AppendItem appends s, behind a separator unless it is the first of its body. On an error buf is returned as it was
// given, and the error is a [*FieldError].
func (f Format) AppendItem(buf []byte, s *Span, first bool) ([]byte, error) {
	if s == nil {
		return buf, errNil
	}
	e := encoder{buf: buf}
	if !first && f != NDJSON {
		e.buf = append(e.buf, ',')
	}
	e.buf = append(e.buf, '{')
	if f == V0 {
		e.recordV0(s)
	} else {
		e.recordV1(s)
	}
	if e.err != nil {
		return buf, e.err
	}
	e.buf = append(e.buf, '}')
	if f == NDJSON {
		e.buf = append(e.buf, '\n')
	}
	return e.buf, nil
}

// AppendClose appends what stands behind the last span.
func (f Format) AppendClose(buf []byte) []byte {
	if f == NDJSON {
		return buf
	}
	return append(buf, "]}"...)
}

// Reasons for which a span is refused, inside a [*FieldError].
var (
	ErrMissing  = errors.New("missing")
	ErrDate     = errors.New("no ISO 8601 date of the years 1 to 9999")
	ErrReserved = errors.New("extra key that the record has itself")
)

var errNil = &FieldError{Field: "span", Err: ErrMissing}

// FieldError says which part of a span could not be written or read. Field is the record's key, such as startedAt.
type FieldError struct {
	Field string
	Err   error
}

func (e *FieldError) Error() string { return fmt.Sprintf("span: %s: %v", e.Field, e.Err) }

// Unwrap returns the reason.
func (e *FieldError) Unwrap() error { return e.Err }

// encoder appends the members of one record. The first error stays, and the record is given up with it.
type encoder struct {
	buf []byte
	err error
}

// recordV1 writes the keys in the order that 1.x uses for them, ids first.
func (e *encoder) recordV1(s *Span) {
	e.ids(s)
	e.optional(`,"parentSpanId":`, string(s.ParentID))
	e.optional(`,"externalParentSpanId":`, string(s.ExternalParentID))
	e.text(`,"name":`, s.Name)
	e.text(`,"spanType":`, string(s.Type))
	e.optional(`,"entityType":`, string(s.EntityType))
	e.optional(`,"entityId":`, s.EntityID)
	e.optional(`,"entityName":`, s.EntityName)
	e.value(`,"attributes":`, s.Attributes, s.seal.attributes)
	e.value(`,"metadata":`, s.Metadata, s.seal.metadata)
	e.value(`,"requestContext":`, s.RequestContext, s.seal.requestContext)
	e.time(`,"startedAt":`, s.Start, s.Nanos)
	e.time(`,"endedAt":`, s.End, s.Nanos)
	e.value(`,"input":`, s.Input, s.seal.input)
	e.value(`,"output":`, s.Output, s.seal.output)
	e.error(s, true)
	e.bool(`,"isEvent":`, s.Event)
	e.bool(`,"isRootSpan":`, s.Root)
	if len(s.Tags) > 0 {
		e.buf = appendTexts(append(e.buf, `,"tags":`...), s.Tags)
	}
	e.date(`,"createdAt":`, s.CreatedAt)
	e.date(`,"updatedAt":`, s.UpdatedAt)
	e.extra(s.Extra)
}

// recordV0 writes the keys in the order of 0.x, with null where there is nothing to say.
func (e *encoder) recordV0(s *Span) {
	parent := s.ParentID
	if parent == "" {
		parent = s.ExternalParentID
	}
	e.ids(s)
	if !e.optional(`,"parentSpanId":`, string(parent)) {
		e.null(`,"parentSpanId":`)
	}
	e.text(`,"name":`, s.Name)
	e.text(`,"spanType":`, string(s.Type))
	e.attributesV0(s)
	if !e.value(`,"metadata":`, s.Metadata, s.seal.metadata) {
		e.null(`,"metadata":`)
	}
	e.dateOrNull(`,"startedAt":`, s.Start)
	e.dateOrNull(`,"endedAt":`, s.End)
	if !e.value(`,"input":`, s.Input, s.seal.input) {
		e.null(`,"input":`)
	}
	if !e.value(`,"output":`, s.Output, s.seal.output) {
		e.null(`,"output":`)
	}
	e.error(s, false)
	e.bool(`,"isEvent":`, s.Event)
	e.dateOrNull(`,"createdAt":`, s.CreatedAt)
	e.dateOrNull(`,"updatedAt":`, s.UpdatedAt)
	e.extra(s.Extra)
}

// attributesV0 writes the attributes, in front of them the id that 0.x keeps there and 1.x in the entity.
func (e *encoder) attributesV0(s *Span) {
	e.buf = append(e.buf, `,"attributes":{`...)
	open := len(e.buf) - 1
	attribute := s.missingID()
	if attribute != "" {
		e.buf = append(append(append(e.buf, '"'), attribute...), `":`...)
		e.buf = AppendText(e.buf, s.EntityID)
	}
	if s.Attributes.IsNull() {
		e.buf = append(e.buf, '}')
		return
	}
	if attribute == "" {
		e.buf = e.buf[:open]
		e.raw("attributes", s.Attributes, s.seal.attributes)
		return
	}
	rest := len(e.buf)
	e.raw("attributes", s.Attributes, s.seal.attributes)
	switch {
	case e.err != nil: // given up
	case e.buf[rest+1] == '}':
		e.buf = append(e.buf[:rest], '}')
	default:
		e.buf[rest] = ',' // where the object opened
	}
}

func (e *encoder) ids(s *Span) {
	switch {
	case s.TraceID == "":
		e.fail("traceId", ErrMissing)
	case s.ID == "":
		e.fail("spanId", ErrMissing)
	}
	e.text(`"traceId":`, string(s.TraceID))
	e.text(`,"spanId":`, string(s.ID))
}

func (e *encoder) error(s *Span, named bool) {
	if s.Error == nil {
		return
	}
	e.text(`,"error":{"message":`, s.Error.Message)
	e.optional(`,"id":`, s.Error.ID)
	e.optional(`,"domain":`, s.Error.Domain)
	e.optional(`,"category":`, s.Error.Category)
	if !s.Error.Details.IsNull() {
		e.buf = append(e.buf, `,"details":`...)
		e.raw("error.details", s.Error.Details, s.seal.details)
	}
	if named {
		e.optional(`,"name":`, s.Error.Name)
		e.optional(`,"stack":`, s.Error.Stack)
	}
	for _, f := range s.Error.Extra {
		e.field("error.", f, isErrorKey)
	}
	e.buf = append(e.buf, '}')
}

func (e *encoder) extra(fields []Field) {
	for _, f := range fields {
		e.field("", f, isRecordKey)
	}
}

func (e *encoder) field(path string, f Field, reserved func(string) bool) {
	if f.Value.IsNull() {
		return
	}
	if reserved(f.Key) {
		e.fail(path+f.Key, ErrReserved)
		return
	}
	e.buf = append(AppendText(append(e.buf, ','), f.Key), ':')
	e.raw(f.Key, f.Value, "")
}

// fail keeps the first error.
func (e *encoder) fail(field string, err error) {
	if e.err == nil {
		e.err = &FieldError{Field: field, Err: err}
	}
}

func (e *encoder) text(key, s string) { e.buf = AppendText(append(e.buf, key...), s) }

func (e *encoder) optional(key, s string) bool {
	if s != "" {
		e.text(key, s)
	}
	return s != ""
}

func (e *encoder) null(key string) { e.buf = append(append(e.buf, key...), "null"...) }

func (e *encoder) bool(key string, b bool) {
	e.buf = strconv.AppendBool(append(e.buf, key...), b)
}

func (e *encoder) date(key string, t time.Time) bool {
	if !hasDate(t) {
		return false
	}
	if !writable(t) {
		e.fail(bare(key), ErrDate)
		return false
	}
	e.buf = appendDate(append(e.buf, key...), t)
	return true
}

// time is date, with all digits of a second where nanos are wanted and there are any.
func (e *encoder) time(key string, t time.Time, nanos bool) {
	if e.date(key, t) && nanos && hasNanos(t) {
		e.buf = appendNanos(e.buf, t)
	}
}

func (e *encoder) dateOrNull(key string, t time.Time) {
	if !e.date(key, t) {
		e.null(key)
	}
}

// value writes v if there is one.
func (e *encoder) value(key string, v, sealed Value) bool {
	if v.IsNull() {
		return false
	}
	e.buf = append(e.buf, key...)
	e.raw(key, v, sealed)
	return true
}

// raw writes v without its key. It is copied when it equals what Freeze has checked, which costs a comparison of two
// pointers, and is checked on its way otherwise.
func (e *encoder) raw(key string, v, sealed Value) {
	if v == sealed {
		e.buf = append(e.buf, v...)
		return
	}
	out, err := appendCompact(e.buf, string(v), maxDepth)
	if err != nil {
		e.fail(bare(key), err)
	}
	e.buf = out
}

// bare strips the punctuation of a prepared key: `,"endedAt":` is endedAt.
func bare(key string) string { return strings.Trim(key, `,":`) }

// MarshalJSON writes s as a record of [V1].
func (s *Span) MarshalJSON() ([]byte, error) { return V1.AppendItem(nil, s, true) }

// UnmarshalJSON reads a record of either generation, see [DecodeRecord].
func (s *Span) UnmarshalJSON(record []byte) error {
	decoded, err := DecodeRecord(record)
	if err != nil {
		return err
	}
	*s = *decoded
	return nil
}
