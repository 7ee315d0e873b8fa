package stories

import (
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// cleanRun is a run as it should be: memory, retrieval, tools, an agent that asks another one, and processors around it
// all. Nothing failed. What there is to find is where time and money go: more than half of both are in the span of
// the nested agent, "agent run: 'refund-checker'", as the axis of time and that of cost both show.
//
// Messages are those of AI SDK 4, the agents' input is a plain list of them.
var cleanRun = Story{
	Name:  "clean-run",
	Title: "A clean run",
	Cause: "agent run: 'refund-checker'",
	Hint:  "Nothing failed. Most of the time and of the cost are in the nested agent.",
	Trace: func(now time.Time, random *rand.Rand) []*span.Span {
		t := tell(random, now.Add(-100*time.Second), about{
			Service: "support-bot", Environment: "production", User: "user-2041", Thread: "thread-order-58213", Release: "2026.11.3", Prompt: "v12", Region: "eu-west-1",
		}, "sample", "story:clean-run", "production")
		const (
			instructions = "You are the support agent of a shop for bicycles. Look the order up before you promise anything. Refunds above 100 EUR are checked by refund-checker."
			question     = "My order 58213 arrived with a bent rear wheel. Can I get my money back for the wheel?"
			reply        = "I am sorry about the wheel. I have arranged a **refund of 189.00 EUR** for it; it reaches your card in 3 to 5 days. You may keep the rest of the order, and you need not send the wheel back."
		)
		var sdk sdk4
		root := t.begin(nil, "agent run: 'support-agent'", agentRun("support-agent", instructions, "find-order", "search-policies", "refund-checker", "refund"),
			[]span.Value{said("user", question)})
		t.do(root, "input processor: moderation", span.ProcessorRun{ProcessorName: "moderation", ProcessorType: "input"},
			prompt(said("user", question)), t.millis(70, 110), object{"flagged": false, "categories": object{"abuse": 0.01, "self-harm": 0.0}})
		t.do(root, "memory: recall", span.MemoryOperation{OperationType: "recall", MessageCount: new(4), SemanticRecallEnabled: new(true), VectorResultCount: new(2)},
			object{"threadId": "thread-order-58213", "lastMessages": 10}, t.millis(20, 40), object{"messages": []span.Value{said("user", "Where is my order 58213?"), said("assistant", "It left our warehouse on Tuesday and arrives tomorrow.")}})

		conversation := []span.Value{said("system", instructions), said("user", "Where is my order 58213?"), said("assistant", "It left our warehouse on Tuesday and arrives tomorrow."), said("user", question)}
		find, search := sdk.call("call_find_1", "find-order", object{"orderId": 58213}), sdk.call("call_search_1", "search-policies", object{"query": "refund for damaged part"})
		llm := t.ask(root, call{
			model: gpt41, input: prompt(conversation...), output: calls("I look up your order and our rules for damaged parts.", find, search), calls: true,
			usage: usage{in: 1486, cached: 1024, out: 74}, first: 420 * time.Millisecond, took: t.millis(1100, 1400),
		})
		step(t, llm, 0, "tool-calls")
		order := object{"orderId": 58213, "delivered": "2026-11-20", "items": []object{{"sku": "WHL-700C", "name": "Rear wheel 700C", "price": 189.0}, {"sku": "TUB-28", "name": "Inner tube 28\"", "price": 7.9}}, "paid": 196.9, "currency": "EUR"}
		t.do(root, "tool: 'find-order'", toolCall("find-order", "Finds an order by its number", "call_find_1", true), object{"orderId": 58213}, t.millis(90, 160), order)

		policy := "Damaged parts: refund or replacement within 30 days of delivery. The customer keeps the part if it costs less than 200 EUR to replace."
		retrieve := t.begin(root, "tool: 'search-policies'", toolCall("search-policies", "Searches our policies", "call_search_1", true), object{"query": "refund for damaged part"})
		t.do(retrieve, "rag embedding: query", span.RAGEmbedding{Model: embedder.id, Provider: embedder.provider, Dimensions: new(1536), InputCount: new(1), Mode: "query", Usage: &span.Usage{InputTokens: new(6)}},
			"refund for damaged part", t.millis(60, 110), nil)
		t.do(retrieve, "rag vector query: 'policies'", span.RAGVectorOperation{Operation: "query", Store: "pgvector", IndexName: "policies", TopK: new(8), Dimensions: new(1536)},
			object{"topK": 8}, t.millis(12, 30), []object{{"id": "returns#4", "score": 0.91}, {"id": "returns#2", "score": 0.84}, {"id": "warranty#1", "score": 0.71}})
		t.do(retrieve, "rag rerank", span.RAGAction{Action: "rerank", CandidateCount: new(8), TopN: new(2), Scorer: span.Text("weighted")},
			nil, t.millis(80, 120), []object{{"id": "returns#4", "score": 0.97}, {"id": "returns#2", "score": 0.66}})
		t.end(retrieve, 2*time.Millisecond, object{"passages": []string{policy}})

		conversation = append(conversation, of("assistant", textPart("I look up your order and our rules for damaged parts."), find, search),
			sdk.result("call_find_1", "find-order", order), sdk.result("call_search_1", "search-policies", object{"passages": []string{policy}}))
		check := sdk.call("call_check_1", "refund-checker", object{"orderId": 58213, "amount": 189.0, "reason": "bent on arrival"})
		llm = t.ask(root, call{
			model: gpt41, input: prompt(conversation...), output: calls("", check), calls: true,
			usage: usage{in: 2168, cached: 1408, out: 41}, first: 380 * time.Millisecond, took: t.millis(800, 1000),
		})
		step(t, llm, 1, "tool-calls")
		verdict := checkRefund(t, root)
		conversation = append(conversation, of("assistant", check), sdk.result("call_check_1", "refund-checker", verdict))
		pay := sdk.call("call_refund_1", "refund", object{"orderId": 58213, "sku": "WHL-700C", "amount": 189.0})
		llm = t.ask(root, call{
			model: gpt41, input: prompt(conversation...), output: calls("", pay), calls: true,
			usage: usage{in: 2391, cached: 2048, out: 46}, first: 350 * time.Millisecond, took: t.millis(700, 900),
		})
		step(t, llm, 2, "tool-calls")
		paid := object{"refundId": "rf_90121", "status": "accepted"}
		t.do(root, "tool: 'refund'", toolCall("refund", "Pays money back", "call_refund_1", true), object{"orderId": 58213, "sku": "WHL-700C", "amount": 189.0}, t.millis(300, 450), paid)
		conversation = append(conversation, of("assistant", pay), sdk.result("call_refund_1", "refund", paid))
		llm = t.ask(root, call{
			model: gpt41, input: prompt(conversation...), output: answer(reply),
			usage: usage{in: 2498, cached: 2304, out: 68}, first: 400 * time.Millisecond, took: t.millis(1200, 1500),
		})
		step(t, llm, 3, "stop")
		t.do(root, "output processor: pii", span.ProcessorRun{ProcessorName: "pii", ProcessorType: "output"}, object{"text": reply}, t.millis(30, 60), object{"changed": false})
		t.do(root, "memory: save", span.MemoryOperation{OperationType: "save", MessageCount: new(2)}, nil, t.millis(15, 30), object{"saved": 2})
		t.end(root, time.Millisecond, object{"text": reply})
		t.event(root, "user_feedback", span.Generic{}, object{"thumbs": "up", "comment": "That was fast."})
		return t.told()
	},
}

// step adds what 1.x has below a call of a model: a step that repeats its usage, over the same time.
func step(t *teller, llm *span.Span, index int, finish string) {
	u, _ := llm.Usage()
	back := t.now
	t.now = llm.Start
	t.do(llm, "step: "+strconv.Itoa(index), span.ModelStep{StepIndex: &index, Usage: &u, FinishReason: finish, IsContinued: new(finish == "tool-calls")}, nil, llm.Duration(), llm.Output)
	t.now = back
}

// checkRefund is the nested agent: a slower and dearer model that thinks.
func checkRefund(t *teller, parent *span.Span) object {
	const rules = "You check refunds above 100 EUR. Answer with a verdict and one sentence that gives the reason."
	request := "Order 58213, rear wheel, 189.00 EUR, bent on arrival, delivered 3 days ago."
	tool := t.begin(parent, "tool: 'refund-checker'", toolCall("refund-checker", "Asks the agent that checks refunds", "call_check_1", true), object{"orderId": 58213, "amount": 189.0, "reason": "bent on arrival"})
	agent := t.begin(tool, "agent run: 'refund-checker'", agentRun("refund-checker", rules, "payment-history"), []span.Value{said("user", request)})
	history := sdk4{}.call("call_hist_1", "payment-history", object{"userId": "user-2041"})
	messages := []span.Value{said("system", rules), said("user", request)}
	t.ask(agent, call{
		model: sonnet, input: prompt(messages...), calls: true,
		output: object{"text": "", "reasoning": "The amount is above the limit. Before I agree I want to see whether this customer often asks for refunds.", "toolCalls": []span.Value{history}},
		usage:  usage{in: 1240, out: 312, reasoning: 240}, first: 900 * time.Millisecond, took: t.millis(4800, 5600),
	})
	past := object{"orders": 11, "refunds": 0, "since": "2021-04-02"}
	t.do(agent, "mcp tool: 'payment-history' on 'ledger'", span.MCPToolCall{ToolID: "payment-history", MCPServer: "ledger", ServerVersion: "2.4.0", ToolCallID: "call_hist_1", Success: new(true)},
		object{"userId": "user-2041"}, t.millis(500, 700), past)
	messages = append(messages, of("assistant", history), sdk4{}.result("call_hist_1", "payment-history", past))
	verdict := object{"approved": true, "reason": "Eleven orders since 2021 and no refund so far; the part is covered by the rule for damage on arrival."}
	t.ask(agent, call{
		model: sonnet, input: prompt(messages...), output: object{"text": "Approved: " + verdict["reason"].(string), "object": verdict},
		usage: usage{in: 1688, cached: 1024, out: 268, reasoning: 180}, first: 1100 * time.Millisecond, took: t.millis(4200, 5000),
	})
	t.end(agent, time.Millisecond, object{"object": verdict})
	t.end(tool, time.Millisecond, verdict)
	return verdict
}
