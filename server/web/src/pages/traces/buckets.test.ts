import type { SeriesReply } from '../../api.gen';
import { equal, test } from '../../testing';
import { buckets, stepFor, summary } from './buckets';

test('a range has at most 90 steps, which the API takes', () => {
  for (const [hours, want] of [[0.25, '1m'], [1, '1m'], [6, '5m'], [24, '1h'], [72, '1h'], [168, '2h'], [720, '9h']] as const) equal(stepFor(hours * 36e5), want);
});

test('counts and failures of the same time belong together', () => {
  const reply = (values: number[], t: string[]): SeriesReply => ({ step_s: 60, t, error_bound: 0, series: [{ key: '', values, total: 0, parts: {} }] });
  const t = ['2026-11-23T10:00:00Z', '2026-11-23T10:01:00Z'];
  const got = buckets(reply([3, 5], t), reply([1], t.slice(1)));
  equal(got.map((b) => [b.count, b.errors, b.to - b.from]), [[3, 0, 60000], [5, 1, 60000]]);
  equal(summary(got, (ms) => String(ms - got[0]!.from)), '8 ended, 1 failed; most, 5, at 60000');
  equal(buckets({ ...reply([], t), series: [] }, reply([], [])).map((b) => b.count), [0, 0]);
});
