package span

import (
	"slices"
	"strings"
)

// genAIReader takes attributes away as their meaning is found; what stays is metadata. It looks each name up once, in a
// table of all that a rule knows, since a span has few attributes and the rules know many names.
type genAIReader struct {
	in    []Field
	slots []uint8        // the slot of each name; 0 for one that no rule knows
	at    [maxSlots]int  // by slot: 1 + where its attribute is, of several the last; 0 for none, or once it is taken
	own   string         // mastra.<type>., which begins the names of the type's own attributes
	many  map[string]int // where each unknown name is last, when a search would take too long
}

// nameSlots numbers the names that reading knows, from 1.
var nameSlots = map[string]uint8{}

const maxSlots = 128

// slotsOf numbers names, in the order in which a later one beats an earlier one.
func slotsOf(names ...string) []uint8 {
	var slots []uint8
	for _, name := range names {
		if name == "" {
			continue
		}
		if nameSlots[name] == 0 {
			nameSlots[name] = uint8(len(nameSlots) + 1)
		}
		slots = append(slots, nameSlots[name])
	}
	return slots
}

// The slots of what has no row in a table.
var (
	slotsSpanType     = slotsOf("mastra.span.type")
	slotsOperation    = slotsOf("gen_ai.operation.name")
	slotsMCP          = slotsOf("mcp.server")
	slotsAgentID      = slotsOf("agent.id", "gen_ai.agent.id")
	slotsAgentName    = slotsOf("gen_ai.agent.name")
	slotsToolName     = slotsOf("gen_ai.tool.name")
	slotsConversation = slotsOf("gen_ai.conversation.id")
	slotsTags         = slotsOf("mastra.tags")
	slotsErrorType    = slotsOf("error.type")
	slotsErrorMessage = slotsOf("error.message")
	slotsErrorDomain  = slotsOf("error.domain")
	slotsErrorGroup   = slotsOf("error.category")
)

func (r *genAIReader) open(in []Field) {
	r.in = in
	for i, f := range in {
		slot := nameSlots[f.Key]
		r.slots = append(r.slots, slot)
		if slot != 0 {
			r.at[slot] = i + 1
		}
	}
}

// take takes the attributes of all these slots and returns the last one that has a value.
func (r *genAIReader) take(slots []uint8) Value {
	var found Value
	for _, slot := range slots {
		if i := r.at[slot]; i > 0 {
			r.at[slot] = 0
			if v := r.in[i-1].Value; !v.IsNull() {
				found = v
			}
		}
	}
	return found
}

func (r *genAIReader) takeText(slots []uint8) string { return textOf(r.take(slots)) }

// spanType is what the sender says, else what the operation is.
func (r *genAIReader) spanType() Type {
	operation := r.takeText(slotsOperation)
	if t := r.takeText(slotsSpanType); t != "" {
		return Type(t)
	}
	t := operationType(operation)
	if t == TypeToolCall && r.at[slotsMCP[0]] > 0 {
		return TypeMCPToolCall
	}
	return t
}

func (r *genAIReader) identity(s *Span, typ Type) {
	agent, name := r.takeText(slotsAgentID), r.takeText(slotsAgentName)
	if agent != "" || name != "" {
		s.EntityType, s.EntityID, s.EntityName = EntityAgent, agent, name
	}
	if slices.Contains(toolTypes, typ) {
		if tool := r.takeText(slotsToolName); tool != "" {
			s.EntityType, s.EntityID, s.EntityName = EntityTool, tool, tool
		}
	}
	for tag := range fromJSONText(r.take(slotsTags)).Elements() {
		s.Tags = append(s.Tags, textOf(tag))
	}
}

// attributes writes the attributes that have names of their own.
func (r *genAIReader) attributes(typ Type) Value {
	w := pathWriter{newObject(make([]byte, 0, 256)), nil}
	for i := range attributeRows {
		if row := &attributeRows[i]; row.isFor(typ) {
			if v := through(row.from, r.take(attributeSlots[i].read)); !v.IsNull() {
				w.value(attributeSlots[i].path, v)
			}
		}
	}
	for i := range usageRows {
		if v := r.take(usageSlots[i].read); !v.IsNull() {
			w.value(usageSlots[i].path, v)
		}
	}
	return w.close()
}

// rowSlots is a row of a table, ready to be read.
type rowSlots struct {
	read []uint8
	path []string
}

var (
	attributeSlots = func() (slots []rowSlots) {
		for _, row := range attributeRows {
			slots = append(slots, rowSlots{slotsOf(append(slices.Clone(row.older), row.name)...), strings.Split(row.path, ".")})
		}
		return slots
	}()
	usageSlots = func() (slots []rowSlots) {
		for _, row := range usageRows {
			slots = append(slots, rowSlots{slotsOf(append(slices.Clone(row.older), row.name)...), strings.Split(row.paths[0], ".")})
		}
		return slots
	}()
)

