package span

import "time"

// ModelGeneration is one answer of a model, with all the steps it took.
type ModelGeneration struct {
	Model      string           `json:"model,omitempty"`
	Provider   string           `json:"provider,omitempty"`
	ResultType string           `json:"resultType,omitempty"` // tool_selection, response_generation, reasoning or planning
	Usage      *Usage           `json:"usage,omitempty"`
	Parameters *ModelParameters `json:"parameters,omitempty"`
	Streaming  *bool            `json:"streaming,omitempty"`

	FinishReason        string           `json:"finishReason,omitempty"`
	Tools               []ToolDefinition `json:"tools,omitempty"`
	CostContext         *CostContext     `json:"costContext,omitempty"`
	CompletionStartTime time.Time        `json:"completionStartTime,omitzero"` // of the first token
	ResponseModel       string           `json:"responseModel,omitempty"`
	ResponseID          string           `json:"responseId,omitempty"`
	ServerAddress       string           `json:"serverAddress,omitempty"`
	ServerPort          *int             `json:"serverPort,omitempty"`
}

// SpanType returns [TypeModelGeneration].
func (ModelGeneration) SpanType() Type { return TypeModelGeneration }

// AppendJSON appends the attributes as one JSON object.
func (a ModelGeneration) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("model", a.Model)
	o.text("provider", a.Provider)
	o.text("resultType", a.ResultType)
	a.Usage.write(&o, "usage")
	a.Parameters.write(&o)
	o.bool("streaming", a.Streaming)
	o.text("finishReason", a.FinishReason)
	if len(a.Tools) > 0 {
		o.key("tools")
		o.buf = append(o.buf, '[')
		for i := range a.Tools {
			tool := newObject(comma(o.buf))
			tool.text("type", a.Tools[i].Type)
			tool.text("name", a.Tools[i].Name)
			tool.text("description", a.Tools[i].Description)
			tool.value("parameters", a.Tools[i].Parameters)
			tool.text("id", a.Tools[i].ID)
			o.buf = tool.close()
		}
		o.buf = append(o.buf, ']')
	}
	a.CostContext.write(&o)
	o.date("completionStartTime", a.CompletionStartTime)
	o.text("responseModel", a.ResponseModel)
	o.text("responseId", a.ResponseID)
	o.text("serverAddress", a.ServerAddress)
	o.int("serverPort", a.ServerPort)
	return o.close()
}

// ToolDefinition is a tool that was offered to a model.
type ToolDefinition struct {
	Type        string `json:"type,omitempty"`
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Parameters  Value  `json:"parameters,omitempty"` // a JSON Schema
	ID          string `json:"id,omitempty"`
}

// CostContext is what a model call cost, or what its price is found by.
type CostContext struct {
	Provider      string   `json:"provider,omitempty"`
	Model         string   `json:"model,omitempty"`
	EstimatedCost *float64 `json:"estimatedCost,omitempty"` // in CostUnit
	CostUnit      string   `json:"costUnit,omitempty"`      // such as USD
	CostMetadata  Value    `json:"costMetadata,omitempty"`
}

func (c *CostContext) write(o *object) {
	if c == nil {
		return
	}
	g := o.open("costContext")
	o.text("provider", c.Provider)
	o.text("model", c.Model)
	o.float("estimatedCost", c.EstimatedCost)
	o.text("costUnit", c.CostUnit)
	o.value("costMetadata", c.CostMetadata)
	o.shut(g)
}

// ModelParameters is what a model call was asked with.
type ModelParameters struct {
	MaxOutputTokens  *int     `json:"maxOutputTokens,omitempty"`
	Temperature      *float64 `json:"temperature,omitempty"`
	TopP             *float64 `json:"topP,omitempty"`
	TopK             *float64 `json:"topK,omitempty"`
	PresencePenalty  *float64 `json:"presencePenalty,omitempty"`
	FrequencyPenalty *float64 `json:"frequencyPenalty,omitempty"`
	StopSequences    []string `json:"stopSequences,omitempty"`
	Seed             *int     `json:"seed,omitempty"`
	MaxRetries       *int     `json:"maxRetries,omitempty"`
	AbortSignal      Value    `json:"abortSignal,omitempty"`
	Headers          Value    `json:"headers,omitempty"`
}

