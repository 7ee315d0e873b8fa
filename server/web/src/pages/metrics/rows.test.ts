import type { SeriesLine, SeriesReply, TraceSummary } from '../../api.gen';
import { change, changeOfRate, coverage, maxKeys, rowsByUser, rowsOf, sorted, totalsOf } from './rows';
import { equal, test } from '../../testing';

const reply = (...lines: [key: string, total: number | null, parts?: Record<string, number>][]): SeriesReply => ({
  step_s: 60, t: ['2026-11-23T10:00:00Z', '2026-11-23T10:01:00Z'], error_bound: 0,
  series: lines.map(([key, total, parts = {}]): SeriesLine => ({
    key, total, values: [], parts: Object.fromEntries(Object.entries(parts).map(([p, n]) => [p, { total: n, values: [] }])),
  })),
});

test('answers meet by their key', () => {
  const rows = rowsOf({
    count: reply(['a', 10], ['__proto__', 4], ['gone', 0]), errors: reply(['__proto__', 1], ['a', 0]),
    latency: reply(['a', 50, { p95: 95, p99: 99 }]), tokens: reply(['a', 7]),
  }, 'agent_run');
  equal(rows, [
    { key: 'a', type: 'agent_run', rest: false, count: 10, errors: 0, p50: 50, p95: 95, p99: 99, tokens: 7, cost: null },
    { key: '__proto__', type: 'agent_run', rest: false, count: 4, errors: 1, p50: null, p95: null, p99: null, tokens: 0, cost: null },
  ]);
});

test('what is beyond the limit is no key, though it is called other', () => {
  const lines = Array.from({ length: maxKeys + 1 }, (_, i): [string, number] => [i === 0 || i === maxKeys ? 'other' : 'k' + i, 1]);
  const r = reply(...lines);
  equal(rowsOf({ count: r, errors: r, latency: r }).filter((x) => x.rest).length, 1);
});

test('runs by user', () => {
  const t = (user: string, status: string, duration_ns: number, total: number, cost_usd: number | null) => ({ user, status, duration_ns, tokens: { total }, cost_usd }) as TraceSummary;
  equal(rowsByUser([t('a', 'success', 10, 5, null), t('a', 'error', 30, 5, .5), t('a', 'running', 99, 1, null), t('', 'running', 1, 0, null)]), [
    { key: 'a', type: '', rest: false, count: 3, errors: 1, p50: 10, p95: 30, p99: 30, tokens: 11, cost: .5 },
    { key: '', type: '', rest: false, count: 1, errors: 0, p50: null, p95: null, p99: null, tokens: 0, cost: null },
  ]);
});

test('order', () => {
  const rows = rowsOf({ count: reply(['a', 1], ['b', 4], ['c', 2]), errors: reply(['a', 1], ['b', 1]), latency: reply(['b', 5], ['c', 9]) });
  const keys = (...by: Parameters<typeof sorted> extends [unknown, ...infer P] ? P : never) => sorted(rows, ...by).map((r) => r.key).join('');
  equal([keys('count'), keys('count', true), keys('errors'), keys('p50'), keys('p50', true), keys('key'), keys('key', true)], ['bca', 'acb', 'abc', 'cba', 'bca', 'abc', 'cba']);
});

test('totals know what has not come', () => {
  const end = Date.parse('2026-11-23T10:01:30Z') / 1e3;
  const got = totalsOf({ count: reply(['', 6]), tokens: reply(['', 9, { input: 6, output: 3 }]), errors: reply() }, end);
  equal(got, { length: 90, runs: 6, errors: 0, p50: null, p95: null, p99: null, input: 6, output: 3, cost: null });
  equal(coverage(reply(), end).to - coverage(reply(), end).from, 120);
  equal(coverage(reply(), end + 3600).length, 120);
});

test('a change is against something', () => {
  equal([change(3, 2), change(0, 2), change(2, 0), change(2, null), change(null, 2)], [.5, -1, null, null, null]);
  equal([changeOfRate(6, 60, 6, 120), changeOfRate(0, 60, 6, 60), changeOfRate(6, 60, 0, 60)], [1, -1, null]);
});
