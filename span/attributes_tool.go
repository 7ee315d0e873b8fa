package span

// ToolCall is one call of a tool.
type ToolCall struct {
	ToolID          string `json:"toolId,omitempty"` // 0.x; 1.x has it as the span's entity
	ToolType        string `json:"toolType,omitempty"`
	ToolDescription string `json:"toolDescription,omitempty"`
	ToolCallID      string `json:"toolCallId,omitempty"`
	Success         *bool  `json:"success,omitempty"`
}

// SpanType returns [TypeToolCall].
func (ToolCall) SpanType() Type { return TypeToolCall }

// AppendJSON appends the attributes as one JSON object.
func (a ToolCall) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("toolId", a.ToolID)
	o.text("toolType", a.ToolType)
	o.text("toolDescription", a.ToolDescription)
	o.text("toolCallId", a.ToolCallID)
	o.bool("success", a.Success)
	return o.close()
}

// MCPToolCall is one call of a tool of an MCP server.
type MCPToolCall struct {
	ToolID          string `json:"toolId,omitempty"` // 0.x; 1.x has it as the span's entity
	MCPServer       string `json:"mcpServer,omitempty"`
	ServerVersion   string `json:"serverVersion,omitempty"`
	ToolType        string `json:"toolType,omitempty"`
	ToolDescription string `json:"toolDescription,omitempty"`
	ToolCallID      string `json:"toolCallId,omitempty"`
	Success         *bool  `json:"success,omitempty"`
}

// SpanType returns [TypeMCPToolCall].
func (MCPToolCall) SpanType() Type { return TypeMCPToolCall }

// AppendJSON appends the attributes as one JSON object.
func (a MCPToolCall) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("toolId", a.ToolID)
	o.text("mcpServer", a.MCPServer)
	o.text("serverVersion", a.ServerVersion)
	o.text("toolType", a.ToolType)
	o.text("toolDescription", a.ToolDescription)
	o.text("toolCallId", a.ToolCallID)
	o.bool("success", a.Success)
	return o.close()
}

// ClientToolCall is one call of a tool that the client runs.
type ClientToolCall struct {
	ToolType          string `json:"toolType,omitempty"`
	ToolDescription   string `json:"toolDescription,omitempty"`
	ClientEnvironment Value  `json:"clientEnvironment,omitempty"`
}

// SpanType returns [TypeClientToolCall].
func (ClientToolCall) SpanType() Type { return TypeClientToolCall }

// AppendJSON appends the attributes as one JSON object.
func (a ClientToolCall) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("toolType", a.ToolType)
	o.text("toolDescription", a.ToolDescription)
	o.value("clientEnvironment", a.ClientEnvironment)
	return o.close()
}

// ProviderToolCall is one call of a tool that the model's provider runs.
type ProviderToolCall struct {
	ToolType        string `json:"toolType,omitempty"`
	ToolDescription string `json:"toolDescription,omitempty"`
	ToolCallID      string `json:"toolCallId,omitempty"`
	Success         *bool  `json:"success,omitempty"`
}

// SpanType returns [TypeProviderToolCall].
func (ProviderToolCall) SpanType() Type { return TypeProviderToolCall }

// AppendJSON appends the attributes as one JSON object.
func (a ProviderToolCall) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("toolType", a.ToolType)
	o.text("toolDescription", a.ToolDescription)
	o.text("toolCallId", a.ToolCallID)
	o.bool("success", a.Success)
	return o.close()
}

// MCPServerRequest is one request that an MCP server answers.
type MCPServerRequest struct {
	MCPMethod          string `json:"mcpMethod,omitempty"`
	TargetName         string `json:"targetName,omitempty"`
	MCPServer          string `json:"mcpServer,omitempty"`
	ServerVersion      string `json:"serverVersion,omitempty"`
	MCPProtocolVersion string `json:"mcpProtocolVersion,omitempty"`
	ClientName         string `json:"clientName,omitempty"`
	ClientVersion      string `json:"clientVersion,omitempty"`
}

// SpanType returns [TypeMCPServerRequest].
func (MCPServerRequest) SpanType() Type { return TypeMCPServerRequest }

// AppendJSON appends the attributes as one JSON object.
func (a MCPServerRequest) AppendJSON(buf []byte) []byte {
	o := newObject(buf)
	o.text("mcpMethod", a.MCPMethod)
	o.text("targetName", a.TargetName)
	o.text("mcpServer", a.MCPServer)
	o.text("serverVersion", a.ServerVersion)
	o.text("mcpProtocolVersion", a.MCPProtocolVersion)
	o.text("clientName", a.ClientName)
	o.text("clientVersion", a.ClientVersion)
	return o.close()
}
