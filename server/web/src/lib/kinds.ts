// Kinds of spans, which is what gives a span its colour and icon: a dozen types mean one thing to a reader.
import type { IconName } from '../ui/icon';

export type Kind = 'agent' | 'model' | 'step' | 'tool' | 'workflow' | 'memory' | 'guard' | 'other';

/** Names as the legend has them, in its order. The colour of a kind is --kind-NAME. */
export const kinds: Record<Kind, { label: string; icon: IconName }> = {
  agent: { label: 'Agent', icon: 'agent' },
  model: { label: 'Model call', icon: 'model' },
  step: { label: 'Model step', icon: 'step' },
  tool: { label: 'Tool', icon: 'tool' },
  workflow: { label: 'Workflow', icon: 'workflow' },
  memory: { label: 'Memory, retrieval', icon: 'memory' },
  guard: { label: 'Processor, score', icon: 'guard' },
  other: { label: 'Other', icon: 'other' },
};

const exact = new Map<string, Kind>(Object.entries({
  agent_run: 'agent', invoke_agent: 'agent', create_agent: 'agent',
  chat: 'model', text_completion: 'model', generate_content: 'model', model_inference: 'step',
  execute_tool: 'tool', embeddings: 'memory', rag_embedding: 'memory', memory_operation: 'memory', retrieval: 'memory',
  processor_run: 'guard', classifier_evaluation: 'guard', scorer_run: 'guard', scorer_step: 'guard',
} satisfies Record<string, Kind>));

const parts: [RegExp, Kind][] = [
  [/_generation$/, 'model'], [/^(llm|model)_/, 'step'], [/tool/, 'tool'], [/^workflow/, 'workflow'], [/^(rag|memory|graph)_|retriev|vector|embed/, 'memory'],
  [/processor|guard|score|eval/, 'guard'], [/agent/, 'agent'],
];

/** The kind of a span type, of either generation of Mastra's exporters or of OpenTelemetry's operations; 'other' if it says nothing. */
export const kindOf = (type: string): Kind => exact.get(type) ?? parts.find(([re]) => re.test(type))?.[1] ?? 'other';

/** A span type as a person says it: model_generation is "model generation". */
export const typeLabel = (type: string) => type.replace(/_/g, ' ') || 'span';
