package stories

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// What all ordinary traces say of themselves, to be replaced in each trace that is made like them.
const (
	OrdinaryUser   = "user-0"
	OrdinaryThread = "thread-0"
	OrdinaryRun    = "run-0"
	OrdinaryPlace  = "production"
)

// OrdinaryTokens divides all token counts of ordinary traces, so that they can be scaled and still add up.
const OrdinaryTokens = 20

// Ordinary returns what happens on a normal day in a company with agents, a trace for each errand: nothing failed. Each has its
// children before their parents. They are frozen, made at the first call and shared: they must not be changed.
func Ordinary() [][]*span.Span { return ordinary() }

var ordinary = sync.OnceValue(func() [][]*span.Span {
	random := rand.New(rand.NewPCG(1, 1))
	var traces [][]*span.Span
	for _, service := range services {
		for _, e := range service.errands {
			t := tell(random, time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), about{
				Service: service.name, Environment: OrdinaryPlace, User: OrdinaryUser, Thread: OrdinaryThread, Run: OrdinaryRun, Release: service.release, Prompt: service.prompt,
			}, service.tags...)
			service.run(t, service, e)
			traces = append(traces, t.told())
		}
	}
	return traces
})

// service is a program with one agent or one workflow in it.
type service struct {
	name, agent, release, prompt string
	tags                         []string
	instructions                 string
	model                        model
	run                          func(*teller, service, errand)
	errands                      []errand
}

// errand is what a user wants, the tool that it takes, and the answer. For a workflow it is its input and output.
type errand struct {
	wish    string
	tool    string
	input   span.Value
	result  span.Value
	reply   string
	weight  int           // of the conversation, in hundreds of tokens
	took    time.Duration // the tool
	inParts bool          // the wish is a message in parts
}

// round makes a count of tokens one that can be scaled.
func round(tokens int) int { return max(1, tokens/OrdinaryTokens) * OrdinaryTokens }

// ofErrand is the usage of a call with so many tokens in and the text out.
func ofErrand(in int, out string) usage {
	u := usage{in: round(in), out: round(len(out)/4 + 30)}
	if u.in >= 1024 {
		u.cached = round(u.in / 2)
	}
	return u
}

// runAgent asks the model, calls the tool, and asks the model again, with processors and memory around that.
func runAgent(t *teller, s service, e errand) {
	var sdk sdk4
	message := said("user", e.wish)
	if e.inParts {
		message = of("user", textPart(e.wish))
	}
	root := t.begin(nil, "agent run: '"+s.agent+"'", agentRun(s.agent, s.instructions, e.tool), []span.Value{message})
	t.do(root, "input processor: moderation", span.ProcessorRun{ProcessorName: "moderation", ProcessorType: "input"}, prompt(message), t.millis(30, 80), object{"flagged": false})
	t.do(root, "memory: recall", span.MemoryOperation{OperationType: "recall", MessageCount: new(6)}, nil, t.millis(8, 30), nil)
	messages := []span.Value{said("system", s.instructions), message}
	if e.tool != "" {
		called := sdk.call("call_1", e.tool, e.input)
		step(t, t.ask(root, call{
			model: s.model, input: prompt(messages...), output: calls("", called), calls: true,
			usage: ofErrand(100*e.weight, string(e.input)), first: t.millis(200, 500), took: t.millis(600, 1200),
		}), 0, "tool-calls")
		t.do(root, "tool: '"+e.tool+"'", toolCall(e.tool, "", "call_1", true), e.input, e.took, e.result)
		messages = append(messages, of("assistant", called), sdk.result("call_1", e.tool, e.result))
	}
	llm := t.begin(root, "llm: '"+s.model.id+"'", span.ModelGeneration{Model: s.model.id, Provider: s.model.provider}, prompt(messages...))
	for n := range 2 { // of the answer's pieces
		t.event(llm, "chunk: 'text-delta'", span.ModelChunk{ChunkType: "text-delta", SequenceNumber: &n}, answer(e.reply[:min(8*n+8, len(e.reply))]))
	}
	t.answered(llm, call{
		model: s.model, output: answer(e.reply), usage: ofErrand(100*e.weight+len(e.result)/4+60, e.reply),
		first: t.millis(200, 600), took: t.millis(700, 1500) + time.Duration(4*len(e.reply))*time.Millisecond,
	})
	step(t, llm, 1, "stop")
	t.do(root, "output processor: pii", span.ProcessorRun{ProcessorName: "pii", ProcessorType: "output"}, answer(e.reply), t.millis(10, 40), object{"changed": false})
	t.do(root, "memory: save", span.MemoryOperation{OperationType: "save", MessageCount: new(2)}, nil, t.millis(8, 25), nil)
	t.end(root, t.millis(1, 5), object{"text": e.reply})
}

