// Figures as rows: what the interface answers by metric, put together by key.
import type { SeriesReply, TraceSummary } from '../../api.gen';

export interface Row {
  key: string;
  /** The type of the spans, where they are of one; '' for traces. */
  type: string;
  /** All beyond max_keys in one. */
  rest: boolean;
  count: number;
  errors: number;
  /** ns; null where nothing was measured. */
  p50: number | null;
  p95: number | null;
  p99: number | null;
  /** null: not counted by this key. */
  tokens: number | null;
  /** USD; null is not known, which a series says as 0. */
  cost: number | null;
}

export interface Replies { count: SeriesReply; errors: SeriesReply; latency: SeriesReply; tokens?: SeriesReply; cost?: SeriesReply }

/** Keys of more than this many become one, so that a name in each run's own words is no flood. */
export const maxKeys = 40;

export function rowsOf(r: Replies, type = ''): Row[] {
  const totals = (s?: SeriesReply) => new Map(s?.series.map((l) => [l.key, l]));
  const [errors, latency, tokens, cost] = [totals(r.errors), totals(r.latency), totals(r.tokens), totals(r.cost)];
  return r.count.series.filter((l) => l.total).map((l) => {
    const at = latency.get(l.key);
    return {
      key: l.key, type, rest: l === r.count.series[maxKeys], count: l.total!, errors: errors.get(l.key)?.total ?? 0,
      p50: at?.total ?? null, p95: at?.parts['p95']?.total ?? null, p99: at?.parts['p99']?.total ?? null,
      tokens: r.tokens ? tokens.get(l.key)?.total ?? 0 : null, cost: cost.get(l.key)?.total || null,
    };
  });
}

/** Rows by user, of runs themselves: exact, of as many as there are. */
export function rowsByUser(traces: readonly TraceSummary[]): Row[] {
  const users = new Map<string, TraceSummary[]>();
  for (const t of traces) {
    const mine = users.get(t.user);
    if (mine) mine.push(t);
    else users.set(t.user, [t]);
  }
  return [...users].map(([key, mine]) => {
    const ended = mine.filter((t) => t.status === 'success' || t.status === 'error').map((t) => t.duration_ns).sort((a, b) => a - b);
    const at = (q: number) => ended[Math.max(0, Math.ceil(ended.length * q) - 1)] ?? null;
    const known = mine.filter((t) => t.cost_usd !== null);
    return {
      key, type: '', rest: false, count: mine.length, errors: mine.filter((t) => t.status === 'error').length, p50: at(.5), p95: at(.95), p99: at(.99),
      tokens: mine.reduce((n, t) => n + t.tokens.total, 0), cost: known.length ? known.reduce((n, t) => n + t.cost_usd!, 0) : null,
    };
  });
}

export const columns = ['key', 'count', 'errors', 'p50', 'p95', 'p99', 'tokens', 'cost'] as const;
export type Column = (typeof columns)[number];

/** The figure that a column shows: errors are a share. */
export const figure = (r: Row, c: Exclude<Column, 'key'>) => (c === 'errors' ? r.errors / r.count : r[c]);

/** Sorted by a column, falling but for names; what is unknown comes last. down turns it round. */
export function sorted(rows: readonly Row[], by: Column, up = false): Row[] {
  const order = (a: Row, b: Row) => {
    if (by === 'key') return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
    const [x, y] = [figure(a, by), figure(b, by)];
    return x === null || y === null ? Number(x === null) - Number(y === null) : (y - x) * (up ? -1 : 1);
  };
  const out = [...rows].sort(order);
  return by === 'key' && up ? out.reverse() : out;
}

/** Sums of the whole range. Counts are of a time too, so that periods of unequal length may be compared. */
export interface Totals {
  /** What was covered, in s. */
  length: number;
  runs: number | null;
  errors: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  input: number | null;
  output: number | null;
  cost: number | null;
}

export function totalsOf(r: Partial<Record<'count' | 'errors' | 'latency' | 'tokens' | 'cost', SeriesReply>>, end: number): Totals {
  const line = (s?: SeriesReply) => s?.series[0];
  const sum = (s?: SeriesReply) => (s ? line(s)?.total ?? 0 : null);
  const [latency, tokens] = [line(r.latency), line(r.tokens)];
  return {
    length: r.count ? coverage(r.count, end).length : 0, runs: sum(r.count), errors: sum(r.errors),
    p50: latency?.total ?? null, p95: latency?.parts['p95']?.total ?? null, p99: latency?.parts['p99']?.total ?? null,
    input: r.tokens ? tokens?.parts['input']?.total ?? 0 : null, output: r.tokens ? tokens?.parts['output']?.total ?? 0 : null, cost: sum(r.cost) || null,
  };
}

/** What a reply covers, in s since 1970: whole steps, of which the last may not be over at `end`. */
export function coverage(s: SeriesReply, end: number) {
  const from = Date.parse(s.t[0] ?? '') / 1e3 || end;
  const to = from + s.t.length * s.step_s;
  return { from, to, length: Math.max(1, Math.min(to, end) - from) };
}

/** The change of a figure as a share of the earlier one; null if there was none. */
export const change = (now: number | null, before: number | null) => (now === null || !before ? null : now / before - 1);

/** The change of a count in a time. */
export const changeOfRate = (now: number | null, length: number, before: number | null, lengthBefore: number) =>
  change(now && now / length, before && before / lengthBefore);
