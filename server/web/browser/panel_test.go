package browser

import (
	"encoding/json"
	"fmt"
	"go/format"
	"strings"
	"testing"
	"time"
)

// panelTrace is the id of a trace whose spans have the ids 1, 2, 3 … in the order in which they are given.
const panelTrace = "0a0b0c0d0e0f101112131415161718a1"

type fields map[string]any

// openPanel puts spans, the first of which is the parent of all others, and opens one of them.
func openPanel(t *testing.T, which int, spans ...fields) (*Page, string) {
	t.Helper()
	s := Server(t, Options{})
	start := time.Now().Add(-time.Minute).UTC().Truncate(time.Second)
	for i, f := range spans {
		at := start.Add(time.Duration(i) * time.Second)
		all := fields{
			"traceId": panelTrace, "spanId": hex16(i + 1), "spanType": "model_generation", "startedAt": at, "endedAt": at.Add(500 * time.Millisecond),
			"metadata": fields{"serviceName": "shop"}, "attributes": fields{}, "isEvent": false,
		}
		if i > 0 {
			all["parentSpanId"] = hex16(1)
		}
		for k, v := range f {
			all[k] = v
		}
		spans[i] = all
	}
	body, err := json.Marshal(fields{"spans": spans})
	if err != nil {
		t.Fatal(err)
	}
	s.Post(t, Samples, "/ai/spans/publish", "application/json", body)
	p := Start(t)
	trace := s.URL + "/p/samples/traces/" + panelTrace
	p.Open(trace + "/" + hex16(which))
	p.WaitFor(".span-panel .tabs")
	return p, trace
}

func waitAt(p *Page, address string) { p.WaitUntil(fmt.Sprintf("location.href === %q", address)) }

func raw(text string) json.RawMessage { return json.RawMessage(text) }

var agentRun = fields{"name": "agent run: 'travel'", "spanType": "agent_run", "input": "Where to?"}

func TestMessagesOfEveryShapeAreAChat(t *testing.T) {
	shapes := []struct{ name, input, output string }{
		{"Mastra", `{"messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"To Rome?"},{"role":"assistant","content":[{"type":"tool-call","toolCallId":"call-1","toolName":"search","args":{"to":"Rome"}}]},{"role":"tool","content":[{"type":"tool-result","toolCallId":"call-1","toolName":"search","result":{"seats":3}}]}]}`, `{"text":"There are three."}`},
		{"OpenAI", `{"messages":[{"role":"developer","content":"Be kind."},{"role":"user","content":[{"type":"text","text":"To Rome?"}]},{"role":"assistant","content":null,"tool_calls":[{"id":"call-1","type":"function","function":{"name":"search","arguments":"{\"to\":\"Rome\"}"}}]},{"role":"tool","tool_call_id":"call-1","content":"{\"seats\":3}"}]}`, `{"choices":[{"message":{"role":"assistant","content":"There are three."}}]}`},
		{"Anthropic", `{"system":"Be kind.","messages":[{"role":"user","content":"To Rome?"},{"role":"assistant","content":[{"type":"tool_use","id":"call-1","name":"search","input":{"to":"Rome"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call-1","content":"{\"seats\":3}"}]}]}`, `{"role":"assistant","content":[{"type":"text","text":"There are three."}]}`},
		{"OpenTelemetry", `"[{\"role\":\"system\",\"parts\":[{\"type\":\"text\",\"content\":\"Be kind.\"}]},{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"To Rome?\"}]},{\"role\":\"assistant\",\"parts\":[{\"type\":\"tool_call\",\"id\":\"call-1\",\"name\":\"search\",\"arguments\":{\"to\":\"Rome\"}}]},{\"role\":\"tool\",\"parts\":[{\"type\":\"tool_call_response\",\"id\":\"call-1\",\"response\":{\"seats\":3}}]}]"`, `[{"role":"assistant","parts":[{"type":"text","content":"There are three."}]}]`},
	}
	spans := []fields{agentRun}
	for _, shape := range shapes {
		// An agent has no call before it, with which it would be compared.
		spans = append(spans, fields{"name": shape.name, "spanType": "agent_run", "input": raw(shape.input), "output": raw(shape.output)})
	}
	p, trace := openPanel(t, 1, spans...)
	for i, shape := range shapes {
		p.Open(trace + "/" + hex16(i+2))
		p.WaitCount(".said", 4)
		want := []string{"System Be kind.", "User To Rome?", `Assistant search call-1 to: "Rome" returned seats: 3`, "Assistant There are three."}
		for j, got := range p.Texts(".said") {
			if got = strings.Join(strings.Fields(got), " "); got != want[j] {
				t.Errorf("%s: message %d is %q, want %q", shape.name, j, got, want[j])
			}
		}
	}
}

