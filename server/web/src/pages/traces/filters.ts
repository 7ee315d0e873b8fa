// What the address says about the list, and how the API wants to hear it. A parameter that is not ours stays in the address
// and goes nowhere.
import type { Params } from '../../app/api';
import type { QueryChange } from '../../app/router';
import { clock } from '../../lib/format';

/** The filters with a name of their own, as the chips call them; meta.KEY has none. */
const names = new Map<string, string>(Object.entries({
  q: 'text', service: 'service', trace_id: 'trace ID', status: 'status', any_error: 'any span failed', type: 'type', model: 'model', user: 'user',
  thread: 'thread', env: 'environment', tag: 'tag', min_ms: 'at least', max_ms: 'at most',
}));

export const isFilter = (key: string) => names.has(key) || key.startsWith('meta.') && key.length > 5;

export type Sort = 'start' | 'duration' | 'tokens' | 'cost';

export const sortOf = (query: URLSearchParams): Sort => (query.get('in') ? 'start' : (query.get('sort') as Sort | null) ?? 'start');

/** The filters that are set, in their order in the address. */
export const active = (query: URLSearchParams): [string, string][] => [...query].filter(([key, value]) => isFilter(key) && value !== '');

/** Time as the API wants it: last, or from and to. The last day unless the address says otherwise. */
export function timeParams(query: URLSearchParams): Params {
  const from = query.get('from');
  const to = query.get('to');
  return from || to ? { from, to } : { last: query.get('last') || '24h' };
}

/** The parameters of the list, without limit and cursor. */
export function listParams(query: URLSearchParams): Params {
  const params: Params = timeParams(query);
  const put = new Map<string, string[]>();
  for (const [key, value] of active(query)) put.set(key, [...(put.get(key) ?? []), value]);
  for (const [key, values] of put) params[key] = key === 'tag' ? values : values[0];
  if (query.get('q') && query.get('in')) params['in'] = query.get('in');
  const sort = sortOf(query);
  if (sort !== 'start') params['sort'] = sort;
  return params;
}

export interface FilterChip {
  key: string;
  value: string;
  text: string;
  /** What takes it away. */
  without: QueryChange;
}

const words = new Map([['status error', 'run failed'], ['any_error true', 'any span failed'], ['any_error false', 'no span failed']]);

export function chips(query: URLSearchParams): FilterChip[] {
  return active(query).map(([key, value]) => ({
    key, value,
    text: words.get(key + ' ' + value) ?? `${names.get(key) ?? key.slice(5)}: ${/_ms$/.test(key) ? millis(Number(value)) : value}`,
    without: { ...(key === 'q' ? { in: null } : {}), [key]: key === 'tag' ? query.getAll('tag').filter((t) => t !== value) : null, cursor: null },
  }));
}

/** What takes all filters away; time stays. */
export const cleared = (query: URLSearchParams): QueryChange =>
  Object.fromEntries([...active(query).map(([key]) => [key, null]), ['in', null], ['cursor', null]]);

/** A span of time as the API writes it (15m, 24h, 7d) in ms; NaN for anything else. */
export function spanMillis(last: string): number {
  const found = /^(\d+(?:\.\d+)?)(s|m|h|d|w)$/.exec(last);
  return found ? Number(found[1]) * { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 }[found[2] as 's'] : NaN;
}

/** What a person writes for a duration: 2s, 1.5 s, 500ms, 250, 2m. As ms; null is no duration. */
export function parseMillis(text: string): number | null {
  const found = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)?\s*$/i.exec(text);
  if (!found) return null;
  const unit = { ms: 1, s: 1e3, m: 6e4, min: 6e4, h: 36e5 }[(found[2] ?? 'ms').toLowerCase() as 'ms'];
  return Number(found[1]) * unit;
}

/** The shortest way to write it that parseMillis reads. */
export const millis = (ms: number) => (ms >= 6e4 && ms % 6e4 === 0 ? ms / 6e4 + ' m' : ms >= 1e3 ? ms / 1e3 + ' s' : ms + ' ms');

/** The hex digits of a trace id as people paste it: with dashes, in capitals, in a traceparent or a URL; null: there is none. */
export function traceDigits(text: string): string | null {
  const t = text.trim().toLowerCase();
  const whole = /(?:^|[^0-9a-f])([0-9a-f]{32})(?:$|[^0-9a-f])/.exec(t)?.[1];
  if (whole) return whole;
  const digits = t.replace(/[\s-]/g, '');
  return /^[0-9a-f]{0,32}$/.test(digits) ? digits : null;
}

export const ranges = [['15m', '15 m'], ['1h', '1 h'], ['24h', '24 h'], ['3d', '3 d'], ['7d', '7 d']] as const;

/** The next longer ranges than the present one, to look further back. */
export function longer(query: URLSearchParams): string[] {
  const now = query.get('from') || query.get('to') ? 0 : spanMillis(query.get('last') || '24h');
  return ['24h', '3d', '7d', '30d', '365d'].filter((r) => !(spanMillis(r) <= now)).slice(0, 3);
}

/** The range in words. */
export function rangeText(query: URLSearchParams): string {
  const { last, from, to } = timeParams(query);
  if (last) return 'the last ' + String(last).replace(/(\D+)$/, ' $1');
  return [from && 'from ' + clock(String(from)), to && 'until ' + clock(String(to))].filter(Boolean).join(' ');
}
