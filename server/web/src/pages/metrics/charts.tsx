// The figures over time. A drag is a range, a click leads to the traces of the step.
import type { SeriesReply } from '../../api.gen';
import type { Params } from '../../app/api';
import { navigate, query, setQuery } from '../../app/router';
import { between } from '../../lib/range';
import { cost, duration, percent, short } from '../../lib/format';
import { ChartOrTable, tidy, type Line, type Value } from '../../ui/chart';
import { Segmented } from '../../ui/field';
import { setRange } from '../../ui/range';
import type { Five } from './figures';
import { useSeries } from './load';
import { Panel } from './panel';

export type LinkTo = (more: Record<string, string>, from?: number, to?: number) => string;

/** Arrays that stay the same for the same answer, so that a chart is drawn again only when there is something new. */
const kept = new WeakMap<SeriesReply, Map<string, { t: number[]; lines: Line[] }>>();

function keep(reply: SeriesReply, name: string, make: () => Line[]) {
  const all = kept.get(reply) ?? new Map<string, { t: number[]; lines: Line[] }>();
  kept.set(reply, all);
  const found = all.get(name) ?? { t: reply.t.map((t) => Date.parse(t) / 1e3), lines: make() };
  all.set(name, found);
  return found;
}

const zeros = (r: SeriesReply) => r.t.map(() => 0);
/** Whether two answers are of the same steps, which they are not while one of them is of the range before. */
const same = (a: SeriesReply, b: SeriesReply) => String(a.t) === String(b.t);
const first = (r: SeriesReply) => r.series[0];

export function Charts({ five, project, params, link }: { five: Five; project: string; params: Params; link: LinkTo }) {
  const byModel = query.value.get('tokens') === 'model';
  const models = useSeries(project, byModel ? { ...params, metric: 'tokens', by: 'model' } : null);
  const draw = (label: string, r: SeriesReply, { t, lines }: { t: number[]; lines: Line[] }, format: (n: Value) => string, more: { look?: 'bars'; stack?: boolean; times?: boolean } = {}, where: Record<string, string> = {}) => (
    <ChartOrTable
      label={label} t={t} step={r.step_s} lines={lines} format={format} {...more} onOpen={navigate}
      onRange={(a, b) => setRange(between(a, b))} hrefOf={(a, b) => link(where, a, b)}
    />
  );
  return (
    <div class="charts">
      <Panel title="Runs and errors" of={[five.count, five.errors]}>{() => {
        const [runs, errors] = [five.count.data!, five.errors.data!];
        return draw('Runs and failed runs over time', runs, keep(runs, String(first(errors)?.total) + errors.t, () => [
          { label: 'Runs', values: first(runs)?.values ?? zeros(runs), total: first(runs)?.total ?? 0, colour: '--chart-1' },
          { label: 'Failed', values: same(runs, errors) && first(errors)?.values || zeros(runs), total: first(errors)?.total ?? 0, colour: '--error' },
        ]), short, { look: 'bars' });
      }}</Panel>
      <Panel title="Latency of runs" of={[five.latency]}>{() => {
        const r = five.latency.data!;
        return draw('Latency of runs over time', r, keep(r, '', () => (['p50', 'p95', 'p99'] as const).map((p, i) => {
          const line = i ? first(r)?.parts[p] : first(r);
          return { label: p, values: line?.values ?? [], total: line?.total, colour: ['--chart-1', '--chart-3', '--chart-4'][i]! };
        })), duration, { times: true });
      }}</Panel>
      <Panel
        title="Tokens" of={byModel ? [models] : [five.tokens]}
        actions={<Segmented<string> label="Tokens by" small value={byModel ? 'model' : ''} options={[['', 'In, out'], ['model', 'By model']]} onChoice={(by) => setQuery({ tokens: by })} />}
      >{() => {
        const r = (byModel ? models : five.tokens).data!;
        return draw('Tokens over time', r, keep(r, '', () => (byModel ? tokensByModel(r) : (['input', 'output'] as const).map((p, i) => ({
          label: p === 'input' ? 'In' : 'Out', values: first(r)?.parts[p]?.values ?? zeros(r), total: first(r)?.parts[p]?.total ?? 0, colour: `--chart-${i + 1}`,
        })))), short, { look: 'bars', stack: true });
      }}</Panel>
      <Panel title="Cost" of={[five.cost]}>{() => {
        const r = five.cost.data!;
        return draw('Cost over time', r, keep(r, '', () => [{ label: 'Cost', values: first(r)?.values ?? zeros(r), total: first(r)?.total || null, colour: '--chart-5' }]), cost, { look: 'bars' });
      }}</Panel>
    </div>
  );
}

/** The models that used most, and the others as one. */
function tokensByModel(r: SeriesReply): Line[] {
  const used = r.series.filter((l) => l.total).sort((a, b) => b.total! - a.total!);
  const lines = used.slice(0, 6).map((l, i): Line => ({ label: l.key || 'no model', values: l.values, total: l.total, colour: `--chart-${i + 1}` }));
  const rest = used.slice(6);
  if (rest.length) {
    const sum = (of: (l: (typeof rest)[number]) => Value | undefined) => rest.reduce((n, l) => n + (of(l) ?? 0), 0);
    lines.push({ label: 'all others', values: r.t.map((_, i) => sum((l) => l.values[i])), total: sum((l) => l.total), colour: '--chart-8' });
  }
  return lines;
}

export const errorBound = (r: SeriesReply | undefined) => tidy(percent(r?.error_bound));
