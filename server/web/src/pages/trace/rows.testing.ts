// Rows for tests.
import type { SpanRow } from './model';

/** A row of 10 ms that says nothing but what it is asked to. */
export const row = (id: string, parentId: string, start = 0, more: Partial<SpanRow> = {}): SpanRow => ({
  id, parentId, name: id, type: 'generic', kind: 'other', service: '', model: '', start, dur: 10e6, status: 'success', tokens: null, cost: null,
  event: false, clock: false, ...more,
});
