package span

// AgentRun is one run of an agent, the usual root of a trace.
type AgentRun struct {
	AgentID           string    `json:"agentId,omitempty"` // 0.x; 1.x has it as the span's entity
	Instructions      string    `json:"instructions,omitempty"`
	Prompt            string    `json:"prompt,omitempty"`
	AvailableTools    []string  `json:"availableTools,omitempty"`
	MaxSteps          *int      `json:"maxSteps,omitempty"`
	ConversationID    string    `json:"conversationId,omitempty"`
	ResolvedVersionID string    `json:"resolvedVersionId,omitempty"`
	TripwireAbort     *Tripwire `json:"tripwireAbort,omitempty"`
}

// SpanType returns [TypeAgentRun].
func (AgentRun) SpanType() Type { return TypeAgentRun }

// AppendJSON appends the attributes as one JSON object.
func (a AgentRun) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("agentId", a.AgentID)
	o.text("instructions", a.Instructions)
	o.text("prompt", a.Prompt)
	o.texts("availableTools", a.AvailableTools)
	o.int("maxSteps", a.MaxSteps)
	o.text("conversationId", a.ConversationID)
	o.text("resolvedVersionId", a.ResolvedVersionID)
	a.TripwireAbort.write(&o)
	return o.close()
}

// Tripwire says why a processor stopped a run.
type Tripwire struct {
	Reason      string `json:"reason,omitempty"`
	ProcessorID string `json:"processorId,omitempty"`
	Retry       *bool  `json:"retry,omitempty"`
	Metadata    Value  `json:"metadata,omitempty"`
}

func (t *Tripwire) write(o *object) {
	if t == nil {
		return
	}
	g := o.open("tripwireAbort")
	o.text("reason", t.Reason)
	o.text("processorId", t.ProcessorID)
	o.bool("retry", t.Retry)
	o.value("metadata", t.Metadata)
	o.shut(g)
}

// ProcessorRun is one run of a processor on the messages of an agent.
type ProcessorRun struct {
	ProcessorName string `json:"processorName,omitempty"` // 0.x
	ProcessorType string `json:"processorType,omitempty"` // 0.x: input or output
	ProcessorHook
}

// SpanType returns [TypeProcessorRun].
func (ProcessorRun) SpanType() Type { return TypeProcessorRun }

// AppendJSON appends the attributes as one JSON object.
func (a ProcessorRun) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("processorName", a.ProcessorName)
	o.text("processorType", a.ProcessorType)
	a.write(&o)
	return o.close()
}

// ProcessorHook is the place of a span in an agent's chain of processors. All but the index are 1.x.
type ProcessorHook struct {
	ProcessorExecutor    string    `json:"processorExecutor,omitempty"` // workflow or legacy
	ProcessorIndex       *int      `json:"processorIndex,omitempty"`
	ProcessorPhase       string    `json:"processorPhase,omitempty"` // from input and inputStep to toolResult and requestError
	HookDurationMs       *float64  `json:"hookDurationMs,omitempty"`
	MessageListMutations Value     `json:"messageListMutations,omitempty"`
	TripwireAbort        *Tripwire `json:"tripwireAbort,omitempty"`
}

func (h *ProcessorHook) write(o *object) {
	o.text("processorExecutor", h.ProcessorExecutor)
	o.int("processorIndex", h.ProcessorIndex)
	o.text("processorPhase", h.ProcessorPhase)
	o.float("hookDurationMs", h.HookDurationMs)
	o.value("messageListMutations", h.MessageListMutations)
	h.TripwireAbort.write(o)
}

// MemoryOperation is one use of an agent's memory.
type MemoryOperation struct {
	OperationType         string `json:"operationType,omitempty"` // recall, save, delete, update, observe or reflect
	MessageCount          *int   `json:"messageCount,omitempty"`
	EmbeddingTokens       *int   `json:"embeddingTokens,omitempty"`
	SemanticRecallEnabled *bool  `json:"semanticRecallEnabled,omitempty"`
	VectorResultCount     *int   `json:"vectorResultCount,omitempty"`
	WorkingMemoryEnabled  *bool  `json:"workingMemoryEnabled,omitempty"`
	LastMessages          Value  `json:"lastMessages,omitempty"` // a number, or false
	InputTokens           *int   `json:"inputTokens,omitempty"`
	SelectedModel         string `json:"selectedModel,omitempty"`
	MultiThread           *bool  `json:"multiThread,omitempty"`
	ProcessorHook
}

