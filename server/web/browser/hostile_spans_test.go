package browser

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
)

// object is JSON to be.
type object = map[string]any

// jsonOf writes what is sent, with halves of surrogate pairs where payloads have {S}.
func jsonOf(t T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return []byte(strings.ReplaceAll(string(text), "{S}", `\ud800`))
}

// Each trace of the tests has another first digit.
func rowTrace(i int) string { return fmt.Sprintf("a%031x", i) }

const (
	wideTrace = "b0000000000000000000000000000001"
	deepTrace = "c0000000000000000000000000000001"
	oddTrace  = "d0000000000000000000000000000001"
	longTrace = "e0000000000000000000000000000001" // beside the deep one in a comparison
)

func spanID(n int) string { return fmt.Sprintf("%016x", n+1) }

// writer makes span records as exporters send them, a second of work each.
type writer struct {
	c     corpus
	now   time.Time
	spans []object
}

func (w *writer) add(trace string, n, parent int, more object) {
	start := w.now.Add(time.Duration(n) * time.Millisecond)
	s := object{
		"traceId": trace, "spanId": spanID(n), "name": fmt.Sprintf("span %d", n), "spanType": "generic",
		"startedAt": start.Format(time.RFC3339Nano), "endedAt": start.Add(time.Second).Format(time.RFC3339Nano), "isEvent": false,
	}
	if parent >= 0 {
		s["parentSpanId"] = spanID(parent)
	}
	maps.Copy(s, more)
	w.spans = append(w.spans, s)
}

// errorFields are the texts of an error. Each takes another payload, so that a few errors have all payloads among them.
var errorFields = []string{"message", "errorid", "domain", "category", "errorname", "stack", "detailkey", "detail", "morekey", "more"}

// errorStep is how far the payloads of two fields of one error are apart.
func (c corpus) errorStep() int { return len(c.payloads)/8 + 1 }

// problem is an error whose every text is hostile.
func (w *writer) problem(i int) object {
	at := func(k int) string { return w.c.at(i+k*w.c.errorStep(), errorFields[k]) }
	return object{
		"message": at(0), "id": at(1), "domain": at(2), "category": at(3), "name": at(4), "stack": at(5), "details": object{at(6): at(7)}, "more " + at(8): at(9),
	}
}

// rows are a trace for each payload, whose every text on the list is hostile. Facets of one trace are bounded, so each has
// one of each kind. Fields take payloads that are neighbours, so that no row is of one mind.
func (w *writer) rows() {
	for i := range w.c.payloads {
		at := func(step int, field string) string { return w.c.at(i+step, field) }
		w.add(rowTrace(i), 0, -1, object{
			"startedAt": w.now.Add(-2 * time.Duration(i) * time.Second).Format(time.RFC3339Nano), "endedAt": w.now.Add(-2*time.Duration(i)*time.Second + 5e8).Format(time.RFC3339Nano),
			"name": at(0, "name"), "spanType": "model_generation", "tags": []string{at(5, "tag"), "t " + at(6, "tagb")},
			"attributes": object{"model": at(4, "model"), "provider": at(7, "provider"), "usage": object{"inputTokens": i + 1, "outputTokens": 3}},
			"metadata": object{
				"serviceName": at(1, "service"), "userId": at(2, "user"), "threadId": at(3, "thread"), "environment": at(8, "environment"),
				at(9, "metakey"): at(10, "metavalue"),
			},
			"input": object{"messages": []object{{"role": "user", "content": at(11, "preview")}}},
		})
		if i%3 == 0 {
			w.spans[len(w.spans)-1]["errorInfo"] = w.problem(i)
		}
	}
}

