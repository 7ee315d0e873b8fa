package span_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// sent prints the record that carries these attributes over the wire, and returns what its reader has.
func sent(name string, a span.Attributes) *span.Span {
	s := &span.Span{TraceID: "a1", ID: "01", ParentID: "00", Name: name}
	s.SetAttributes(a)
	record, err := span.V1.AppendItem(nil, s, true)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s\n", record)
	received, err := span.DecodeRecord(record)
	if err != nil {
		fmt.Println(err)
	}
	return received
}

// Attributes is what the Go types of all kinds of spans have in common, so a function can take any
// of them. What they leave unsaid stays out of the record.
func ExampleAttributes() {
	for _, a := range []span.Attributes{
		span.AgentRun{MaxSteps: new(5)},
		span.ToolCall{Success: new(false)}, // false is said on purpose
		span.Generic{},
	} {
		fmt.Println(a.SpanType(), string(a.AppendJSON(nil)))
	}
	// Output:
	// agent_run {"maxSteps":5}
	// tool_call {"success":false}
	// generic {}
}

// An agent's run names its agent, which becomes the span's entity. A processor that stopped it left a
// tripwire.
func ExampleAgentRun() {
	s := sent("agent run: 'support'", span.AgentRun{
		AgentID:        "support",
		AvailableTools: []string{"weather", "search"},
		MaxSteps:       new(5),
		TripwireAbort:  &span.Tripwire{Reason: "card number in the prompt", ProcessorID: "pii", Retry: new(false)},
	})
	run, err := span.As[span.AgentRun](s)
	fmt.Println(s.EntityType, s.EntityID, *run.MaxSteps, run.TripwireAbort.Reason, err)
	// Output:
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"agent run: 'support'","spanType":"agent_run","entityType":"agent","entityId":"support","attributes":{"agentId":"support","availableTools":["weather","search"],"maxSteps":5,"tripwireAbort":{"reason":"card number in the prompt","processorId":"pii","retry":false}},"isEvent":false,"isRootSpan":false}
	// agent support 5 card number in the prompt <nil>
}

// A processor's place in the agent's chain is a ProcessorHook, which the attributes of other spans
// embed too: those of a memory, a skill or a workspace that a processor uses.
func ExampleProcessorRun() {
	s := sent("input processor: 'pii'", span.ProcessorRun{ProcessorHook: span.ProcessorHook{
		ProcessorExecutor: "workflow",
		ProcessorIndex:    new(0), // the first: 0 is said, nil would be no answer
		ProcessorPhase:    "input",
		HookDurationMs:    new(1.5),
	}})
	run, err := span.As[span.ProcessorRun](s)
	fmt.Println(run.ProcessorPhase, *run.ProcessorIndex, err)
	// Output:
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"input processor: 'pii'","spanType":"processor_run","attributes":{"processorExecutor":"workflow","processorIndex":0,"processorPhase":"input","hookDurationMs":1.5},"isEvent":false,"isRootSpan":false}
	// input 0 <nil>
}

// A signal is an event: it happens at Start, and its payload is Output.
func ExampleAgentSignal() {
	s := &span.Span{TraceID: "a1", ID: "02", ParentID: "01", Name: "state", Event: true, Output: `{"mood":"calm"}`}
	s.Start = time.Date(2026, 11, 22, 16, 8, 8, 0, time.UTC)
	s.SetAttributes(span.AgentSignal{StateID: "mood", Mode: "snapshot", TagName: "mood"})
	record, err := s.MarshalJSON()
	fmt.Printf("%s %v\n", record, err)
	// Output:
	// {"traceId":"a1","spanId":"02","parentSpanId":"01","name":"state","spanType":"agent_signal","attributes":{"stateId":"mood","mode":"snapshot","tagName":"mood"},"startedAt":"2026-11-22T16:08:08.000Z","output":{"mood":"calm"},"isEvent":true,"isRootSpan":false} <nil>
}

