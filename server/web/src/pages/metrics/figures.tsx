// The figures of the whole range, and how they changed.
import type { Resource } from '../../app/resource';
import type { SeriesReply } from '../../api.gen';
import { cost, count, duration, percent, short } from '../../lib/format';
import { change, changeOfRate, totalsOf, type Totals } from './rows';
import type { Metric } from './load';

export type Five = Record<Metric, Resource<SeriesReply>>;

/** end and endBefore, in s: nothing is later. */
export function Figures({ now, before, end, endBefore }: { now: Five; before: Five; end: number; endBefore: number }) {
  const a = totalsOf(data(now), end);
  const b = totalsOf(data(before), endBefore);
  const rate = (t: Totals) => (t.runs === null || t.errors === null ? null : t.runs && t.errors / t.runs);
  const of = (key: keyof Totals) => changeOfRate(a[key], a.length, b[key], b.length);
  return (
    <dl class="figures panel">
      <Figure name="Runs" from={[now.count]} text={count(a.runs)} by={of('runs')} />
      <Figure name="Error rate" from={[now.count, now.errors]} text={a.runs ? percent(rate(a)) : '–'} by={b.runs ? change(rate(a), rate(b)) : null} bad title={`${count(a.errors)} of ${count(a.runs)} runs failed`} />
      {(['p50', 'p95', 'p99'] as const).map((p) => <Figure key={p} name={`Latency ${p}`} from={[now.latency]} text={duration(a[p])} by={change(a[p], b[p])} />)}
      <Figure name="Tokens in" from={[now.tokens]} text={short(a.input)} by={of('input')} title={count(a.input)} />
      <Figure name="Tokens out" from={[now.tokens]} text={short(a.output)} by={of('output')} title={count(a.output)} />
      <Figure name="Cost" from={[now.cost]} text={cost(a.cost)} by={of('cost')} title={a.cost ? '' : 'No span says what it cost'} />
    </dl>
  );
}

const data = (five: Five) => ({ count: five.count.data, errors: five.errors.data, latency: five.latency.data, tokens: five.tokens.data, cost: five.cost.data });

function Figure({ name, from, text, by, bad, title }: { name: string; from: Resource<unknown>[]; text: string; by: number | null; bad?: boolean; title?: string }) {
  const failed = from.find((r) => r.error);
  const size = by === null ? '' : Math.abs(by) < .005 ? 'no change' : by > 9.995 ? `${short(by + 1)} ×` : percent(Math.round(Math.abs(by) * 1000) / 1000);
  return (
    <div>
      <dt>{name}</dt>
      <dd class="figure" title={title || undefined}>{failed ? <button type="button" class="button small" onClick={failed.reload}>Try again</button> : text}</dd>
      <dd class={`change${bad && by && by > .005 ? ' worse' : ''}`}>{size && !failed ? (size === 'no change' ? size : `${by! > 0 ? '↑' : '↓'} ${size}`) : '\u00a0'}<span class="sr">{size && by ? (by > 0 ? ' more' : ' less') + ' than before' : ''}</span></dd>
    </div>
  );
}