// wide is a trace with a span for each payload: all that a span has once.
func (w *writer) wide() {
	w.add(wideTrace, 0, -1, object{"name": "wide", "spanType": "agent_run", "endedAt": w.now.Add(time.Minute).Format(time.RFC3339Nano)})
	for i := range w.c.payloads {
		at := func(field string) string { return w.c.at(i, field) }
		s := object{
			"name": at("name"), "spanType": "model_generation", "entityType": "agent", "entityId": at("entityid"), "entityName": at("entity"),
			"externalParentSpanId": at("external"),
			"attributes":           object{"model": at("model"), "provider": at("provider"), "finishReason": at("finish"), at("attributekey"): at("attribute")},
			"metadata":             object{"serviceName": at("service"), at("metakey"): at("metavalue")},
			"requestContext":       object{at("contextkey"): at("context")},
			"tags":                 []string{at("tag")},
			"input":                at("input"), "output": at("output"),
			"errorInfo":               w.problem(i),
			"events":                  []object{{"name": at("event"), "time": at("eventtime"), "attributes": object{at("eventkey"): at("eventvalue")}}},
			"extra " + at("extrakey"): at("extra"),
		}
		switch i % 4 {
		case 1:
			s["spanType"] = at("type")
		case 2:
			s["spanType"], s["entityType"] = "tool_call", at("entitytype")
			s["attributes"].(object)["toolName"] = at("tool")
		case 3:
			if i > w.c.errorStep() {
				delete(s, "errorInfo")
			}
		}
		w.add(wideTrace, i+1, 0, s)
		if i%7 == 0 {
			w.spans[len(w.spans)-1]["parentSpanId"] = at("parent") // what is no id stays as it is
		}
	}
}

// The spans of the deep trace, which have all payloads in one value.
const (
	deepRoot = iota
	deepTexts
	deepRoles
	deepParts
	deepCalls
	deepOpenAI
	deepAnthropic
	deepGenAI
	deepMetadata
	deepMetadataB
	deepAttributes
	deepAttributesB
	deepEvents
	deepKeys
	deepMedia
	deepAnswer
	deepSpans
)

