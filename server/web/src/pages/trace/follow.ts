// A trace that goes on: what the server pushes is put among the rows that are there.
import type { Tokens, TraceSummary } from '../../api.gen';
import { kindOf } from '../../lib/kinds';
import type { SpanRow, TraceModel } from './model';

/** A span as a live view sends it (server/api/live.go). */
export interface PushedSpan {
  id: string; parent: string; name: string; type: string; service: string; model: string; start_ns: number; dur_ns: number;
  status: SpanRow['status']; tokens: Tokens | null; cost: number | null; event: boolean; clock: boolean;
}

/** What came since the model was last changed. */
export interface News { trace: TraceSummary | null; spans: PushedSpan[] }

/**
 * The model with the news in it; rows that did not change are the same objects. null where the trace has another start now,
 * after which all times are counted: it has to be loaded again. Of a truncated trace, rows are taken that hang on what is here.
 */
export function follow(model: TraceModel, news: News): TraceModel | null {
  const trace = news.trace ?? model.trace;
  if (trace.start !== model.trace.start) return null;
  if (news.spans.length === 0) return { ...model, trace };
  const byId = new Map(model.byId);
  for (const s of news.spans) {
    if (model.truncated && !byId.has(s.id) && !byId.has(s.parent)) continue;
    byId.set(s.id, {
      id: s.id, parentId: s.parent, name: s.name, type: s.type, kind: kindOf(s.type), service: s.service, model: s.model, start: s.start_ns,
      dur: s.dur_ns, status: s.status, tokens: s.tokens, cost: s.cost, event: s.event, clock: s.clock,
    });
  }
  const rows = [...byId.values()].sort((a, b) => a.start - b.start || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return { trace, rows, byId, truncated: model.truncated };
}

/** After so long without news, what has no end is not taken to run until now: it would squeeze all that is known into nothing. */
export const silence = 3600e9;

export interface Running {
  /** Whether bars grow. */
  grows: boolean;
  /** Where what runs ends, in ns after the start of the trace. */
  now: number;
}

/** clock is in ms since 1970. */
export function running(model: TraceModel, clock: number): Running {
  let open = false;
  let last = model.trace.duration_ns;
  for (const r of model.rows) {
    if (r.dur < 0) open = true;
    last = Math.max(last, r.start + Math.max(r.dur, 0));
  }
  const now = (clock - Date.parse(model.trace.start)) * 1e6;
  const grows = (open || model.trace.status === 'running') && now - last < silence;
  return { grows, now: grows ? Math.max(now, last) : last };
}
