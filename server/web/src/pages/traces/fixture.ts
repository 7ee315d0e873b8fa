// A trace for tests.
import type { TraceSummary } from '../../api.gen';

export const trace = (change: Partial<TraceSummary> = {}): TraceSummary => ({
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', name: 'plan', service: 'shop', type: 'agent_run', status: 'success', span_errors: 0, start: '2026-11-23T10:00:00Z',
  duration_ns: 2e9, spans: 3, tokens: { input: 10, output: 5, total: 15, cached: 0, reasoning: 0 }, cost_usd: 0.01, tags: ['beta'], user: 'u1', thread: 't1', preview: 'Where is my Parcel?',
  ...change,
});