func TestOnlyWhatIsNewInACallIsOpen(t *testing.T) {
	before := `{"messages":[{"role":"system","content":"Be kind.\nBe brief."},{"role":"user","content":"the first question"},{"role":"assistant","content":"the first answer"},{"role":"user","content":"the second question"}]}`
	after := `{"messages":[{"role":"system","content":"Be kind.\nBe thorough."},{"role":"assistant","content":"the first answer"},{"role":"user","content":"the second question"},{"role":"assistant","content":"the second answer"},{"role":"user","content":"the third question"}]}`
	p, trace := openPanel(t, 3, agentRun, fields{"name": "one", "input": raw(before)}, fields{"name": "two", "input": raw(after), "output": raw(`{"text":"the third answer"}`)})
	p.WaitFor("text=2 messages added since the previous call")
	p.WaitText(".chat-run.dropped summary", "1 message was dropped since the previous call")
	p.WaitText(".chat-run.same summary", "2 earlier messages, same as in the previous call")
	p.WaitText(".said .minus", "- Be brief.")
	p.WaitText(".said .plus", "+ Be thorough.")
	p.WaitFor("text=the third question")
	if n := p.Count("text=the first answer"); n != 0 {
		t.Error("what was said before is open")
	}
	Axe(t, p)
	p.Click(".chat-run.same summary")
	p.WaitFor("text=the first answer")
	p.Click(".chat-run.dropped summary")
	p.WaitFor("text=the first question")
	p.Click("role=button All messages")
	p.WaitCount(".said", 6)
	p.Click("role=button New")
	p.Click("role=link Previous call")
	p.WaitFor("text=the first question")
	waitAt(p, trace+"/"+hex16(2))
}

// What is hostile shows up in the watches of the page too: a request, a dialog, a message on the console.
func TestWhatAModelSaysStaysText(t *testing.T) {
	const evil = `![beacon](https://evil.example/b.png) <img src="https://evil.example/i.png" onerror="alert(1)"> [a](javascript:alert(2)) [b](https://good.example/x)` +
		"\n\n<script>alert(3)</script>\n\n| <b>x</b> | ![y](https://evil.example/y.png) |\n|---|---|\n| **bold** | z |\n"
	image := fields{"type": "image_url", "image_url": fields{"url": "https://evil.example/p.png"}}
	input := fields{"messages": []any{fields{"role": "user", "content": []any{image, fields{"type": "text", "text": evil}}}, fields{"role": "<img src=x onerror=alert(4)>", "content": "x"}}}
	p, _ := openPanel(t, 2, agentRun, fields{
		"name": "<img src=x onerror=alert(5)>", "input": input, "output": fields{"text": evil}, "error": fields{"message": "<img src=x onerror=alert(6)>"},
		"attributes": raw(`{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}},"<img src=x onerror=alert(7)>":"<svg onload=alert(8)>","toString":null}`),
	})
	p.WaitFor("text*=[image: beacon] https://evil.example/b.png")
	p.WaitFor("role=link b")
	if got := [2]string{p.Attribute("role=link b", "rel"), p.Attribute("role=link b", "target")}; got != [2]string{"noreferrer noopener", "_blank"} {
		t.Errorf("a link of a model has rel and target %q", got)
	}
	if n := p.Count("role=link a"); n != 0 {
		t.Error("a javascript: address is a link")
	}
	p.WaitFor("text=bold")
	p.Click("role=tab Attributes")
	p.WaitFor("text=__proto__:")
	p.WaitFor("text=<img src=x onerror=alert(7)>:")
	p.WaitFor("text*=polluted")
	p.Click("role=tab Raw")
	p.WaitFor("text*=alert(8)")
	if got := Eval[int](p, `document.querySelectorAll(".span-panel :is(img, script, iframe, b, svg[onload])").length + ({}.polluted ?? 0)`); got != 0 {
		t.Errorf("%d elements came from outside", got)
	}
}

func TestWhatWasTakenOutIsSeen(t *testing.T) {
	p, _ := openPanel(t, 2, agentRun, fields{"name": "tool", "spanType": "tool_call", "input": fields{"apiKey": "[REDACTED]", "long": "and so on…[truncated]"}, "output": raw(`"it is {not} JSON"`)})
	p.WaitFor("text=1 redacted")
	p.WaitFor("text=1 cut")
	p.WaitCount(".json .taken", 2)
	Axe(t, p)
}

