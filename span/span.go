package span

import (
	"slices"
	"sync"
	"time"
	"unsafe"
)

// Span is one piece of an agent's work. It travels as *Span. Before it is handed on it belongs to its maker; after
// that to the pipeline, which shares it read-only wherever its way forks.
//
// An empty string, a null [Value], a zero time and an empty list mean that there is none.
type Span struct {
	TraceID          TraceID // required
	ID               ID      // required
	ParentID         ID      // none for the root of a trace
	ExternalParentID ID      // the parent in another tracing system; 1.x

	Name string
	Type Type

	EntityType EntityType // what the work belongs to, inherited from the parent; 1.x
	EntityID   string
	EntityName string

	Attributes     Value // what the span's type has to say, see [As] and [Span.SetAttributes]
	Metadata       Value // what the program has to say; inherited from the parent in 1.x
	RequestContext Value // 1.x

	Start time.Time
	End   time.Time // none for an event, and for a span that still runs

	Input  Value
	Output Value
	Error  *Error // nil: no error

	Event bool     // a moment without a duration; its payload is Output
	Root  bool     // the first span of its trace; when a record does not say, a span without a parent is one
	Nanos bool     // Start and End are written to the nanosecond in records of 1.x, not cut to milliseconds as Mastra's are
	Tags  []string // of a root; 1.x

	CreatedAt time.Time // the sender's clock when it took the span into its buffer
	UpdatedAt time.Time // never set by the known senders

	// Extra holds the record keys that this package does not know, in their order. A key that it does know is refused
	// by the encoder.
	Extra []Field

	seal seal
}

// Error is what went wrong in a span.
type Error struct {
	Message  string
	ID       string // such as TOOL_EXECUTION_FAILED
	Domain   string // such as TOOL, AGENT, LLM
	Category string // such as USER, SYSTEM, THIRD_PARTY
	Details  Value
	Name     string  // such as TypeError; 1.x
	Stack    string  // 1.x
	Extra    []Field // further keys, in their order
}

// Field is one key and its value.
type Field struct {
	Key   string
	Value Value
}

// seal remembers what Freeze has checked. The encoder copies a value that is still the same one, and checks any that
// was put in its place later: a stage that forgets to freeze again costs time, not the body.
type seal struct {
	frozen                                                       bool
	size                                                         int
	attributes, metadata, requestContext, input, output, details Value
}

// Freeze checks the span's values, brings them into compact form, and fixes what [Span.Size] says. End freezes a
// span's values and so its size. A value that is not valid JSON stays as it is and is refused when the span is
// encoded. Whoever changes a frozen span may freeze it again; until then its size stays the old one.
func (s *Span) Freeze() {
	scratch := scratches.Get().(*[]byte)
	s.Attributes, s.seal.attributes = checked(s.Attributes, scratch)
	s.Metadata, s.seal.metadata = checked(s.Metadata, scratch)
	s.RequestContext, s.seal.requestContext = checked(s.RequestContext, scratch)
	s.Input, s.seal.input = checked(s.Input, scratch)
	s.Output, s.seal.output = checked(s.Output, scratch)
	if s.Error != nil {
		s.Error.Details, s.seal.details = checked(s.Error.Details, scratch)
	}
	giveBack(scratch, *scratch)
	s.seal.size = s.measure()
	s.seal.frozen = true
}

// scratches are buffers that values are made or checked in.
var scratches = sync.Pool{New: func() any { return new([]byte) }}

// giveBack keeps a buffer for the next who needs one. One large value must not keep its room for ever.
func giveBack(scratch *[]byte, used []byte) {
	if cap(used) <= 64<<10 {
		*scratch = used[:0]
		scratches.Put(scratch)
	}
}

// checked returns v in compact form, and the same again if it is valid.
func checked(v Value, scratch *[]byte) (kept, seal Value) {
	if v.IsNull() {
		return "", ""
	}
	out, err := appendCompact(slices.Grow((*scratch)[:0], len(v)), string(v), maxDepth)
	if err != nil {
		return v, ""
	}
	*scratch = out
	if string(out) != string(v) {
		v = Value(out)
	}
	if v.IsNull() {
		return "", ""
	}
	return v, v
}

// Frozen reports whether [Span.Freeze] has fixed the span's size.
func (s *Span) Frozen() bool { return s.seal.frozen }

// Size estimates the bytes that the span takes, in memory and, within some tens of percent, on the wire: its struct and
// the text it holds. It costs nothing once the span is frozen; before, it is added up at each call.
func (s *Span) Size() int {
	if s.seal.frozen {
		return s.seal.size
	}
	return s.measure()
}

func (s *Span) measure() int {
	n := int(unsafe.Sizeof(*s)) +
		len(s.TraceID) + len(s.ID) + len(s.ParentID) + len(s.ExternalParentID) + len(s.Name) + len(s.Type) +
		len(s.EntityType) + len(s.EntityID) + len(s.EntityName) +
		len(s.Attributes) + len(s.Metadata) + len(s.RequestContext) + len(s.Input) + len(s.Output)
	for _, tag := range s.Tags {
		n += int(unsafe.Sizeof(tag)) + len(tag)
	}
	if e := s.Error; e != nil {
		n += int(unsafe.Sizeof(*e)) + len(e.Message) + len(e.ID) + len(e.Domain) + len(e.Category) + len(e.Details) +
			len(e.Name) + len(e.Stack) + sizeOf(e.Extra)
	}
	return n + sizeOf(s.Extra)
}

func sizeOf(fields []Field) int {
	n := 0
	for _, f := range fields {
		n += int(unsafe.Sizeof(f)) + len(f.Key) + len(f.Value)
	}
	return n
}

// Clone returns a copy that may be changed without an effect on s. Text is shared, since it never changes.
func (s *Span) Clone() *Span {
	c := *s
	c.Tags = slices.Clone(s.Tags)
	c.Extra = slices.Clone(s.Extra)
	if s.Error != nil {
		e := *s.Error
		e.Extra = slices.Clone(s.Error.Extra)
		c.Error = &e
	}
	return &c
}

// Duration is the time from Start to End: 0 for an event, for a span without an end, and where skewed clocks make the
// end come first.
func (s *Span) Duration() time.Duration {
	if s.Event || s.Start.IsZero() || s.End.IsZero() {
		return 0
	}
	return max(0, s.End.Sub(s.Start))
}

// ToolName is the name of the tool that a tool span called: its toolId, else its entity if that is a tool, else the
// span's name.
func (s *Span) ToolName() string {
	if id, ok := s.Attributes.Get("toolId").Text(); ok && id != "" {
		return id
	}
	if s.EntityType == EntityTool {
		if s.EntityName != "" {
			return s.EntityName
		}
		if s.EntityID != "" {
			return s.EntityID
		}
	}
	return s.Name
}

// StepID names the step that a workflow step span ran: its stepId, else its entity if that is a step, else the span's
// name.
func (s *Span) StepID() string {
	if id, ok := s.Attributes.Get("stepId").Text(); ok && id != "" {
		return id
	}
	if s.EntityType == EntityWorkflowStep && s.EntityID != "" {
		return s.EntityID
	}
	return s.Name
}
