package span

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
)

// Attributes is what a span of one type has to say about its work. This package has one implementation for each span
// type; programs may add their own. Its methods must not keep their receiver or what it points to, nor the buffer:
// whoever calls them may have all of it on the stack, or use it again.
//
// In all of them a zero string, slice, time or [Value] says nothing and is left out. Numbers and booleans are pointers,
// because 0 and false are said on purpose: new(0.2), new(1024), new(true). nil says nothing.
type Attributes interface {
	// SpanType is the type of the spans that have these attributes: the same for all values of a Go type, except [Custom].
	SpanType() Type
	// AppendJSON appends the attributes as one JSON object.
	AppendJSON(buf []byte) []byte
}

// Custom is the attributes of a span type that this package does not know. [As] does not read it: its values are there.
type Custom struct {
	Type   Type
	Values Value // an object; null means {}
}

// SpanType returns c.Type.
func (c Custom) SpanType() Type { return c.Type }

// AppendJSON appends c.Values.
func (c Custom) AppendJSON(buf []byte) []byte {
	if c.Values.IsNull() {
		return append(buf, "{}"...)
	}
	return append(buf, c.Values...)
}

// Generic is a span of no particular kind, which has no attributes of its own.
type Generic struct{}

// SpanType returns [TypeGeneric].
func (Generic) SpanType() Type { return TypeGeneric }

// AppendJSON appends {}.
func (Generic) AppendJSON(buf []byte) []byte { return append(buf, "{}"...) }

// ErrType is matched by the error of [As] for a span of another type.
var ErrType = errors.New("span: attributes of another type")

// As reads the attributes of s as a T, for example As[ModelGeneration](s). The older llm_* spans read as their model_*
// types. Unknown keys stay in s.Attributes alone. A span of another type gives an error that matches [ErrType]; an
// attribute of the wrong JSON type gives an error that names it, with what could be read beside it.
func As[T Attributes](s *Span) (T, error) {
	var attributes T
	if want, have := attributes.SpanType(), s.Type.Canonical(); want != have {
		return attributes, fmt.Errorf("%w: want %s, have %s", ErrType, want, have)
	}
	if s.Attributes.IsNull() {
		return attributes, nil
	}
	if err := json.Unmarshal([]byte(s.Attributes), &attributes); err != nil {
		attributes = *new(T)
		err = readEach(s.Attributes, &attributes, err)
		return attributes, fmt.Errorf("span: attributes of %s: %w", s.Type, err)
	}
	return attributes, nil
}

// readEach reads one attribute after the other, since encoding/json stops at a date that is none, and does not say which.
// It returns the first error, and whole when only all of them together are wrong.
func readEach(v Value, attributes any, whole error) error {
	var first error
	for m := range v.members() {
		one := make([]byte, 0, len(m.whole)+len(m.value)+3)
		one = append(append(append(append(append(one, '{'), m.whole...), ':'), m.value...), '}')
		if err := json.Unmarshal(one, attributes); err != nil && first == nil {
			first = fmt.Errorf("%s: %w", fieldName(m.text()), err)
		}
	}
	return cmp.Or(first, whole)
}

// SetAttributes replaces the attributes of s and sets its type to theirs. If they name an agent, tool, workflow or step
// and s has no entity yet, that becomes its entity.
func (s *Span) SetAttributes(a Attributes) {
	s.Type = a.SpanType()
	scratch := scratches.Get().(*[]byte)
	text := a.AppendJSON((*scratch)[:0])
	s.Attributes = Value(text)
	giveBack(scratch, text)
	s.adoptEntity()
}

// MergeAttributes sets the attributes that a has something to say about, and keeps all others. The type of s stays.
func (s *Span) MergeAttributes(a Attributes) {
	s.Attributes = s.Attributes.Merge(Value(a.AppendJSON(nil)))
	s.adoptEntity()
}

// ownEntity is where the two generations keep what a span is about: 0.x in an attribute, 1.x in the entity.
func (t Type) ownEntity() (attribute string, entity EntityType) {
	switch t {
	case TypeAgentRun:
		return "agentId", EntityAgent
	case TypeToolCall, TypeMCPToolCall:
		return "toolId", EntityTool
	case TypeWorkflowRun:
		return "workflowId", EntityWorkflowRun
	case TypeWorkflowStep:
		return "stepId", EntityWorkflowStep
	}
	return "", ""
}

// adoptEntity makes the 0.x attribute the entity of a span that has none.
func (s *Span) adoptEntity() {
	attribute, entity := s.Type.ownEntity()
	if attribute == "" || s.EntityType != "" || s.EntityID != "" || s.EntityName != "" {
		return
	}
	if id, ok := s.Attributes.Get(attribute).Text(); ok && id != "" {
		s.EntityType, s.EntityID = entity, id
	}
}

// missingID is the other way: the 0.x attribute that the entity of s would fill, none when it is there already.
func (s *Span) missingID() (attribute string) {
	attribute, entity := s.Type.ownEntity()
	if attribute == "" || s.EntityType != entity || s.EntityID == "" {
		return ""
	}
	if !s.Attributes.IsNull() && !s.Attributes.IsObject() {
		return ""
	}
	for m := range s.Attributes.members() {
		if m.named(attribute) {
			return ""
		}
	}
	return attribute
}
