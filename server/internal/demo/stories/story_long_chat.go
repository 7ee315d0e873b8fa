package stories

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// longChat is a conversation of 32 turns in one trace: each call of the model has all that was said before in its input,
// so that only what was added since the call before is worth reading. Half way through, one tool put a ledger of 9,000
// tokens into the conversation, which each call after it pays for again: the cause is "tool: 'export-ledger'", after
// which the axis of tokens shows calls four times as long as before.
//
// Messages are those of AI SDK 5, with reasoning, calls of tools and their results, a picture by address, one by data,
// and a file; answers have tables, lists and code in Markdown.
var longChat = Story{
	Name:  "long-chat",
	Title: "A long chat",
	Cause: "tool: 'export-ledger'",
	Hint:  "Its result of 9,000 tokens stays in the conversation: from then on each call has four times as many.",
	Trace: func(now time.Time, random *rand.Rand) []*span.Span {
		c := chat{teller: tell(random, now.Add(-35*time.Minute), about{
			Service: "chat-api", Environment: "production", User: "user-9", Thread: "thread-receivables", Session: "session-9-2", Release: "2026.11.3", Prompt: "v12",
		}, "sample", "story:long-chat", "production")}
		const instructions = "You help the people of the billing department. Answer in Markdown and in as few words as you can. Amounts are in EUR unless they say otherwise."
		c.root = c.begin(nil, "agent run: 'billing-agent'", agentRun("billing-agent", instructions, "find-invoices", "export-ledger"), prompt(of("user", textPart(turns[0].user))))
		c.say(said("system", instructions))
		c.tokens = 96
		for n, turn := range turns {
			c.turn(n, turn)
		}
		c.end(c.root, time.Millisecond, object{"text": turns[len(turns)-1].answer})
		return c.told()
	},
}

// turn is a question and its answer.
type turn struct {
	user   string
	part   span.Value // beside the text of the user; empty: none
	think  string     // what the model thought
	tool   string     // that it called
	input  object
	result any
	tokens int // of the result, where the trace keeps only its beginning; 0: as long as it is
	answer string
}

// chat tells a conversation.
type chat struct {
	*teller
	root     *span.Span
	messages []span.Value
	tokens   int // of all messages
}

func (c *chat) say(m span.Value) { c.messages = append(c.messages, m) }

// turn adds a question, what the model did for it, and the answer.
func (c *chat) turn(n int, t turn) {
	var sdk sdk5
	parts := []span.Value{textPart(t.user)}
	c.tokens += len(t.user)/4 + 8
	if t.part != "" {
		parts = append(parts, t.part)
		c.tokens += 765 // a picture
	}
	c.say(of("user", parts...))
	var thought []span.Value
	if t.think != "" {
		thought = []span.Value{sdk.reasoning(t.think)}
	}
	if t.tool != "" {
		id := fmt.Sprintf("call_%02d", n+1)
		called := sdk.call(id, t.tool, t.input)
		c.call(calls("", called), t.think, 32, true)
		c.do(c.root, "tool: '"+t.tool+"'", toolCall(t.tool, "Reads the books", id, true), t.input, c.millis(120, 600), t.result)
		c.say(of("assistant", append(thought, called)...))
		c.say(sdk.result(id, t.tool, t.result))
		c.tokens += 48 + len(t.think)/4 + max(t.tokens, len(span.Of(t.result))/4)
		thought, t.think = nil, ""
	}
	out := len(t.answer)/4 + 6
	c.call(answer(t.answer), t.think, out, false)
	c.say(of("assistant", append(thought, textPart(t.answer))...))
	c.tokens += out
	c.wait(c.millis(50, 200))
}

// call adds a call of the model with all that was said so far, most of which is in the cache. out is in tokens, without
// what it thought.
func (c *chat) call(output span.Value, think string, out int, tools bool) {
	reasoning := len(think) / 4
	if think != "" {
		output = output.Set("reasoning", span.Of([]span.Value{sdk5{}.reasoning(think)})).Set("reasoningText", span.Text(think))
	}
	out += reasoning
	cached := c.tokens * 3 / 4 / 128 * 128
	c.ask(c.root, call{
		model: gpt41, input: prompt(c.messages...), output: output, calls: tools,
		usage: usage{in: c.tokens, cached: cached, out: out, reasoning: reasoning},
		first: c.millis(200, 500), took: c.millis(700, 1400) + time.Duration(8*out)*time.Millisecond,
	})
}

