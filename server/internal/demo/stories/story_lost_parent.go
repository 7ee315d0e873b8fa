package stories

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// lostParent is a run over two machines, one of which ended before it sent its own span: the subtree of "agent run:
// 'invoice-reader'", the cause, names a parent that never arrived. A third machine's clock is 3.2 s behind, so that
// "mcp tool: 'convert' on 'fx-rates'" lies before its parent, and so outside of it.
//
// Messages are in parts as OpenTelemetry's conventions have them.
var lostParent = Story{
	Name:  "lost-parent",
	Title: "A parent that never arrived",
	Cause: "agent run: 'invoice-reader'",
	Hint:  "Its parent was never sent. Beside it, a span whose clock is 3.2 s off lies outside its parent.",
	Trace: func(now time.Time, random *rand.Rand) []*span.Span {
		t := tell(random, now.Add(-26*time.Minute), about{
			Service: "monthly-close", Environment: "staging", User: "cron", Thread: "thread-close-2026-10", Release: "2026.11.3-rc1",
		}, "sample", "story:lost-parent", "staging")
		const (
			instructions = "You read invoices. Give supplier, date, net, tax and total."
			question     = "Read invoice 2026-1187 of the supplier Nordlicht GmbH."
			reply        = "Nordlicht GmbH, 28 October 2026: net 1,840.00 EUR, tax 349.60 EUR, total 2,189.60 EUR."
		)
		var parts genAI
		root := t.begin(nil, "workflow run: 'monthly-close'", span.WorkflowRun{WorkflowID: "monthly-close", Status: "success"}, object{"month": "2026-10"})
		collect := t.begin(root, "workflow step: 'collect-invoices'", span.WorkflowStep{StepID: "collect-invoices", Status: "success"}, object{"month": "2026-10"})
		t.do(collect, "tool: 'list-invoices'", toolCall("list-invoices", "Lists invoices of a month", "", true), object{"month": "2026-10"}, t.millis(200, 300), object{"invoices": 1})
		t.end(collect, 2*time.Millisecond, object{"invoices": []string{"2026-1187"}})

		lost := t.begin(root, "workflow step: 'read-invoices'", span.WorkflowStep{StepID: "read-invoices"}, nil)
		reader := t.begin(lost, "agent run: 'invoice-reader'", agentRun("invoice-reader", instructions, "fetch-pdf"), []span.Value{parts.said("user", question)})
		messages := []span.Value{parts.said("system", instructions), parts.said("user", question)}
		fetch := parts.call("call_pdf_1", "fetch-pdf", object{"invoice": "2026-1187"})
		t.ask(reader, call{model: geminiFlash, input: prompt(messages...), output: []span.Value{fetch}, calls: true, usage: usage{in: 540, out: 24}, first: 210 * time.Millisecond, took: t.millis(600, 800)})
		page := "Nordlicht GmbH · Rechnung 2026-1187 · 28.10.2026 · Netto 1.840,00 € · USt 19 % 349,60 € · Gesamt 2.189,60 €"
		t.do(reader, "tool: 'fetch-pdf'", toolCall("fetch-pdf", "Fetches the text of a PDF", "call_pdf_1", true), object{"invoice": "2026-1187"}, t.millis(400, 700), object{"text": page})
		messages = append(messages, fetch, parts.result("call_pdf_1", "fetch-pdf", object{"text": page}))
		t.ask(reader, call{model: geminiFlash, input: prompt(messages...), output: []span.Value{parts.said("assistant", reply)}, usage: usage{in: 688, out: 47}, first: 230 * time.Millisecond, took: t.millis(700, 900)})
		t.end(reader, time.Millisecond, object{"text": reply})
		t.end(lost, time.Millisecond, nil)

		post := t.begin(root, "workflow step: 'post-entries'", span.WorkflowStep{StepID: "post-entries", Status: "success"}, object{"entries": 1})
		skewed := t.do(post, "mcp tool: 'convert' on 'fx-rates'", span.MCPToolCall{ToolID: "convert", MCPServer: "fx-rates", ServerVersion: "0.8.1", Success: new(true)},
			object{"amount": 2189.6, "from": "EUR", "to": "CHF"}, t.millis(120, 200), object{"amount": 2031.95, "rate": 0.928})
		skewed.Start, skewed.End = skewed.Start.Add(-clockBehind), skewed.End.Add(-clockBehind)
		t.do(post, "tool: 'post-entry'", toolCall("post-entry", "Writes into the ledger", "", true), object{"account": 4400, "amount": 2189.6}, t.millis(80, 140), object{"entry": "L-99120"})
		t.end(post, time.Millisecond, nil)
		t.end(root, time.Millisecond, object{"status": "success"})
		t.spans = slices.DeleteFunc(t.spans, func(s *span.Span) bool { return s == lost })
		return t.told()
	},
}

const clockBehind = 3200 * time.Millisecond
