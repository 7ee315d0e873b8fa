package observability

import (
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/tailrace-go/tailrace/span"
)

// Span is a piece of work that goes on. Its methods may be called by many goroutines at once, on nil too, and cost next
// to nothing if its trace is not recorded. After End nothing changes it any more: later calls have no effect, and are
// counted in [InstanceStats.Late].
//
// What a method is given is copied before it returns, and may change afterwards.
type Span struct {
	trace  *trace // nil: not recorded
	ids    ids    // of one that is not recorded, and of one in another process
	remote *remote

	above  span.ID // what a child has for its parent: this span, or if its type is excluded, the nearest above
	entity entity
	passes bool // its type is excluded: what it says goes on to its children

	mu       sync.Mutex
	ended    bool
	data     *span.Span
	metadata map[string]span.Value
	left     int // keys of metadata there was no room for
}

type ids struct {
	trace [16]byte
	span  [8]byte
}

// begin fills in a span that has its trace. parent is nil for the first one; inner is a span of the other system between
// the two, nil for none.
func (s *Span) begin(parent *Span, inner *BridgedSpan, name string, attributes span.Attributes, set *settings, metadata map[string]any) {
	t := s.trace
	d := &span.Span{TraceID: t.id, ID: span.NewID(), Name: name, EntityType: set.entity.typ, EntityID: set.entity.id, EntityName: set.entity.name}
	setAttributes(d, attributes)
	first := parent == nil
	if parent != nil {
		d.ParentID = parent.above
		parent.mu.Lock()
		first = parent.above == ""
		if inner != nil {
			d.ParentID, first = span.ID(hex.EncodeToString(inner.ID[:])), false
		}
		if d.EntityType == "" && d.EntityID == "" && d.EntityName == "" {
			d.EntityType, d.EntityID, d.EntityName = parent.entity.typ, parent.entity.id, parent.entity.name
		}
		if parent.passes {
			s.inherit(parent.metadata)
			s.left = parent.left
		}
		parent.mu.Unlock()
	}
	s.entity = entity{d.EntityType, d.EntityID, d.EntityName}
	for key, v := range metadata {
		s.setMetadata(key, t.in.values.Of(v))
	}
	if t.in.excluded[d.Type.Canonical()] {
		s.passes, s.above = true, d.ParentID
		return
	}
	if first {
		d.ParentID, d.ExternalParentID, d.Tags, d.Root = t.parent, t.external, t.tags, t.parent == ""
	}
	if set.hasInput && !t.hideInput {
		d.Input = t.in.values.Of(set.input)
	}
	s.above = d.ID
	d.Start = t.now()
	s.data = d
}

// inherit takes what a parent that is not recorded would have said.
func (s *Span) inherit(metadata map[string]span.Value) {
	for key, v := range metadata {
		s.setMetadata(key, v)
	}
}

// Recording reports whether what is said of the span goes anywhere: its trace is recorded, it has not ended, and its
// type is not excluded. Ask before you make what is expensive and for the span alone.
func (s *Span) Recording() bool {
	if s == nil || s.trace == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data != nil
}

// TraceID is the id of the span's trace, also when that is not recorded; "" for nil.
func (s *Span) TraceID() span.TraceID {
	switch {
	case s == nil:
		return ""
	case s.trace != nil:
		return s.trace.id
	}
	return span.TraceID(hex.EncodeToString(s.ids.trace[:]))
}

// ID is the id of the span; of one whose type is excluded, that of the nearest span above it that is recorded, which
// may be none.
func (s *Span) ID() span.ID {
	switch {
	case s == nil:
		return ""
	case s.trace != nil:
		return s.above
	}
	return span.ID(hex.EncodeToString(s.ids.span[:]))
}

// change runs f on what the span has so far, unless it has ended.
func (s *Span) change(f func(d *span.Span)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		s.trace.in.late.Add(1)
	case s.data != nil:
		f(s.data)
	}
}

// Update sets the attributes that a says something about; the others, and the type of the span, stay.
func (s *Span) Update(a span.Attributes) {
	if s == nil || s.trace == nil {
		return
	}
	text := textOf(a)
	s.change(func(d *span.Span) {
		d.MergeAttributes(span.Custom{Values: text})
		s.entity = entity{d.EntityType, d.EntityID, d.EntityName}
	})
}

