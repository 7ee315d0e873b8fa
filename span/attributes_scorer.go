package span

// ScorerRun is one run of a scorer.
type ScorerRun struct {
	ScorerID         string `json:"scorerId,omitempty"`
	ScorerName       string `json:"scorerName,omitempty"`
	ScoreSource      string `json:"scoreSource,omitempty"`
	TargetScope      string `json:"targetScope,omitempty"` // span or trajectory
	TargetEntityType string `json:"targetEntityType,omitempty"`
	ScorerDefinition Value  `json:"scorerDefinition,omitempty"`
}

// SpanType returns [TypeScorerRun].
func (ScorerRun) SpanType() Type { return TypeScorerRun }

// AppendJSON appends the attributes as one JSON object.
func (a ScorerRun) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("scorerId", a.ScorerID)
	o.text("scorerName", a.ScorerName)
	o.text("scoreSource", a.ScoreSource)
	o.text("targetScope", a.TargetScope)
	o.text("targetEntityType", a.TargetEntityType)
	o.value("scorerDefinition", a.ScorerDefinition)
	return o.close()
}

// ScorerStep is one step of a scorer.
type ScorerStep struct {
	Step       string `json:"step,omitempty"`
	StepType   string `json:"stepType,omitempty"` // function or prompt
	Prompt     string `json:"prompt,omitempty"`
	JudgeModel string `json:"judgeModel,omitempty"`
}

// SpanType returns [TypeScorerStep].
func (ScorerStep) SpanType() Type { return TypeScorerStep }

// AppendJSON appends the attributes as one JSON object.
func (a ScorerStep) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("step", a.Step)
	o.text("stepType", a.StepType)
	o.text("prompt", a.Prompt)
	o.text("judgeModel", a.JudgeModel)
	return o.close()
}

// Mapping is a change of shape between two steps.
type Mapping struct {
	MappingType string `json:"mappingType,omitempty"`
	ToolCallID  string `json:"toolCallId,omitempty"`
}

// SpanType returns [TypeMapping].
func (Mapping) SpanType() Type { return TypeMapping }

// AppendJSON appends the attributes as one JSON object.
func (a Mapping) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("mappingType", a.MappingType)
	o.text("toolCallId", a.ToolCallID)
	return o.close()
}

// AgentSignal is a change of an agent's state, an event.
type AgentSignal struct {
	StateID     string `json:"stateId,omitempty"`
	Mode        string `json:"mode,omitempty"` // snapshot or delta
	TagName     string `json:"tagName,omitempty"`
	ProcessorID string `json:"processorId,omitempty"`
}

// SpanType returns [TypeAgentSignal].
func (AgentSignal) SpanType() Type { return TypeAgentSignal }

// AppendJSON appends the attributes as one JSON object.
func (a AgentSignal) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("stateId", a.StateID)
	o.text("mode", a.Mode)
	o.text("tagName", a.TagName)
	o.text("processorId", a.ProcessorID)
	return o.close()
}

// ClassifierEvaluation is one run of a classifier over a set of questions.
type ClassifierEvaluation struct {
	ClassifierID  string   `json:"classifierId,omitempty"`
	ModelID       string   `json:"modelId,omitempty"`
	Provider      string   `json:"provider,omitempty"`
	QuestionCount *int     `json:"questionCount,omitempty"`
	QuestionTypes []string `json:"questionTypes,omitempty"`
	MaxRetries    *int     `json:"maxRetries,omitempty"`
	AttemptCount  *int     `json:"attemptCount,omitempty"`
	RetryCount    *int     `json:"retryCount,omitempty"`
	DurationMs    *float64 `json:"durationMs,omitempty"`
	Usage         *Usage   `json:"usage,omitempty"`
	ErrorType     string   `json:"errorType,omitempty"`
}

// SpanType returns [TypeClassifierEvaluation].
func (ClassifierEvaluation) SpanType() Type { return TypeClassifierEvaluation }

// AppendJSON appends the attributes as one JSON object.
func (a ClassifierEvaluation) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("classifierId", a.ClassifierID)
	o.text("modelId", a.ModelID)
	o.text("provider", a.Provider)
	o.int("questionCount", a.QuestionCount)
	o.texts("questionTypes", a.QuestionTypes)
	o.int("maxRetries", a.MaxRetries)
	o.int("attemptCount", a.AttemptCount)
	o.int("retryCount", a.RetryCount)
	o.float("durationMs", a.DurationMs)
	a.Usage.write(&o, "usage")
	o.text("errorType", a.ErrorType)
	return o.close()
}