// SpanType returns [TypeMemoryOperation].
func (MemoryOperation) SpanType() Type { return TypeMemoryOperation }

// AppendJSON appends the attributes as one JSON object.
func (a MemoryOperation) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("operationType", a.OperationType)
	o.int("messageCount", a.MessageCount)
	o.int("embeddingTokens", a.EmbeddingTokens)
	o.bool("semanticRecallEnabled", a.SemanticRecallEnabled)
	o.int("vectorResultCount", a.VectorResultCount)
	o.bool("workingMemoryEnabled", a.WorkingMemoryEnabled)
	o.value("lastMessages", a.LastMessages)
	o.int("inputTokens", a.InputTokens)
	o.text("selectedModel", a.SelectedModel)
	o.bool("multiThread", a.MultiThread)
	a.write(&o)
	return o.close()
}

// WorkspaceAction is one use of an agent's workspace.
type WorkspaceAction struct {
	WorkspaceID        string `json:"workspaceId,omitempty"`
	WorkspaceName      string `json:"workspaceName,omitempty"`
	Category           string `json:"category,omitempty"` // filesystem, sandbox, search, skill, mount or computer
	SandboxProvider    string `json:"sandboxProvider,omitempty"`
	FilesystemProvider string `json:"filesystemProvider,omitempty"`
	Success            *bool  `json:"success,omitempty"`
	ProcessorHook
}

// SpanType returns [TypeWorkspaceAction].
func (WorkspaceAction) SpanType() Type { return TypeWorkspaceAction }

// AppendJSON appends the attributes as one JSON object.
func (a WorkspaceAction) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("workspaceId", a.WorkspaceID)
	o.text("workspaceName", a.WorkspaceName)
	o.text("category", a.Category)
	o.text("sandboxProvider", a.SandboxProvider)
	o.text("filesystemProvider", a.FilesystemProvider)
	o.bool("success", a.Success)
	a.write(&o)
	return o.close()
}

// SkillAction is one use of a skill.
type SkillAction struct {
	Operation   string `json:"operation,omitempty"` // resolve, inject, activate, search or read
	AgentID     string `json:"agentId,omitempty"`
	SkillCount  *int   `json:"skillCount,omitempty"`
	SkillFormat string `json:"skillFormat,omitempty"`
	SkillName   string `json:"skillName,omitempty"`
	Success     *bool  `json:"success,omitempty"`
	ProcessorHook
}

// SpanType returns [TypeSkillAction].
func (SkillAction) SpanType() Type { return TypeSkillAction }

// AppendJSON appends the attributes as one JSON object.
func (a SkillAction) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("operation", a.Operation)
	o.text("agentId", a.AgentID)
	o.int("skillCount", a.SkillCount)
	o.text("skillFormat", a.SkillFormat)
	o.text("skillName", a.SkillName)
	o.bool("success", a.Success)
	a.write(&o)
	return o.close()
}

// SkillResolution is the look-up of an agent's skills; current senders write [SkillAction] instead.
type SkillResolution struct {
	AgentID     string `json:"agentId,omitempty"`
	SkillCount  *int   `json:"skillCount,omitempty"`
	Phase       string `json:"phase,omitempty"`
	SkillFormat string `json:"skillFormat,omitempty"`
	ProcessorHook
}

// SpanType returns [TypeSkillResolution].
func (SkillResolution) SpanType() Type { return TypeSkillResolution }

// AppendJSON appends the attributes as one JSON object.
func (a SkillResolution) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("agentId", a.AgentID)
	o.int("skillCount", a.SkillCount)
	o.text("phase", a.Phase)
	o.text("skillFormat", a.SkillFormat)
	a.write(&o)
	return o.close()
}