// A generation is the answer of a model, with what it was asked with, was offered, and cost.
func ExampleModelGeneration() {
	s := sent("llm: 'gpt-4o-mini'", span.ModelGeneration{
		Model:        "gpt-4o-mini",
		Provider:     "openai",
		Parameters:   &span.ModelParameters{Temperature: new(0.2), MaxOutputTokens: new(1024)},
		Tools:        []span.ToolDefinition{{Type: "function", Name: "weather", Parameters: `{"type":"object"}`}},
		Usage:        &span.Usage{InputTokens: new(1200), OutputTokens: new(340)},
		CostContext:  &span.CostContext{EstimatedCost: new(0.0005), CostUnit: "USD"},
		FinishReason: "stop",
	})
	g, err := span.As[span.ModelGeneration](s)
	fmt.Println(g.Model, *g.Parameters.Temperature, g.Tools[0].Name, *g.CostContext.EstimatedCost, g.CostContext.CostUnit, err)
	// Output:
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"llm: 'gpt-4o-mini'","spanType":"model_generation","attributes":{"model":"gpt-4o-mini","provider":"openai","usage":{"inputTokens":1200,"outputTokens":340},"parameters":{"maxOutputTokens":1024,"temperature":0.2},"finishReason":"stop","tools":[{"type":"function","name":"weather","parameters":{"type":"object"}}],"costContext":{"estimatedCost":0.0005,"costUnit":"USD"}},"isEvent":false,"isRootSpan":false}
	// gpt-4o-mini 0.2 weather 0.0005 USD <nil>
}

// A generation has a step for each round, a step the inference that is its call to the provider, and
// an inference the chunks it streamed. Their usage repeats the generation's, so it is counted once.
func ExampleModelInference() {
	usage := &span.Usage{InputTokens: new(1200), OutputTokens: new(340)}
	step := sent("step: 0", span.ModelStep{StepIndex: new(0), Usage: usage, FinishReason: "stop"})
	call := sent("inference", span.ModelInference{
		Model: "gpt-4o-mini", StepIndex: new(0), Usage: usage,
		CompletionStartTime: time.Date(2026, 11, 22, 16, 8, 8, 815_000_000, time.UTC), // of the first token
		ToolChoice:          `"auto"`,
	})
	sent("chunk: 'text'", span.ModelChunk{ChunkType: "text", SequenceNumber: new(7)})

	fmt.Println("step in a generation:", step.CountedTokens(true).Total)
	fmt.Println("inference alone:", call.CountedTokens(false).Total)
	// Output:
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"step: 0","spanType":"model_step","attributes":{"stepIndex":0,"usage":{"inputTokens":1200,"outputTokens":340},"finishReason":"stop"},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"inference","spanType":"model_inference","attributes":{"model":"gpt-4o-mini","stepIndex":0,"usage":{"inputTokens":1200,"outputTokens":340},"completionStartTime":"2026-11-22T16:08:08.815Z","toolChoice":"auto"},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"chunk: 'text'","spanType":"model_chunk","attributes":{"chunkType":"text","sequenceNumber":7},"isEvent":false,"isRootSpan":false}
	// step in a generation: 0
	// inference alone: 1540
}

