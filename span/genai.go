package span

import (
	"slices"
	"strings"
)

// Kind is the OpenTelemetry span kind.
type Kind uint8

// The kinds that spans of agents have; the numbers are those of OTLP.
const (
	KindInternal Kind = 1
	KindServer   Kind = 2
	KindClient   Kind = 3
)

// GenAI is what the OpenTelemetry span of a [Span] says beside its ids, name and times.
type GenAI struct {
	Kind          Kind
	Failed        bool   // status code 2, error
	StatusMessage string // of a failed span
	Attributes    []Field
}

// ToGenAI describes s in the attributes of the OpenTelemetry GenAI conventions, and in mastra.* where they have no name.
// Values are strings, numbers and booleans; metadata keep any JSON type.
//
// An attribute of s without a name of its own becomes mastra.<type>.<snake_case>, with arrays and objects as JSON text;
// metadata become attributes of their own name, or mastra.metadata.<name> where that name means something else. Lost
// are the request context, extra keys, an error's name, details and stack, an entity that is not the span's own agent,
// tool, workflow or step, and the parts of a model's input and output that messages cannot say (files, sources,
// warnings, an object). Ids are not padded here, see [TraceID.W3C].
func ToGenAI(s *Span) GenAI {
	w := genAIWriter{span: s, typ: s.Type.Canonical(), out: make([]Field, 0, 24)}
	w.attributes.read(s.Attributes)
	w.add("mastra.span.type", Text(string(s.Type)))
	w.add("gen_ai.operation.name", Text(operationName(w.typ)))
	w.identity()
	w.named()
	w.payload(inputNames, s.Input, toMessages)
	w.payload(outputNames, s.Output, toAnswer)
	w.rest()
	g := GenAI{Kind: s.kind()}
	if s.Error != nil {
		g.Failed, g.StatusMessage = true, s.Error.Message
		w.error(s.Error)
	}
	w.metadata()
	g.Attributes = w.out
	return g
}

// FromGenAI fills s, whose ids, name, parent and times are set, with what an OpenTelemetry span says about it: the
// reverse of [ToGenAI], and it reads the older names of the attributes too, and those of OpenInference where the span
// has its openinference.span.kind. What no rule knows becomes metadata, as it is. A span of an unknown operation is
// generic.
func FromGenAI(s *Span, g GenAI) {
	var few [48]uint8
	r := genAIReader{slots: few[:0]}
	r.open(g.Attributes)
	if i := r.at[slotsOpenInference[0]]; i > 0 {
		kind := textOf(g.Attributes[i-1].Value)
		r = genAIReader{slots: few[:0]}
		r.open(fromOpenInference(g.Attributes, kind))
	}
	s.Type = r.spanType()
	typ := s.Type.Canonical()
	r.own = "mastra." + string(typ) + "."
	r.identity(s, typ)
	s.Attributes = r.attributes(typ)
	s.Input = r.payload(typ, &inputNames, fromMessages)
	s.Output = r.payload(typ, &outputNames, fromAnswer)
	s.Error = r.error(g)
	r.rest(s)
	s.adoptEntity()
}

// kind is CLIENT for calls to a model or a server elsewhere, SERVER for work that a request began.
func (s *Span) kind() Kind {
	switch s.Type.Canonical() {
	case TypeModelGeneration, TypeModelChunk, TypeMCPToolCall:
		return KindClient
	case TypeAgentRun, TypeWorkflowRun:
		if s.Root {
			return KindServer
		}
	}
	return KindInternal
}

// operations name the span types that the conventions know; other spellings are read too. Where one name stands for
// several types, the first here is the one that reading gives.
var operations = []struct {
	typ   Type
	name  string
	older []string
}{
	{TypeModelGeneration, "chat", []string{"text_completion", "generate_content", "tool_selection"}},
	{TypeModelInference, "chat", nil},
	{TypeRAGEmbedding, "embeddings", nil},
	{TypeToolCall, "execute_tool", []string{"tool.execute"}},
	{TypeMCPToolCall, "execute_tool", nil},
	{TypeProviderToolCall, "execute_tool", nil},
	{TypeAgentRun, "invoke_agent", []string{"agent.run"}},
	{TypeWorkflowRun, "invoke_workflow", []string{"workflow.run"}},
	{TypeModelStep, "agent_step", nil},
}

func operationName(t Type) string {
	for _, op := range operations {
		if op.typ == t {
			return op.name
		}
	}
	return string(t)
}

// operationType is the reverse; a span that no type fits is generic.
func operationType(name string) Type {
	for _, op := range operations {
		if name == op.name || slices.Contains(op.older, name) {
			return op.typ
		}
	}
	if t := Type(strings.ReplaceAll(name, ".", "_")); t.Known() {
		return t
	}
	return TypeGeneric
}