// runCheckout is a workflow with a look at fraud by a model.
func runCheckout(t *teller, s service, e errand) {
	root := t.begin(nil, "workflow run: '"+s.agent+"'", span.WorkflowRun{WorkflowID: s.agent, Status: "success"}, e.input)
	step := func(id string, d time.Duration) *span.Span {
		return t.do(root, "workflow step: '"+id+"'", span.WorkflowStep{StepID: id, Status: "success"}, e.input, d, nil)
	}
	step("validate-cart", t.millis(8, 30))
	check := t.begin(root, "workflow step: 'check-fraud'", span.WorkflowStep{StepID: "check-fraud", Status: "success"}, e.input)
	t.ask(check, call{
		model: s.model, input: prompt(said("system", s.instructions), said("user", string(e.input))), output: object{"text": e.reply, "object": e.result},
		usage: ofErrand(100*e.weight, e.reply), first: t.millis(100, 250), took: t.millis(350, 700),
	})
	t.end(check, t.millis(1, 4), e.result)
	pay := t.begin(root, "workflow step: 'charge-card'", span.WorkflowStep{StepID: "charge-card", Status: "success"}, e.input)
	t.do(pay, "tool: 'charge-card'", toolCall("charge-card", "Charges a card", "", true), e.input, e.took, object{"charge": "ch_" + t.hex(4), "status": "captured"})
	t.end(pay, t.millis(1, 4), nil)
	step("send-receipt", t.millis(20, 60))
	t.end(root, t.millis(1, 4), object{"status": "paid"})
}

// runIndexer is a workflow that reads a document and makes it findable.
func runIndexer(t *teller, s service, e errand) {
	root := t.begin(nil, "workflow run: '"+s.agent+"'", span.WorkflowRun{WorkflowID: s.agent, Status: "success"}, e.input)
	ingest := t.begin(root, "rag ingestion: 'docs'", span.RAGIngestion{PipelineName: "docs", SourceCount: new(1), VectorStore: "pgvector", IndexName: "docs", EmbeddingModel: embedder.id, EmbeddingProvider: embedder.provider}, e.input)
	t.do(ingest, "chunk", span.RAGAction{Action: "chunk", Strategy: "markdown", ChunkSize: new(800), ChunkOverlap: new(80)}, nil, e.took, nil)
	for n := range e.weight / 8 {
		tokens := usage{in: round(780)}
		t.do(ingest, "embed", span.RAGEmbedding{
			Model: embedder.id, Provider: embedder.provider, Mode: "ingest", InputCount: new(8),
			Usage: &span.Usage{InputTokens: &tokens.in},
		}, object{"batch": n}, t.millis(60, 180), nil)
	}
	t.do(ingest, "upsert", span.RAGVectorOperation{Operation: "upsert", Store: "pgvector", IndexName: "docs", Dimensions: new(1536)}, nil, t.millis(20, 80), nil)
	t.end(ingest, time.Millisecond, e.result)
	t.ask(root, call{
		model: s.model, input: prompt(said("system", s.instructions), said("user", fmt.Sprintf("Sum up %s", e.wish))), output: answer(e.reply),
		usage: ofErrand(100*e.weight, e.reply), first: t.millis(150, 300), took: t.millis(500, 900),
	})
	t.end(root, time.Millisecond, e.result)
}