// Who runs the tool decides about the type of its span: the program, an MCP server, the client or
// the model's provider. ToolName names the tool of each.
func ExampleMCPToolCall() {
	for _, a := range []span.Attributes{
		span.ToolCall{ToolID: "weather", ToolCallID: "call_1", Success: new(true)},
		span.MCPToolCall{ToolID: "search", MCPServer: "docs", ServerVersion: "1.2.0", Success: new(true)},
		span.ClientToolCall{ToolType: "client", ClientEnvironment: `{"platform":"web"}`},
		span.ProviderToolCall{ToolType: "web_search", Success: new(false)},
	} {
		fmt.Println(sent("tool", a).ToolName())
	}
	// Output:
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"tool","spanType":"tool_call","entityType":"tool","entityId":"weather","attributes":{"toolId":"weather","toolCallId":"call_1","success":true},"isEvent":false,"isRootSpan":false}
	// weather
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"tool","spanType":"mcp_tool_call","entityType":"tool","entityId":"search","attributes":{"toolId":"search","mcpServer":"docs","serverVersion":"1.2.0","success":true},"isEvent":false,"isRootSpan":false}
	// search
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"tool","spanType":"client_tool_call","attributes":{"toolType":"client","clientEnvironment":{"platform":"web"}},"isEvent":false,"isRootSpan":false}
	// tool
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"tool","spanType":"provider_tool_call","attributes":{"toolType":"web_search","success":false},"isEvent":false,"isRootSpan":false}
	// tool
}

// The server's side of an MCP call has a span as well.
func ExampleMCPServerRequest() {
	s := sent("tools/call search", span.MCPServerRequest{
		MCPMethod: "tools/call", TargetName: "search", MCPServer: "docs", ClientName: "support",
	})
	request, err := span.As[span.MCPServerRequest](s)
	fmt.Println(request.MCPMethod, request.TargetName, err)
	// Output:
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"tools/call search","spanType":"mcp_server_request","attributes":{"mcpMethod":"tools/call","targetName":"search","mcpServer":"docs","clientName":"support"},"isEvent":false,"isRootSpan":false}
	// tools/call search <nil>
}

// Spans of 1.x name their place in the workflow's definition: WorkflowEntry.
func ExampleWorkflowRun() {
	run := sent("workflow run: 'refund'", span.WorkflowRun{WorkflowID: "refund", Status: "success"})
	step := sent("workflow step: 'check'", span.WorkflowStep{StepID: "check", Status: "success"})
	sent("conditional", span.WorkflowConditional{
		ConditionCount: new(2),
		TruthyIndexes:  []int{1},
		SelectedSteps:  []string{"approve"},
		WorkflowEntry:  span.WorkflowEntry{EntryID: "is-small", EntryDescription: "small sums need nobody"},
	})
	sent("condition: 1", span.WorkflowConditionalEval{ConditionIndex: new(1), Result: new(true)})

	fmt.Println(run.EntityType, run.EntityID)
	fmt.Println(step.EntityType, step.StepID())
	// Output:
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"workflow run: 'refund'","spanType":"workflow_run","entityType":"workflow_run","entityId":"refund","attributes":{"workflowId":"refund","status":"success"},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"workflow step: 'check'","spanType":"workflow_step","entityType":"workflow_step","entityId":"check","attributes":{"stepId":"check","status":"success"},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"conditional","spanType":"workflow_conditional","attributes":{"conditionCount":2,"truthyIndexes":[1],"selectedSteps":["approve"],"entryId":"is-small","entryDescription":"small sums need nobody"},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"condition: 1","spanType":"workflow_conditional_eval","attributes":{"conditionIndex":1,"result":true},"isEvent":false,"isRootSpan":false}
	// workflow_run refund
	// workflow_step check
}

// The control flow of a workflow has span types of its own.
func ExampleWorkflowLoop() {
	sent("parallel", span.WorkflowParallel{BranchCount: new(2), ParallelSteps: []string{"mail", "ledger"}})
	sent("loop", span.WorkflowLoop{LoopType: "foreach", TotalIterations: new(3), Concurrency: new(1)})
	sent("sleep", span.WorkflowSleep{UntilDate: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), SleepType: "fixed"})
	s := sent("wait", span.WorkflowWaitEvent{EventName: "approved", TimeoutMs: new(60_000.0), EventReceived: new(true)})

	wait, err := span.As[span.WorkflowWaitEvent](s)
	fmt.Println(wait.EventName, *wait.EventReceived, err)
	// Output:
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"parallel","spanType":"workflow_parallel","attributes":{"branchCount":2,"parallelSteps":["mail","ledger"]},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"loop","spanType":"workflow_loop","attributes":{"loopType":"foreach","totalIterations":3,"concurrency":1},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"sleep","spanType":"workflow_sleep","attributes":{"untilDate":"2026-11-23T08:00:00.000Z","sleepType":"fixed"},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"wait","spanType":"workflow_wait_event","attributes":{"eventName":"approved","timeoutMs":60000,"eventReceived":true},"isEvent":false,"isRootSpan":false}
	// approved true <nil>
}

