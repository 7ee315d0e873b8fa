package span

import "strings"

// Type says what kind of work a span is. Types that this package does not know are kept as they are.
type Type string

// The span types of Mastra 0.x and 1.x. The llm_* names are older spellings, see [Type.Canonical]; a chunk and an
// agent signal are events.
const (
	TypeAgentRun                Type = "agent_run"
	TypeModelGeneration         Type = "model_generation"
	TypeModelStep               Type = "model_step"
	TypeModelChunk              Type = "model_chunk"
	TypeModelInference          Type = "model_inference"
	TypeLLMGeneration           Type = "llm_generation"
	TypeLLMStep                 Type = "llm_step"
	TypeLLMChunk                Type = "llm_chunk"
	TypeToolCall                Type = "tool_call"
	TypeMCPToolCall             Type = "mcp_tool_call"
	TypeClientToolCall          Type = "client_tool_call"
	TypeProviderToolCall        Type = "provider_tool_call"
	TypeMCPServerRequest        Type = "mcp_server_request"
	TypeProcessorRun            Type = "processor_run"
	TypeWorkflowRun             Type = "workflow_run"
	TypeWorkflowStep            Type = "workflow_step"
	TypeWorkflowConditional     Type = "workflow_conditional"
	TypeWorkflowConditionalEval Type = "workflow_conditional_eval"
	TypeWorkflowParallel        Type = "workflow_parallel"
	TypeWorkflowLoop            Type = "workflow_loop"
	TypeWorkflowSleep           Type = "workflow_sleep"
	TypeWorkflowWaitEvent       Type = "workflow_wait_event"
	TypeGeneric                 Type = "generic"
	TypeScorerRun               Type = "scorer_run"
	TypeScorerStep              Type = "scorer_step"
	TypeClassifierEvaluation    Type = "classifier_evaluation"
	TypeMemoryOperation         Type = "memory_operation"
	TypeWorkspaceAction         Type = "workspace_action"
	TypeRAGIngestion            Type = "rag_ingestion"
	TypeRAGEmbedding            Type = "rag_embedding"
	TypeRAGVectorOperation      Type = "rag_vector_operation"
	TypeRAGAction               Type = "rag_action"
	TypeGraphAction             Type = "graph_action"
	TypeMapping                 Type = "mapping"
	TypeAgentSignal             Type = "agent_signal"
	TypeSkillAction             Type = "skill_action"
	TypeSkillResolution         Type = "skill_resolution"
)

// Canonical returns the current name of a type: model_* for llm_*, all others as they are.
func (t Type) Canonical() Type {
	switch t {
	case TypeLLMGeneration:
		return TypeModelGeneration
	case TypeLLMStep:
		return TypeModelStep
	case TypeLLMChunk:
		return TypeModelChunk
	}
	return t
}

// Known reports whether t is one of the types declared here.
func (t Type) Known() bool {
	switch t {
	case TypeAgentRun, TypeModelGeneration, TypeModelStep, TypeModelChunk, TypeModelInference, TypeLLMGeneration,
		TypeLLMStep, TypeLLMChunk, TypeToolCall, TypeMCPToolCall, TypeClientToolCall, TypeProviderToolCall,
		TypeMCPServerRequest, TypeProcessorRun, TypeWorkflowRun, TypeWorkflowStep, TypeWorkflowConditional,
		TypeWorkflowConditionalEval, TypeWorkflowParallel, TypeWorkflowLoop, TypeWorkflowSleep, TypeWorkflowWaitEvent,
		TypeGeneric, TypeScorerRun, TypeScorerStep, TypeClassifierEvaluation, TypeMemoryOperation,
		TypeWorkspaceAction, TypeRAGIngestion, TypeRAGEmbedding, TypeRAGVectorOperation, TypeRAGAction,
		TypeGraphAction, TypeMapping, TypeAgentSignal, TypeSkillAction, TypeSkillResolution:
		return true
	}
	return false
}

// IsModel reports whether t is one of the model types, whose usage may repeat that of another span of the same call.
func (t Type) IsModel() bool {
	return strings.HasPrefix(string(t.Canonical()), "model_")
}

// EntityType says what kind of thing a span's entity is. A child inherits its parent's entity, so a model call may
// carry the agent's.
type EntityType string

// The entity types of Mastra 1.x.
const (
	EntityAgent               EntityType = "agent"
	EntityScorer              EntityType = "scorer"
	EntityRAGIngestion        EntityType = "rag_ingestion"
	EntityTrajectory          EntityType = "trajectory"
	EntityInputProcessor      EntityType = "input_processor"
	EntityInputStepProcessor  EntityType = "input_step_processor"
	EntityOutputProcessor     EntityType = "output_processor"
	EntityOutputStepProcessor EntityType = "output_step_processor"
	EntityToolResultProcessor EntityType = "tool_result_processor"
	EntityWorkflowStep        EntityType = "workflow_step"
	EntityTool                EntityType = "tool"
	EntityMCPServer           EntityType = "mcp_server"
	EntityWorkflowRun         EntityType = "workflow_run"
	EntityMemory              EntityType = "memory"
)
