package span

import "time"

// WorkflowRun is one run of a workflow.
type WorkflowRun struct {
	WorkflowID string `json:"workflowId,omitempty"` // 0.x; 1.x has it as the span's entity
	Status     string `json:"status,omitempty"`     // success, failed, suspended, running, …
}

// SpanType returns [TypeWorkflowRun].
func (WorkflowRun) SpanType() Type { return TypeWorkflowRun }

// AppendJSON appends the attributes as one JSON object.
func (a WorkflowRun) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("workflowId", a.WorkflowID)
	o.text("status", a.Status)
	return o.close()
}

// WorkflowStep is one step of a workflow.
type WorkflowStep struct {
	StepID           string `json:"stepId,omitempty"` // 0.x; 1.x has it as the span's entity
	Status           string `json:"status,omitempty"` // as of the run
	EntryDescription string `json:"entryDescription,omitempty"`
	EntryMetadata    Value  `json:"entryMetadata,omitempty"`
}

// SpanType returns [TypeWorkflowStep].
func (WorkflowStep) SpanType() Type { return TypeWorkflowStep }

// AppendJSON appends the attributes as one JSON object.
func (a WorkflowStep) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("stepId", a.StepID)
	o.text("status", a.Status)
	o.text("entryDescription", a.EntryDescription)
	o.value("entryMetadata", a.EntryMetadata)
	return o.close()
}

// WorkflowConditional is a choice between branches.
type WorkflowConditional struct {
	ConditionCount *int     `json:"conditionCount,omitempty"`
	TruthyIndexes  []int    `json:"truthyIndexes,omitempty"`
	SelectedSteps  []string `json:"selectedSteps,omitempty"`
	WorkflowEntry
}

// SpanType returns [TypeWorkflowConditional].
func (WorkflowConditional) SpanType() Type { return TypeWorkflowConditional }

// AppendJSON appends the attributes as one JSON object.
func (a WorkflowConditional) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.int("conditionCount", a.ConditionCount)
	o.ints("truthyIndexes", a.TruthyIndexes)
	o.texts("selectedSteps", a.SelectedSteps)
	a.write(&o)
	return o.close()
}

// WorkflowConditionalEval is the evaluation of one condition.
type WorkflowConditionalEval struct {
	ConditionIndex *int  `json:"conditionIndex,omitempty"`
	Result         *bool `json:"result,omitempty"`
}

// SpanType returns [TypeWorkflowConditionalEval].
func (WorkflowConditionalEval) SpanType() Type { return TypeWorkflowConditionalEval }

// AppendJSON appends the attributes as one JSON object.
func (a WorkflowConditionalEval) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.int("conditionIndex", a.ConditionIndex)
	o.bool("result", a.Result)
	return o.close()
}

// WorkflowParallel is a set of branches that run together.
type WorkflowParallel struct {
	BranchCount   *int     `json:"branchCount,omitempty"`
	ParallelSteps []string `json:"parallelSteps,omitempty"`
	WorkflowEntry
}

// SpanType returns [TypeWorkflowParallel].
func (WorkflowParallel) SpanType() Type { return TypeWorkflowParallel }

// AppendJSON appends the attributes as one JSON object.
func (a WorkflowParallel) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.int("branchCount", a.BranchCount)
	o.texts("parallelSteps", a.ParallelSteps)
	a.write(&o)
	return o.close()
}

// WorkflowLoop is a step that runs several times.
type WorkflowLoop struct {
	LoopType        string `json:"loopType,omitempty"` // foreach, dowhile or dountil
	Iteration       *int   `json:"iteration,omitempty"`
	TotalIterations *int   `json:"totalIterations,omitempty"`
	Concurrency     *int   `json:"concurrency,omitempty"`
	WorkflowEntry
}

// SpanType returns [TypeWorkflowLoop].
func (WorkflowLoop) SpanType() Type { return TypeWorkflowLoop }

// AppendJSON appends the attributes as one JSON object.
func (a WorkflowLoop) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("loopType", a.LoopType)
	o.int("iteration", a.Iteration)
	o.int("totalIterations", a.TotalIterations)
	o.int("concurrency", a.Concurrency)
	a.write(&o)
	return o.close()
}

// WorkflowSleep is a pause.
type WorkflowSleep struct {
	DurationMs *float64  `json:"durationMs,omitempty"`
	UntilDate  time.Time `json:"untilDate,omitzero"`
	SleepType  string    `json:"sleepType,omitempty"` // fixed or dynamic
	WorkflowEntry
}

// SpanType returns [TypeWorkflowSleep].
func (WorkflowSleep) SpanType() Type { return TypeWorkflowSleep }

// AppendJSON appends the attributes as one JSON object.
func (a WorkflowSleep) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.float("durationMs", a.DurationMs)
	o.date("untilDate", a.UntilDate)
	o.text("sleepType", a.SleepType)
	a.write(&o)
	return o.close()
}

// WorkflowWaitEvent is a wait for an event from outside.
type WorkflowWaitEvent struct {
	EventName      string   `json:"eventName,omitempty"`
	TimeoutMs      *float64 `json:"timeoutMs,omitempty"`
	EventReceived  *bool    `json:"eventReceived,omitempty"`
	WaitDurationMs *float64 `json:"waitDurationMs,omitempty"`
	WorkflowEntry
}

// SpanType returns [TypeWorkflowWaitEvent].
func (WorkflowWaitEvent) SpanType() Type { return TypeWorkflowWaitEvent }

// AppendJSON appends the attributes as one JSON object.
func (a WorkflowWaitEvent) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("eventName", a.EventName)
	o.float("timeoutMs", a.TimeoutMs)
	o.bool("eventReceived", a.EventReceived)
	o.float("waitDurationMs", a.WaitDurationMs)
	a.write(&o)
	return o.close()
}

// WorkflowEntry is the place in a workflow's definition that a span belongs to; 1.x.
type WorkflowEntry struct {
	EntryID          string `json:"entryId,omitempty"`
	EntryDescription string `json:"entryDescription,omitempty"`
	EntryMetadata    Value  `json:"entryMetadata,omitempty"`
}

func (w *WorkflowEntry) write(o *object) {
	o.text("entryId", w.EntryID)
	o.text("entryDescription", w.EntryDescription)
	o.value("entryMetadata", w.EntryMetadata)
}
