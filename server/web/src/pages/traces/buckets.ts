// The strip of traces over time: what to ask for, and what to draw of the answer.
import type { SeriesReply } from '../../api.gen';

const hour = 36e5;

/** The step of a range in ms, such that there are at most 90: whole minutes, and whole hours for more than 6 h. */
export function stepFor(range: number): string {
  const unit = range > 6 * hour ? hour : 6e4;
  const n = Math.max(1, Math.ceil(range / unit / 88)); // the server widens the range to whole steps
  return n + (unit === hour ? 'h' : 'm');
}

export interface Bucket {
  /** ms */
  from: number;
  to: number;
  count: number;
  errors: number;
}

export function buckets(count: SeriesReply, errors: SeriesReply): Bucket[] {
  const failed = new Map(errors.t.map((t, i) => [t, errors.series[0]?.values[i] ?? 0]));
  return count.t.map((t, i) => {
    const from = +new Date(t);
    return { from, to: from + count.step_s * 1000, count: count.series[0]?.values[i] ?? 0, errors: failed.get(t) ?? 0 };
  });
}

/** In a sentence, for who cannot see it. */
export function summary(all: readonly Bucket[], time: (ms: number) => string): string {
  const total = all.reduce((n, b) => n + b.count, 0);
  const failed = all.reduce((n, b) => n + b.errors, 0);
  const most = all.reduce((m, b) => (b.count > m.count ? b : m), { from: 0, to: 0, count: 0, errors: 0 });
  return `${total} ended, ${failed} failed` + (total ? `; most, ${most.count}, at ${time(most.from)}` : '');
}