// deep is a trace of few spans that say everything: conversations in the shapes that clients have, and objects with a key
// for each payload. Each payload is there, in each place.
func (w *writer) deep(trace string) {
	every := func(from, step int, one func(i int, at func(field string) string) any) (list []any) {
		for i := from; i < len(w.c.payloads); i += step {
			list = append(list, one(i, func(field string) string { return w.c.at(i, field) }))
		}
		return list
	}
	all := func(one func(i int, at func(field string) string) any) []any { return every(0, 1, one) }
	keys := func(from, to int, key, value string) object {
		o := object{}
		for i := from; i < to; i++ {
			o[w.c.at(i, key)] = w.c.at(i, value)
		}
		return o
	}
	half := len(w.c.payloads) / 2
	bare := object{}
	for i, key := range hostileKeys {
		bare[key] = object{key: object{"polluted": w.c.at(i, "bare"), key: []string{w.c.at(i, "barelist")}}}
	}
	model := object{"model": "m", "provider": "p"}
	add := func(n int, more object) {
		w.add(trace, n, deepRoot, object{"spanType": "model_generation", "attributes": model})
		maps.Copy(w.spans[len(w.spans)-1], more)
	}
	w.add(trace, deepRoot, -1, object{"name": "deep " + w.c.at(0, "name"), "spanType": "agent_run", "endedAt": w.now.Add(time.Minute).Format(time.RFC3339Nano),
		"metadata": object{"threadId": w.c.at(1, "thread"), "userId": w.c.at(2, "user")}, "input": object{"messages": []object{{"role": "user", "content": w.c.at(3, "preview")}}}})
	add(deepTexts, object{"input": object{"messages": all(func(i int, at func(string) string) any {
		return object{"role": [...]string{"system", "user", "assistant", "tool"}[i%4], "content": at("text")}
	})}, "output": object{"text": w.c.at(1, "answer")}})
	add(deepRoles, object{"input": all(func(_ int, at func(string) string) any {
		return object{"role": at("role"), "name": at("speaker"), "content": []object{{"type": "text", "text": at("part")}}}
	})})
	add(deepParts, object{"input": all(func(_ int, at func(string) string) any {
		return object{"role": "user", "content": []object{{"type": at("parttype"), "text": at("odd"), at("partkey"): at("partvalue")}, {"type": "reasoning", "text": at("reasoning")}}}
	})})
	add(deepCalls, object{"input": all(func(i int, at func(string) string) any {
		if i%2 == 0 {
			return object{"role": "assistant", "content": []object{{"type": "tool-call", "toolCallId": at("callid"), "toolName": at("tool"), "args": object{at("argkey"): at("arg")}}}}
		}
		return object{"role": "tool", "content": []object{{"type": "tool-result", "toolCallId": at("callid"), "toolName": at("tool"), "result": at("result")}}}
	})})
	add(deepOpenAI, object{"input": object{"messages": every(0, 3, func(i int, at func(string) string) any {
		if i%2 == 0 {
			return object{"role": "assistant", "content": nil, "tool_calls": []object{{"id": at("callid"), "type": "function", "function": object{"name": at("tool"), "arguments": at("arguments")}}}}
		}
		return object{"role": "tool", "tool_call_id": at("callid"), "content": at("result"), "refusal": at("refusal")}
	})}})
	add(deepAnthropic, object{"input": object{"system": w.c.at(2, "system"), "messages": every(1, 3, func(i int, at func(string) string) any {
		if i%2 == 0 {
			return object{"role": "assistant", "content": []object{{"type": "thinking", "thinking": at("reasoning")}, {"type": "tool_use", "id": at("callid"), "name": at("tool"), "input": object{at("argkey"): at("arg")}}}}
		}
		return object{"role": "user", "content": []object{{"type": "tool_result", "tool_use_id": at("callid"), "content": []object{{"type": "text", "text": at("result")}}, "is_error": true}}}
	})}})
	add(deepGenAI, object{"input": every(2, 3, func(i int, at func(string) string) any {
		if i%2 == 0 {
			return object{"role": "assistant", "parts": []object{{"type": "tool_call", "id": at("callid"), "name": at("tool"), "arguments": object{at("argkey"): at("arg")}}}}
		}
		return object{"role": "user", "parts": []object{{"type": "text", "content": at("text")}, {"functionResponse": object{"name": at("tool"), "response": object{"r": at("result")}}}}}
	})})
	add(deepMetadata, object{"metadata": keys(0, half, "metakey", "metavalue")})
	add(deepMetadataB, object{"metadata": keys(half, len(w.c.payloads), "metakey", "metavalue"), "requestContext": keys(0, half, "contextkey", "context")})
	add(deepAttributes, object{"attributes": keys(0, half, "attributekey", "attribute")})
	add(deepAttributesB, object{"attributes": keys(half, len(w.c.payloads), "attributekey", "attribute")})
	add(deepEvents, object{"events": all(func(_ int, at func(string) string) any {
		return object{"name": at("event"), "time": w.now.Format(time.RFC3339Nano), "attributes": object{at("eventkey"): at("eventvalue")}}
	})})
	add(deepKeys, object{"input": bare, "output": bare, "metadata": bare, "attributes": bare, "requestContext": bare, "errorInfo": object{"message": "bare keys", "details": bare}, "events": []object{bare}})
	for key := range bare {
		if _, known := w.spans[len(w.spans)-1][key]; !known && key != "type" { // type is a name of spanType
			w.spans[len(w.spans)-1][key] = bare[key]
		}
	}
	add(deepMedia, object{"input": object{"messages": all(func(i int, at func(string) string) any {
		part := [...]object{
			{"type": "image_url", "image_url": object{"url": at("url")}},
			{"type": "image", "image": at("url"), "mediaType": at("media")},
			{"type": "file", "data": w.c.beacon + "/" + at("url"), "mediaType": "image/png"},
			{"inlineData": object{"mimeType": "image/svg+xml", "data": at("url")}},
			{"type": "file", "url": w.c.beacon + "/file.png?" + at("url"), "filename": at("filename")},
		}[i%5]
		return object{"role": "user", "content": []object{part}}
	})}})
	add(deepAnswer, object{"input": w.c.at(3, "input"), "output": object{
		"text": w.c.at(4, "answer"), "reasoning": w.c.at(5, "reasoning"), "object": keys(0, 20, "objectkey", "objectvalue"),
		"toolCalls": []object{{"toolCallId": "1", "toolName": w.c.at(6, "tool"), "args": w.c.at(7, "arg")}}, "files": []object{{"url": w.c.beacon + "/file.png", "mediaType": "image/png"}},
	}})
}