// Scorers and classifiers judge what agents did. A classifier's usage counts, as a generation's does.
func ExampleScorerRun() {
	sent("scorer run: 'faithful'", span.ScorerRun{ScorerID: "faithful", TargetScope: "span", TargetEntityType: "agent"})
	sent("scorer step: 'analyze'", span.ScorerStep{Step: "analyze", StepType: "prompt", JudgeModel: "gpt-4o-mini"})
	s := sent("classifier", span.ClassifierEvaluation{
		ClassifierID:  "topics",
		QuestionCount: new(2),
		QuestionTypes: []string{"boolean", "enum"},
		Usage:         &span.Usage{InputTokens: new(80), OutputTokens: new(4)},
	})
	fmt.Println(s.CountedTokens(false).Total, "tokens")
	// Output:
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"scorer run: 'faithful'","spanType":"scorer_run","attributes":{"scorerId":"faithful","targetScope":"span","targetEntityType":"agent"},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"scorer step: 'analyze'","spanType":"scorer_step","attributes":{"step":"analyze","stepType":"prompt","judgeModel":"gpt-4o-mini"},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"classifier","spanType":"classifier_evaluation","attributes":{"classifierId":"topics","questionCount":2,"questionTypes":["boolean","enum"],"usage":{"inputTokens":80,"outputTokens":4}},"isEvent":false,"isRootSpan":false}
	// 84 tokens
}

// What an agent works with: its memory, and a workspace of files and sandboxes.
func ExampleMemoryOperation() {
	s := sent("memory: recall", span.MemoryOperation{
		OperationType: "recall", MessageCount: new(12), SemanticRecallEnabled: new(true),
		LastMessages:  "false", // a number or false: any Value will do
		ProcessorHook: span.ProcessorHook{ProcessorPhase: "input"},
	})
	sent("workspace: write", span.WorkspaceAction{WorkspaceName: "scratch", Category: "filesystem", Success: new(true)})

	memory, err := span.As[span.MemoryOperation](s)
	fmt.Println(memory.OperationType, *memory.MessageCount, memory.LastMessages, memory.ProcessorPhase, err)
	// Output:
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"memory: recall","spanType":"memory_operation","attributes":{"operationType":"recall","messageCount":12,"semanticRecallEnabled":true,"lastMessages":false,"processorPhase":"input"},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"workspace: write","spanType":"workspace_action","attributes":{"workspaceName":"scratch","category":"filesystem","success":true},"isEvent":false,"isRootSpan":false}
	// recall 12 false input <nil>
}

// Older senders say of skills only that they were looked up, newer ones what was done with each.
func ExampleSkillAction() {
	sent("skills", span.SkillResolution{AgentID: "support", SkillCount: new(3), Phase: "inputStep"})
	s := sent("skill: activate", span.SkillAction{Operation: "activate", SkillName: "refunds", Success: new(true)})

	_, err := span.As[span.SkillResolution](s)
	fmt.Println(err, errors.Is(err, span.ErrType))
	// Output:
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"skills","spanType":"skill_resolution","attributes":{"agentId":"support","skillCount":3,"phase":"inputStep"},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"skill: activate","spanType":"skill_action","attributes":{"operation":"activate","skillName":"refunds","success":true},"isEvent":false,"isRootSpan":false}
	// span: attributes of another type: want skill_resolution, have skill_action true
}

