import type { TraceSource } from './source';

export const TraceView = (_: { source: TraceSource; spanId?: string; onSelect(id?: string): void }) => <div class="page" />;