// odd is a trace of values that are not of the kind that they should be: they must not break the page.
func (w *writer) odd() {
	w.add(oddTrace, 0, -1, object{"name": "odd", "spanType": "agent_run", "endedAt": w.now.Add(time.Minute).Format(time.RFC3339Nano)})
	for i, value := range oddValues {
		text := func(field string) any { return value }
		w.add(oddTrace, 2*i+1, 0, object{
			"spanType": "model_generation", "name": fmt.Sprintf("odd %d", i),
			"attributes": object{"model": text("m"), "provider": value, "finishReason": value, "completionStartTime": value, "usage": value, "toolName": value, "instructions": value, "costContext": value},
			"metadata":   object{"serviceName": value, "userId": value, "threadId": value, "environment": value, "k": value},
			"input":      object{"system": value, "messages": []any{value, object{"role": value, "content": value}, object{"role": "user", "content": value, "refusal": value}, object{"role": "assistant", "content": []any{value, object{"type": value, "text": value}}, "tool_calls": value}, object{"role": "tool", "tool_call_id": value, "content": value}, object{"role": "assistant", "content": []any{object{"type": "tool-call", "toolName": value, "toolCallId": value, "args": value}, object{"type": "tool-result", "toolName": value, "output": object{"type": value, "value": value}}, object{"type": "reasoning", "text": value, "details": value}, object{"type": "image", "image": value, "mediaType": value}, object{"type": "refusal", "refusal": value}}}}},
			"output":     object{"text": value, "reasoning": value, "toolCalls": value, "toolResults": value, "files": value, "object": value, "role": value, "choices": value},
			"errorInfo":  object{"message": "odd", "details": value, "more": value},
			"events":     []any{value, object{"name": value, "time": value, "attributes": value}},
		})
		w.add(oddTrace, 2*i+2, 2*i+1, object{"spanType": "tool_call", "name": fmt.Sprintf("odd tool %d", i), "attributes": object{"toolId": value, "toolDescription": value}, "input": value, "output": value})
	}
}

// oddValues are in every place where something else is expected.
var oddValues = []any{
	object{"toString": "no function", "valueOf": "no function", "toJSON": 1}, object{"__proto__": nil, "constructor": nil, "length": 1 << 30}, object{"": "empty", " ": "space"}, object{"then": "soon"},
	object{"type": "text", "text": object{"toString": 1}}, object{"role": "user", "parts": object{"0": "a", "length": "x"}}, []any{[]any{[]any{}}}, []any{nil, nil}, []any{object{}}, "", " ", 0, -1, 1e308, 9007199254740993, false, true, nil,
	"2026-99-99T00:00:00Z", "[object Object]", strings.Repeat("[", 5000) + strings.Repeat("]", 5000), `{"role":{"toString":1},"content":[{"type":{"x":1}}]}`, object{"content": object{"content": object{"content": nil}}},
}

// send sends what was written.
func (w *writer) send(t T, s *Site, project string) {
	t.Helper()
	s.Post(t, project, "/ai/spans/publish", "application/json", jsonOf(t, object{"spans": w.spans}))
}

func TestHostileSpansAreWhatWasMeant(t *testing.T) {
	w := &writer{c: newCorpus("http://127.0.0.1:1"), now: time.Unix(0, 0)}
	w.rows()
	w.wide()
	w.deep(deepTrace)
	w.odd()
	body := string(jsonOf(t, w.spans))
	if !json.Valid([]byte(body)) || strings.Contains(body, "{S}") || !strings.Contains(body, `\ud800`) {
		t.Error("what is sent is not the JSON that it should be")
	}
	fields := map[string]int{}
	for _, m := range markIn.FindAllString(body, -1) {
		fields[m[4:len(m)-1]]++
	}
	for _, field := range strings.Fields(`name model provider service user thread environment tag metakey metavalue preview message errorid domain category errorname stack detailkey detail
		entity entityid external finish attributekey attribute context contextkey input output event eventkey eventvalue extrakey extra parent role text part parttype partkey reasoning tool argkey arg result callid url`) {
		if fields[field] < len(w.c.payloads)/8 {
			t.Errorf("%s has %d payloads", field, fields[field])
		}
	}
}