// SetInput says what the work was given, in place of what was said before: any Go value, which is copied as [span.Of]
// does.
func (s *Span) SetInput(v any) {
	if s == nil || s.trace == nil || s.trace.hideInput {
		return
	}
	text := s.trace.in.values.Of(v)
	s.change(func(d *span.Span) { d.Input = text })
}

// SetOutput says what the work made, in place of what was said before.
func (s *Span) SetOutput(v any) {
	if s == nil || s.trace == nil || s.trace.hideOutput {
		return
	}
	text := s.trace.in.values.Of(v)
	s.change(func(d *span.Span) { d.Output = text })
}

// SetMetadata sets one key of the span's metadata.
func (s *Span) SetMetadata(key string, v any) {
	if s == nil || s.trace == nil {
		return
	}
	text := s.trace.in.values.Of(v)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		s.trace.in.late.Add(1)
		return
	}
	s.setMetadata(key, text)
}

func (s *Span) setMetadata(key string, v span.Value) {
	if s.metadata == nil {
		s.metadata = map[string]span.Value{}
	}
	if _, there := s.metadata[key]; !there && len(s.metadata) >= s.trace.in.values.MaxItems {
		s.left++
		return
	}
	s.metadata[key] = v
}

// Error says that err ended the work, or a part of it: the span is shown as failed. It does not end the span. nil
// changes nothing. An error may say more by a method SpanError() span.Error, found by errors.As.
func (s *Span) Error(err error) {
	if s == nil || s.trace == nil || err == nil {
		return
	}
	said := s.trace.errorOf(err)
	s.change(func(d *span.Span) { d.Error = said })
}

// errorOf asks an error, within the limits for values.
func (t *trace) errorOf(err error) *span.Error {
	var detailed interface {
		error
		SpanError() span.Error
	}
	var own *span.Error
	func() {
		defer func() { _ = recover() }()
		if errors.As(err, &detailed) {
			e := detailed.SpanError()
			own = &e
		}
	}()
	if own != nil {
		own.Details = t.in.values.Cut(own.Details)
		return own
	}
	text := t.in.values.Of(err) // it waits no longer than it may, and catches panics
	message, ok := text.Get("message").Text()
	if !ok {
		message, _ = text.Text()
	}
	return &span.Error{Message: message, Name: fmt.Sprintf("%T", err)}
}

// Event records a moment below the span, such as a chunk of a streamed answer: a span without a duration, which is
// exported at once. Its type follows from attributes, as in [Tracer.Start]; payload, any Go value, is its output.
func (s *Span) Event(name string, attributes span.Attributes, payload any) {
	if s == nil || s.trace == nil {
		return
	}
	t := s.trace
	event := &Span{trace: t}
	event.begin(s, nil, name, attributes, &settings{}, nil)
	d := event.data
	if d == nil {
		return // its type is excluded
	}
	s.mu.Lock()
	late := s.ended
	s.mu.Unlock()
	if late {
		t.in.late.Add(1)
		return
	}
	d.Event = true
	if !t.hideOutput {
		d.Output = t.in.values.Of(payload)
	}
	event.close()
}

// End ends the span and hands it over to be processed and exported. It does not wait for that. A second End does
// nothing.
func (s *Span) End() {
	if s == nil || s.trace == nil {
		return
	}
	s.close()
}

func (s *Span) close() {
	t := s.trace
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	s.ended = true
	d := s.data
	s.data = nil
	metadata, left := s.metadata, s.left
	if !s.passes {
		s.metadata = nil
	}
	s.mu.Unlock()
	if d == nil {
		return
	}
	d.CreatedAt = d.Start
	if !d.Event {
		d.End = t.now()
		d.CreatedAt = d.End
	}
	if len(metadata) > 0 {
		d.Metadata = t.in.values.Of(metadata)
	}
	if left > 0 {
		d.Metadata = d.Metadata.Set("__truncated", span.Text(fmt.Sprintf("%d more keys omitted", left)))
	}
	t.in.take(d)
}
