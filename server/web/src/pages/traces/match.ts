// Whether a trace that has just arrived belongs to the list that is shown, as far as its summary tells.
import type { Params } from '../../app/api';
import type { TraceSummary } from '../../api.gen';
import { spanMillis, type Sort } from './filters';

/** ask: only the server knows, since the filter is about its spans. */
export type Verdict = 'yes' | 'no' | 'ask';

/** Judges by the parameters of the list, as listParams makes them. */
export function judge(t: TraceSummary, params: Params, now: number): Verdict {
  let verdict: Verdict = 'yes';
  for (const [key, value] of Object.entries(params)) {
    if (value == null) continue;
    const one = judgeOne(t, key, value, now);
    if (one === 'no') return 'no';
    if (one === 'ask') verdict = 'ask';
  }
  return verdict;
}

function judgeOne(t: TraceSummary, key: string, value: NonNullable<Params[string]>, now: number): Verdict {
  const text = String(value);
  const surely = (yes: boolean) => (yes ? 'yes' : 'no');
  // Of any span of it: the summary has one of perhaps several.
  const likely = (yes: boolean) => (yes ? 'yes' : 'ask');
  switch (key) {
    case 'from': return surely(+new Date(t.start) >= +new Date(text));
    case 'to': return surely(+new Date(t.start) < +new Date(text));
    case 'last': return surely(+new Date(t.start) >= now - spanMillis(text));
    case 'status': return surely(t.status === text);
    case 'any_error': return surely(t.span_errors > 0 === (text === 'true'));
    case 'trace_id': return surely(t.trace_id.startsWith(text.toLowerCase()));
    case 'min_ms': return surely(t.duration_ns >= Number(text) * 1e6);
    case 'max_ms': return surely(t.duration_ns <= Number(text) * 1e6);
    case 'service': return likely(t.service === text);
    case 'type': return likely(t.type === text);
    case 'user': return likely(t.user === text);
    case 'thread': return likely(t.thread === text);
    case 'tag': return likely((value as readonly string[]).every((tag) => t.tags.includes(tag)));
    case 'q': return likely([t.name, t.preview, ...t.tags].some((s) => s.toLowerCase().includes(text.toLowerCase())) || t.trace_id.startsWith(text.toLowerCase()));
    case 'sort': return 'yes';
    case 'in': return 'yes'; // q says it
    default: return 'ask';
  }
}

/** What a sorted list falls by. An unknown cost comes last. */
const rank: Record<Sort, (t: TraceSummary) => number> = {
  start: (t) => +new Date(t.start), duration: (t) => t.duration_ns, tokens: (t) => t.tokens.total, cost: (t) => t.cost_usd ?? -1,
};

/** Whether t comes before the end of what is loaded. What comes behind it will be there when more is loaded. */
export const within = (t: TraceSummary, rows: readonly TraceSummary[], sort: Sort) =>
  rows.length === 0 || rank[sort](t) > rank[sort](rows[rows.length - 1]!);

/** Puts traces among the rows, where they belong; those that were there already are replaced where they are. */
export function merge(rows: readonly TraceSummary[], more: Iterable<TraceSummary>, sort: Sort): TraceSummary[] {
  const fresh = new Map([...more].map((t) => [t.trace_id, t]));
  const out = rows.map((r) => {
    const t = fresh.get(r.trace_id);
    fresh.delete(r.trace_id);
    return t ?? r;
  });
  const by = rank[sort];
  for (const t of fresh.values()) {
    const at = out.findIndex((r) => by(r) <= by(t));
    out.splice(at < 0 ? out.length : at, 0, t);
  }
  return out;
}