func (p *ModelParameters) write(o *object) {
	if p == nil {
		return
	}
	g := o.open("parameters")
	o.int("maxOutputTokens", p.MaxOutputTokens)
	o.float("temperature", p.Temperature)
	o.float("topP", p.TopP)
	o.float("topK", p.TopK)
	o.float("presencePenalty", p.PresencePenalty)
	o.float("frequencyPenalty", p.FrequencyPenalty)
	o.texts("stopSequences", p.StopSequences)
	o.int("seed", p.Seed)
	o.int("maxRetries", p.MaxRetries)
	o.value("abortSignal", p.AbortSignal)
	o.value("headers", p.Headers)
	o.shut(g)
}

// ModelStep is one round of a generation: a model call and the tool calls it asked for.
type ModelStep struct {
	StepIndex    *int   `json:"stepIndex,omitempty"`
	Usage        *Usage `json:"usage,omitempty"` // repeats a part of the generation's
	FinishReason string `json:"finishReason,omitempty"`
	IsContinued  *bool  `json:"isContinued,omitempty"`
	Warnings     Value  `json:"warnings,omitempty"`
}

// SpanType returns [TypeModelStep].
func (ModelStep) SpanType() Type { return TypeModelStep }

// AppendJSON appends the attributes as one JSON object.
func (a ModelStep) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.int("stepIndex", a.StepIndex)
	a.Usage.write(&o, "usage")
	o.text("finishReason", a.FinishReason)
	o.bool("isContinued", a.IsContinued)
	o.value("warnings", a.Warnings)
	return o.close()
}

// ModelChunk is a piece of a streamed answer, an event.
type ModelChunk struct {
	ChunkType      string `json:"chunkType,omitempty"`
	SequenceNumber *int   `json:"sequenceNumber,omitempty"`
}

// SpanType returns [TypeModelChunk].
func (ModelChunk) SpanType() Type { return TypeModelChunk }

// AppendJSON appends the attributes as one JSON object.
func (a ModelChunk) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("chunkType", a.ChunkType)
	o.int("sequenceNumber", a.SequenceNumber)
	return o.close()
}

// ModelInference is the bare call to the provider inside a step.
type ModelInference struct {
	Model               string           `json:"model,omitempty"`
	Provider            string           `json:"provider,omitempty"`
	StepIndex           *int             `json:"stepIndex,omitempty"`
	Usage               *Usage           `json:"usage,omitempty"` // repeats a part of the generation's
	FinishReason        string           `json:"finishReason,omitempty"`
	Streaming           *bool            `json:"streaming,omitempty"`
	CompletionStartTime time.Time        `json:"completionStartTime,omitzero"` // of the first token
	Warnings            Value            `json:"warnings,omitempty"`
	ResponseModel       string           `json:"responseModel,omitempty"`
	ResponseID          string           `json:"responseId,omitempty"`
	Parameters          *ModelParameters `json:"parameters,omitempty"`
	ProviderOptions     Value            `json:"providerOptions,omitempty"`
	AvailableTools      []string         `json:"availableTools,omitempty"`
	ToolChoice          Value            `json:"toolChoice,omitempty"`
	ResponseFormat      Value            `json:"responseFormat,omitempty"`
}

// SpanType returns [TypeModelInference].
func (ModelInference) SpanType() Type { return TypeModelInference }

// AppendJSON appends the attributes as one JSON object.
func (a ModelInference) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("model", a.Model)
	o.text("provider", a.Provider)
	o.int("stepIndex", a.StepIndex)
	a.Usage.write(&o, "usage")
	o.text("finishReason", a.FinishReason)
	o.bool("streaming", a.Streaming)
	o.date("completionStartTime", a.CompletionStartTime)
	o.value("warnings", a.Warnings)
	o.text("responseModel", a.ResponseModel)
	o.text("responseId", a.ResponseID)
	a.Parameters.write(&o)
	o.value("providerOptions", a.ProviderOptions)
	o.texts("availableTools", a.AvailableTools)
	o.value("toolChoice", a.ToolChoice)
	o.value("responseFormat", a.ResponseFormat)
	return o.close()
}
