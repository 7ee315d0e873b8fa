import { kindOf } from './kinds';
import { equal, test } from '../testing';

test('types of both generations have the kind that a reader expects', () => {
  for (const [type, kind] of [
    ['agent_run', 'agent'], ['llm_generation', 'model'], ['model_generation', 'model'], ['model_step', 'step'], ['llm_chunk', 'step'], ['model_inference', 'step'],
    ['tool_call', 'tool'], ['mcp_tool_call', 'tool'], ['workflow_run', 'workflow'], ['workflow_conditional_eval', 'workflow'], ['rag_embedding', 'memory'],
    ['memory_operation', 'memory'], ['processor_run', 'guard'], ['scorer_step', 'guard'], ['generic', 'other'], ['chat', 'model'], ['', 'other'], ['__proto__', 'other'],
  ] as const) equal([type, kindOf(type)], [type, kind]);
});