// From documents to an answer: ingestion, embeddings, the vector store, ranking, and graphs.
func ExampleRAGIngestion() {
	sent("ingest", span.RAGIngestion{PipelineName: "manuals", SourceCount: new(40), VectorStore: "pgvector"})
	embedding := sent("embed", span.RAGEmbedding{
		Model: "text-embedding-3-small", Mode: "query", Dimensions: new(1536), Usage: &span.Usage{InputTokens: new(9)},
	})
	sent("query", span.RAGVectorOperation{Operation: "query", IndexName: "manuals", TopK: new(20)})
	sent("rerank", span.RAGAction{Action: "rerank", CandidateCount: new(20), TopN: new(5)})
	sent("graph", span.GraphAction{Action: "traverse", StartNodes: `["n1"]`, MaxDepth: new(2), Threshold: new(0.7)})

	fmt.Println(embedding.CountedTokens(false).Input, "tokens embedded")
	// Output:
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"ingest","spanType":"rag_ingestion","attributes":{"pipelineName":"manuals","sourceCount":40,"vectorStore":"pgvector"},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"embed","spanType":"rag_embedding","attributes":{"model":"text-embedding-3-small","dimensions":1536,"mode":"query","usage":{"inputTokens":9}},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"query","spanType":"rag_vector_operation","attributes":{"operation":"query","indexName":"manuals","topK":20},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"rerank","spanType":"rag_action","attributes":{"action":"rerank","candidateCount":20,"topN":5},"isEvent":false,"isRootSpan":false}
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"graph","spanType":"graph_action","attributes":{"action":"traverse","threshold":0.7,"startNodes":["n1"],"maxDepth":2},"isEvent":false,"isRootSpan":false}
	// 9 tokens embedded
}

// A mapping changes the shape of data between two steps.
func ExampleMapping() {
	s := sent("map", span.Mapping{MappingType: "input", ToolCallID: "call_1"})
	mapping, err := span.As[span.Mapping](s)
	fmt.Println(mapping.MappingType, err)
	// Output:
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"map","spanType":"mapping","attributes":{"mappingType":"input","toolCallId":"call_1"},"isEvent":false,"isRootSpan":false}
	// input <nil>
}

// A span of a type that this package does not know travels as any other.
func ExampleCustom() {
	s := sent("print: label", span.Custom{Type: "print_job", Values: `{"copies":2}`})
	copies, _ := s.Attributes.Get("copies").Int()
	fmt.Println(s.Type, s.Type.Known(), copies)
	// Output:
	// {"traceId":"a1","spanId":"01","parentSpanId":"00","name":"print: label","spanType":"print_job","attributes":{"copies":2},"isEvent":false,"isRootSpan":false}
	// print_job false 2
}

// Types keep the name they came with; Canonical folds the older spelling into the current one.
func ExampleType() {
	for _, t := range []span.Type{span.TypeLLMGeneration, span.TypeModelStep, span.TypeToolCall, "print_job"} {
		fmt.Println(t, t.Canonical(), t.IsModel(), t.Known())
	}
	// Output:
	// llm_generation model_generation true true
	// model_step model_step true true
	// tool_call tool_call false true
	// print_job print_job false false
}

// An entity is what the work belongs to. A child inherits it, so spans can be told apart by agent.
func ExampleEntityType() {
	spans := []*span.Span{
		{Name: "run", Type: span.TypeAgentRun, EntityType: span.EntityAgent, EntityID: "support"},
		{Name: "answer", Type: span.TypeModelGeneration, EntityType: span.EntityAgent, EntityID: "support"},
		{Name: "lookup", Type: span.TypeToolCall, EntityType: span.EntityTool, EntityID: "weather"},
	}
	byKind := map[span.EntityType]int{}
	for _, s := range spans {
		byKind[s.EntityType]++
	}
	fmt.Println(byKind)
	// Output:
	// map[agent:2 tool:1]
}