// A picture of one transparent pixel, and one that nobody may load: example.com is nobody's.
const (
	pixel   = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
	picture = "https://receipts.example.com/2026/4711.jpg"
)

// ledger is the beginning of a file, as much of it as an exporter keeps.
var ledger = func() string {
	var b strings.Builder
	b.WriteString("date,entry,account,debit,credit,text\n")
	for n := 0; b.Len() < 1024; n++ {
		fmt.Fprintf(&b, "2026-0%d-%02d,L-%05d,%d,%d.%02d,,Invoice 2026-%04d\n", 7+n%3, 1+n%28, 90400+n, 1400+n%3, 180+n*37%900, n*13%100, 900+n)
	}
	return b.String()[:1024] + "…[truncated]"
}()

var turns = []turn{
	{
		user: "Which of our invoices from October are still open?",
		tool: "find-invoices", input: object{"month": "2026-10", "status": "open"},
		result: []object{{"invoice": "2026-1102", "customer": "Bakkerij Jansen", "total": 412.5}, {"invoice": "2026-1118", "customer": "Atelier Rousseau", "total": 1980.0}, {"invoice": "2026-1131", "customer": "Fjord Outdoor AS", "total": 760.2}},
		answer: "Three are open:\n\n| invoice | customer | total |\n|---|---|---:|\n| 2026-1102 | Bakkerij Jansen | 412.50 |\n| 2026-1118 | Atelier Rousseau | 1,980.00 |\n| 2026-1131 | Fjord Outdoor AS | 760.20 |",
	},
	{user: "And which of these are overdue?", think: "Terms are 30 days. 2026-1102 is of 3 October, 2026-1118 of 14 October, 2026-1131 of 29 October.", answer: "Two: **2026-1102** since 2 November and **2026-1118** since 13 November."},
	{user: "Write a friendly reminder for the oldest one.", answer: "> Dear Ms Jansen,\n>\n> perhaps our invoice 2026-1102 of 412.50 EUR has escaped your notice. Could you look into it this week?\n>\n> Kind regards"},
	{user: "Make it shorter.", answer: "> Dear Ms Jansen, may we remind you of invoice 2026-1102, 412.50 EUR? Thank you!"},
	{user: "Translate it to Dutch, please.", answer: "> Beste mevrouw Jansen, mogen wij u herinneren aan factuur 2026-1102 van € 412,50? Hartelijk dank!"},
	{user: "What did we agree on with Atelier Rousseau in May?", tool: "find-invoices", input: object{"customer": "Atelier Rousseau", "notes": true}, result: object{"notes": []string{"2026-05-12: may pay within 60 days, agreed with M. Rousseau by telephone"}}, answer: "They may pay within **60 days**. So 2026-1118 is not overdue before 13 December; I was wrong above."},
	{user: "Good that I asked. Which customers have such terms?", tool: "find-invoices", input: object{"terms": "> 30 days"}, result: []string{"Atelier Rousseau", "Hotel Seeblick", "Universidad de Cádiz"}, answer: "1. Atelier Rousseau: 60 days\n2. Hotel Seeblick: 45 days\n3. Universidad de Cádiz: 90 days"},
	{user: "Here is a receipt that a colleague sent. What is it for?", part: ordered("type", "image", "image", picture, "mediaType", "image/jpeg"), answer: "It is from a petrol station: 41.2 l of diesel for 69.80, on 4 November."},
	{user: "And this one?", part: ordered("type", "image", "image", pixel, "mediaType", "image/png"), answer: "I cannot see anything on it: the picture is empty. Could you take it again?"},
	{user: "Never mind. Which account does diesel go to?", answer: "`4530`, vehicle costs."},
	{user: "Can you give me the SQL for all entries on it this year?", answer: "```sql\nSELECT date, entry, debit, text\nFROM ledger\nWHERE account = 4530\n  AND date >= DATE '2026-01-01'\nORDER BY date;\n```"},
	{user: "Sum by month instead.", answer: "```sql\nSELECT date_trunc('month', date) AS month, sum(debit) AS total\nFROM ledger\nWHERE account = 4530\n  AND date >= DATE '2026-01-01'\nGROUP BY month\nORDER BY month;\n```"},
	{user: "Thanks. How many open invoices does Fjord Outdoor have in all?", tool: "find-invoices", input: object{"customer": "Fjord Outdoor AS", "status": "open"}, result: []object{{"invoice": "2026-1131", "total": 760.2}}, answer: "One, 2026-1131 of 760.20 EUR. It is not due yet."},
	{user: "Put this contract to their file.", part: ordered("type", "file", "data", "JVBERi0xLjcK", "mediaType", "application/pdf", "filename", "fjord-2026.pdf"), answer: "I cannot file documents. The people at the front desk can, or you drop it into *Customers → Fjord Outdoor → Files*."},
	{user: "OK. Give me the whole ledger of the third quarter.", think: "The user asks for all of it. The tool export-ledger gives a file; there is no way to ask for less.", tool: "export-ledger", input: object{"from": "2026-07-01", "to": "2026-09-30"}, result: ledger, tokens: 9214, answer: "Here it is: 312 entries from July to September. What would you like to know of it?"},
	{user: "What was the largest entry?", answer: "L-90611 of 12 August: 18,400.00 EUR on account 1401."},
	{user: "And the smallest?", answer: "L-90428: 0.40 EUR, a bank fee."},
	{user: "How many entries have no text?", answer: "None."},
	{user: "Which days have no entry at all?", answer: "All Sundays, and 15 August."},
	{user: "Is there an entry twice?", think: "I look for equal date, amount and account.", answer: "Perhaps: L-90477 and L-90478 have the same day, amount and account. Do both invoices exist?"},
	{user: "Let me see the two.", tool: "find-invoices", input: object{"entries": []string{"L-90477", "L-90478"}}, result: []object{{"entry": "L-90477", "invoice": "2026-0977"}, {"entry": "L-90478", "invoice": "2026-0977"}}, answer: "Both are of invoice **2026-0977**: it was entered twice."},
	{user: "Who entered it?", answer: "The ledger does not say."},
	{user: "How do I take one of them back?", answer: "- Open *Ledger → Entries → L-90478*.\n- Choose *Reverse*.\n- Give the reason \"entered twice\"."},
	{user: "Does that change the VAT return of September?", answer: "Yes: the input tax falls by 57.48 EUR. If the return was sent, correct it in the next one."},
	{user: "Write that down as a note for Amira.", answer: "> Amira, L-90478 repeats L-90477 (invoice 2026-0977). I have reversed it. The input tax of September falls by 57.48 EUR."},
	{user: "In French, she prefers that.", answer: "> Amira, l'écriture L-90478 répète L-90477 (facture 2026-0977). Je l'ai annulée. La TVA déductible de septembre diminue de 57,48 €."},
	{user: "Back to October: what was our revenue?", tool: "find-invoices", input: object{"month": "2026-10", "sum": true}, result: object{"net": 48210.4, "gross": 56893.1, "invoices": 61}, answer: "**48,210.40 EUR** net, in 61 invoices."},
	{user: "Compared with September?", answer: "September had 44,902.10 EUR net, so October is 7.4 % higher."},
	{user: "Make a table of the last three months.", answer: "| month | net | invoices |\n|---|---:|---:|\n| August | 39,118.00 | 52 |\n| September | 44,902.10 | 58 |\n| October | 48,210.40 | 61 |"},
	{user: "Which customer grew most?", answer: "Hotel Seeblick: from 1,200.00 to 4,150.00 EUR."},
	{user: "Why is each of your answers so slow now?", answer: "I read our whole conversation each time, and the ledger from before is in it. A new chat would be faster."},
	{user: "All right, that is all for today. 👋", answer: "Have a good evening!"},
}
