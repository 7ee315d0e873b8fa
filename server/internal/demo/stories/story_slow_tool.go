package stories

import (
	"math/rand/v2"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// slowTool is a run of 48 s, of which one tool took nine tenths. It did not fail, so only the waterfall shows it: the cause is
// "tool: 'export-report'". After it the run did nothing for 1.5 s before it called the model again.
//
// The agent's input are messages of AI SDK 5's user interface, those of the model calls are its own.
var slowTool = Story{
	Name:  "slow-tool",
	Title: "A slow tool",
	Cause: "tool: 'export-report'",
	Hint:  "One tool took 43 of 48 s. After it, 1.5 s in which nothing ran.",
	Trace: func(now time.Time, random *rand.Rand) []*span.Span {
		t := tell(random, now.Add(-9*time.Minute), about{
			Service: "billing-agent", Environment: "production", User: "user-512", Thread: "thread-q3-report", Release: "2026.11.3", Prompt: "v7",
		}, "sample", "story:slow-tool", "production")
		const (
			instructions = "You make reports for the finance team. Say where the file is."
			question     = "Export the report of the third quarter for all regions as a spreadsheet, please."
			reply        = "The report is ready: `reports/2026-q3-all-regions.xlsx`, 4 sheets, 61,408 rows. EMEA grew most, by 11.2 %."
		)
		var sdk sdk5
		root := t.begin(nil, "agent run: 'billing-agent'", agentRun("billing-agent", instructions, "export-report"), prompt(
			ordered("id", "msg-1", "role", "user", "parts", []span.Value{textPart(question)}),
		))
		export := sdk.call("call_export_1", "export-report", object{"quarter": "2026-Q3", "regions": "all", "format": "xlsx"})
		messages := []span.Value{said("system", instructions), of("user", textPart(question))}
		t.ask(root, call{
			model: gpt41, input: prompt(messages...), output: calls("", export), calls: true,
			usage: usage{in: 684, out: 32}, first: 480 * time.Millisecond, took: 1500 * time.Millisecond,
		})
		file := object{"file": "reports/2026-q3-all-regions.xlsx", "sheets": 4, "rows": 61408, "queries": 412, "rowsScanned": 88_410_233}
		t.do(root, "tool: 'export-report'", toolCall("export-report", "Writes a report into a file", "call_export_1", true),
			object{"quarter": "2026-Q3", "regions": "all", "format": "xlsx"}, 43_200*time.Millisecond, file)
		t.wait(1500 * time.Millisecond) // dead time
		messages = append(messages, of("assistant", export), sdk.result("call_export_1", "export-report", file))
		t.ask(root, call{
			model: gpt41, input: prompt(messages...), output: answer(reply),
			usage: usage{in: 802, cached: 640, out: 52}, first: 510 * time.Millisecond, took: 1799 * time.Millisecond,
		})
		t.end(root, time.Millisecond, object{"text": reply})
		return t.told()
	},
}