func TestASpanIsTakenAlong(t *testing.T) {
	p, trace := openPanel(t, 2, agentRun, fields{
		"name": "tool: `book`", "spanType": "tool_call", "input": fields{"text": "a `b` \u202e c\n", "n": 1}, "output": fields{"ok": true},
		"error": fields{"message": "card \"declined\"", "id": "E", "stack": "at pay\n\tat x"},
	})
	origin, _, _ := strings.Cut(trace, "/p/")
	p.Click("role=button Copy the span")
	take := func(name string) string {
		t.Helper()
		p.Click("text=" + name)
		p.WaitFor("text=Copied")
		p.WaitGone("text=Copied")
		return p.Clipboard()
	}
	if got := take("Link"); got != trace+"/"+hex16(2) {
		t.Errorf("the link is %s", got)
	}
	if got, want := take("As curl"), fmt.Sprintf("curl -sS '%s/api/projects/samples/traces/%s/spans/%s'", origin, panelTrace, hex16(2)); got != want {
		t.Errorf("the command is %s, want %s", got, want)
	}
	if got := take("As Markdown, for an issue"); !strings.HasPrefix(got, "### tool: \\`book\\`\n") || !strings.Contains(got, "**Input**\n\n```json\n{\n  \"n\": 1,") {
		t.Errorf("Markdown is\n%s", got)
	}
	if got := take("As text, for a coding agent"); !strings.Contains(got, "\nError:\ncard \"declined\" (E)\nat pay") {
		t.Errorf("the text is\n%s", got)
	}
	source := take("As Go, for a test")
	if formatted, err := format.Source([]byte(source)); err != nil || string(formatted) != source {
		t.Errorf("the source is not Go as gofmt has it (%v):\n%s\nwant\n%s", err, source, formatted)
	}
	name, body := p.Download(func() { p.Click("text=Download JSON") })
	if name != "span-"+hex16(2)+".json" || !strings.Contains(string(body), `"span_id"`) {
		t.Errorf("downloaded %s with %.100s", name, body)
	}
}

func TestTheTabIsInTheAddress(t *testing.T) {
	p, trace := openPanel(t, 2, agentRun, fields{"name": "call", "input": fields{"messages": []any{fields{"role": "user", "content": "hi"}}}, "attributes": fields{"model": "m", "finishReason": "stop"}})
	p.WaitFor("text=hi")
	p.Click("role=tab Attributes")
	p.WaitFor("text=finishReason:")
	waitAt(p, trace+"/"+hex16(2)+"?tab=attributes")
	p.Reload()
	p.WaitFor("text=finishReason:")
	p.Press("Tab")
	p.Click("role=tab Attributes")
	p.Press("ArrowRight")
	p.WaitFor("text=serviceName:")
	p.Press("Home")
	p.WaitFor("text=hi")
	waitAt(p, trace+"/"+hex16(2))
}

func TestFromAFailedRunToItsCause(t *testing.T) {
	p, trace := openPanel(t, 1,
		fields{"name": "the run", "spanType": "agent_run", "input": "x", "error": fields{"message": "it did not work"}},
		fields{"name": "a step", "spanType": "workflow_step", "error": fields{"message": "the tool failed"}},
		fields{"name": "the tool", "spanType": "tool_call", "parentSpanId": hex16(2), "error": fields{"message": "card declined", "name": "PaymentError", "stack": "at pay", "details": fields{"code": "D1"}}},
	)
	p.WaitFor("text=it did not work")
	p.Click("role=button Failed: the tool")
	p.WaitFor("text=card declined")
	waitAt(p, trace+"/"+hex16(3))
	p.WaitFor("text*=PaymentError")
	p.Click("text=Stack")
	p.WaitFor("text=at pay")
	Axe(t, p)
	p.Click("role=button a step")
	p.WaitFor("text=the tool failed")
}

func TestAMegabyteOfJSONIsNoTrouble(t *testing.T) {
	rows := make([]fields, 9000)
	for i := range rows {
		rows[i] = fields{"id": i, "name": fmt.Sprintf("row %d", i), "text": strings.Repeat("x", 60), "in": []any{fields{"deep": []int{i}}}}
	}
	p, _ := openPanel(t, 2, agentRun, fields{"name": "big", "spanType": "tool_call", "input": fields{"rows": rows}, "output": strings.Repeat("a line of a long text\n", 40_000)})
	p.WaitFor("text*=[ 9,000 items ]")
	p.Click(".json")
	frames := Frames(t, p, func() {
		p.Press("ArrowDown", "ArrowRight")
		p.WaitFor("text=0:")
	})
	t.Logf("unfolding 9,000 items: %+v", frames)
	if n := p.Count(".json-row"); n != 500 {
		t.Errorf("%d lines are shown, want 500", n)
	}
	p.Click("text=Show more lines")
	p.WaitCount(".json-row", 1000)
	if n := Eval[int](p, `document.querySelectorAll("*").length`); n > 20_000 {
		t.Errorf("the page has %d elements", n)
	}
	p.Hover(".json-row")
	p.WaitFor(".json-copy [aria-label='Copy value']") // by its role it would take long: each name on the page is asked for
}

func TestAShareSaysWhatIsNotInIt(t *testing.T) {
	s := Server(t, Options{})
	shareable(t, s)
	p := Start(t)
	p.Open(s.share(t, false).URL + "/" + sharedSpan)
	p.WaitFor("text=Inputs, outputs, attributes and metadata are not part of this link.")
	if n := p.Count("role=tab"); n != 0 {
		t.Errorf("%d tabs of nothing", n)
	}
	p.Open(s.share(t, true).URL + "/" + sharedSpan)
	p.WaitFor("role=tab Input, output")
	p.Click("role=button Copy the span")
	p.Click("text=As curl")
	p.WaitFor("text=Copied")
	if got := p.Clipboard(); strings.Contains(got, "Authorization") || !strings.Contains(got, "/api/share/") {
		t.Errorf("the command is %s", got)
	}
}
