// A trace as the page thinks of it: rows instead of the columns that are sent.
import type { Skeleton, Tokens, TraceSummary } from '../../api.gen';
import { kindOf, type Kind } from '../../lib/kinds';

export interface SpanRow {
  id: string;
  /** As it was sent; '' for none. Whether it is there, the tree says. */
  parentId: string;
  name: string;
  type: string;
  kind: Kind;
  service: string;
  model: string;
  /** ns after the start of the trace; may be negative. */
  start: number;
  /** ns; -1 while it runs, 0 for an event. */
  dur: number;
  status: 'running' | 'success' | 'error';
  /** What the span adds to its trace. */
  tokens: Tokens | null;
  /** USD; null is not known. */
  cost: number | null;
  event: boolean;
  /** The start was not credible, and is the time of receipt. */
  clock: boolean;
}

export interface TraceModel {
  trace: TraceSummary;
  /** Ordered by start. */
  rows: SpanRow[];
  byId: Map<string, SpanRow>;
  truncated: boolean;
}

export function readSkeleton(s: Skeleton): TraceModel {
  const c = s.spans;
  const text = (n: number | undefined) => s.strings[n ?? 0] ?? '';
  const kinds = new Map<number, Kind>(); // by the number of the type: rows are many, types are few
  const kind = (n: number) => {
    let k = kinds.get(n);
    if (!k) kinds.set(n, k = kindOf(text(n)));
    return k;
  };
  const rows = c.id.map((id, i): SpanRow => {
    return {
      id, parentId: c.parent[i]!, name: text(c.name[i]), type: text(c.type[i]), kind: kind(c.type[i]!), service: text(c.service[i]), model: text(c.model[i]),
      start: c.start_ns[i]!, dur: c.dur_ns[i]!, status: c.status[i] as SpanRow['status'], tokens: c.tokens[i] ?? null, cost: c.cost[i] ?? null,
      event: c.event[i]!, clock: c.clock[i]!,
    };
  });
  return { trace: s.trace, rows, byId: new Map(rows.map((r) => [r.id, r])), truncated: s.truncated };
}
