package observability

import (
	"github.com/tailrace-go/tailrace/span"
)

// Option says more about a span that starts. Those that are about a whole trace have no effect on a span below
// another; [ContextWithRun] gives them to a trace that somebody else's code starts.
type Option struct {
	kind  optionKind
	text  string
	more  string
	third string
	value any
	many  map[string]any
	list  []string
}

type optionKind uint8

const (
	_ optionKind = iota
	optionInput
	optionMetadata
	optionEntity
	optionTags
	optionTraceID
	optionParentID
	optionKeys
	optionHideInput
	optionHideOutput
	optionRootName
)

// WithInput says what the work was given: any Go value, which is copied as [span.Of] does.
func WithInput(v any) Option { return Option{kind: optionInput, value: v} }

// WithMetadata adds to the metadata of the span. Later options replace the keys of earlier ones. The metadata of a span
// stands for all spans below it, and is written once: there.
func WithMetadata(m map[string]any) Option { return Option{kind: optionMetadata, many: m} }

// WithEntity says what the work belongs to, such as an agent. Spans below inherit it unless they have their own.
func WithEntity(typ span.EntityType, id, name string) Option {
	return Option{kind: optionEntity, text: string(typ), more: id, third: name}
}

// WithTags adds tags to the trace. They are written on its first span.
func WithTags(tags ...string) Option { return Option{kind: optionTags, list: tags} }

// WithTraceID makes the trace part of one that another tracing system has begun: 1 to 32 hex digits, which are padded to
// the 32 of W3C. An id that is none is not used, which is logged once.
func WithTraceID(id span.TraceID) Option { return Option{kind: optionTraceID, text: string(id)} }

// WithParentID names the parent of the first span in another tracing system: 1 to 16 hex digits, padded to 16. Dashboards
// still show the span as the first of its trace. For a parent that is exported to the same place, see [Extract].
func WithParentID(id span.ID) Option { return Option{kind: optionParentID, text: string(id)} }

// WithRequestContextKeys adds to [Instance.RequestContextKeys] for one trace.
func WithRequestContextKeys(keys ...string) Option { return Option{kind: optionKeys, list: keys} }

// WithHiddenInput leaves out the input of every span of the trace.
func WithHiddenInput() Option { return Option{kind: optionHideInput} }

// WithHiddenOutput leaves out the output of every span of the trace.
func WithHiddenOutput() Option { return Option{kind: optionHideOutput} }

// WithRootName names the first span of the trace, whatever Start is given.
func WithRootName(name string) Option { return Option{kind: optionRootName, text: name} }

// settings is what options come to.
type settings struct {
	input                 any
	hasInput              bool
	metadata              map[string]any
	entity                entity
	tags, keys            []string
	traceID               span.TraceID
	parentID              span.ID
	hideInput, hideOutput bool
	rootName              string
}

type entity struct {
	typ      span.EntityType
	id, name string
}

func (s *settings) apply(opts []Option) {
	for n := range opts {
		o := &opts[n]
		switch o.kind {
		case optionInput:
			s.input, s.hasInput = o.value, true
		case optionMetadata:
			s.metadata = joined(s.metadata, o.many)
		case optionEntity:
			s.entity = entity{span.EntityType(o.text), o.more, o.third}
		case optionTags:
			s.tags = append(s.tags[:len(s.tags):len(s.tags)], o.list...)
		case optionKeys:
			s.keys = append(s.keys[:len(s.keys):len(s.keys)], o.list...)
		case optionTraceID:
			s.traceID = span.TraceID(o.text)
		case optionParentID:
			s.parentID = span.ID(o.text)
		case optionHideInput:
			s.hideInput = true
		case optionHideOutput:
			s.hideOutput = true
		case optionRootName:
			s.rootName = o.text
		}
	}
}

// joined has the keys of both, those of b in front of those of a. It changes neither.
func joined(a, b map[string]any) map[string]any {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	all := make(map[string]any, len(a)+len(b))
	for key, v := range a {
		all[key] = v
	}
	for key, v := range b {
		all[key] = v
	}
	return all
}