// pathWriter writes members at paths. Those of one inner object follow each other.
type pathWriter struct {
	object
	within []string
}

func (w *pathWriter) value(path []string, v Value) {
	inner := path[:len(path)-1]
	same := 0
	for same < len(inner) && same < len(w.within) && inner[same] == w.within[same] {
		same++
	}
	for range len(w.within) - same {
		w.buf = append(w.buf, '}')
	}
	for _, key := range inner[same:] {
		w.key(key)
		w.buf = append(w.buf, '{')
	}
	w.within = inner
	w.object.value(path[len(path)-1], v)
}

func (w *pathWriter) close() Value {
	for range w.within {
		w.buf = append(w.buf, '}')
	}
	if len(w.buf) == 1 {
		return "{}" // rather than the room for it
	}
	return Value(view(w.object.close()))
}

func (r *genAIReader) payload(typ Type, names *payloadNames, messages func(Value) Value) Value {
	plain := r.take(names.otherSlots)
	if own := r.takeOwn(names.other[0]); !own.IsNull() {
		plain = own
	}
	if slices.Contains(modelTypes, typ) {
		if v := r.take(names.modelSlots); !v.IsNull() {
			return messages(fromPayloadText(v))
		}
	}
	if slices.Contains(toolTypes, typ) {
		if v := r.take(names.toolSlots); !v.IsNull() {
			plain = v
		}
	}
	return fromPayloadText(plain)
}

// takeOwn finds the attribute mastra.<type>.<name>. rest leaves it out.
func (r *genAIReader) takeOwn(name string) (found Value) {
	for i, f := range r.in {
		if r.slots[i] == 0 && len(f.Key) == len(r.own)+len(name) && strings.HasSuffix(f.Key, name) && strings.HasPrefix(f.Key, r.own) {
			found = f.Value
		}
	}
	return found
}

func (r *genAIReader) error(g GenAI) *Error {
	id, message := r.takeText(slotsErrorType), r.takeText(slotsErrorMessage)
	domain, category := r.takeText(slotsErrorDomain), r.takeText(slotsErrorGroup)
	if !g.Failed && id+message+domain+category == "" {
		return nil
	}
	if message == "" {
		message = g.StatusMessage
	}
	if id == "unknown" {
		id = ""
	}
	return &Error{ID: id, Message: message, Domain: domain, Category: category}
}

// rest gives every attribute that is left a place: mastra.<type>.* among the attributes, all others in the metadata.
func (r *genAIReader) rest(s *Span) {
	var own object
	metadata := newObject(make([]byte, 0, r.room()))
	if thread := r.take(slotsConversation); !thread.IsNull() {
		metadata.value("threadId", thread)
	}
	again := false // a key may be there twice
	for i, f := range r.in {
		slot := r.slots[i]
		if f.Value.IsNull() || slot != 0 && r.at[slot] != i+1 || slot == 0 && r.repeated(i) {
			continue // taken before, or not the last of its name
		}
		if key, ok := strings.CutPrefix(f.Key, r.own); ok {
			if key == inputNames.other[0] || key == outputNames.other[0] {
				continue
			}
			if own.buf == nil {
				own = newObject(nil)
			}
			own.member(camel(key), fromJSONText(f.Value))
			continue
		}
		key, prefixed := strings.CutPrefix(f.Key, metadataPrefix)
		again = again || prefixed || key == "threadId"
		metadata.member(key, f.Value)
	}
	if own.buf != nil {
		s.Attributes = s.Attributes.merge(Value(own.close()), true)
	}
	s.Metadata = ""
	if len(metadata.buf) > 1 {
		s.Metadata = Value(view(metadata.close()))
	}
	if again {
		s.Metadata = Value("").Merge(s.Metadata)
	}
}

// room is what the metadata need at most, unless keys have escapes.
func (r *genAIReader) room() int {
	n := 2
	for i, f := range r.in {
		if slot := r.slots[i]; slot == 0 || r.at[slot] == i+1 {
			n += len(f.Key) + len(f.Value) + len(`"":,`)
		}
	}
	return n
}

// repeated reports whether an unknown name comes again further on.
func (r *genAIReader) repeated(i int) bool {
	const few = 48
	if len(r.in) <= few {
		for _, f := range r.in[i+1:] {
			if f.Key == r.in[i].Key {
				return true
			}
		}
		return false
	}
	if r.many == nil {
		r.many = make(map[string]int, len(r.in))
		for j, f := range r.in {
			r.many[f.Key] = j
		}
	}
	return r.many[r.in[i].Key] != i
}
