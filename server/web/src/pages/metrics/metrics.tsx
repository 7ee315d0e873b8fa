// How the runs of a project do: figures, figures over time, figures by what they belong to.
import { useMemo, useState } from 'preact/hooks';
import { withParams, type Params } from '../../app/api';
import { useShortcuts } from '../../app/keys';
import { query, route, setQuery, to, tracesPath } from '../../app/router';
import { useTitle } from '../../app/title';
import { clock, duration } from '../../lib/format';
import { bounds, rangeLabel, rangeOf, rangeParams } from '../../lib/range';
import { Button, LinkButton } from '../../ui/button';
import { tidy } from '../../ui/chart';
import { RangeChoice, setRange } from '../../ui/range';
import { Empty } from '../../ui/state';
import { Breakdown } from './breakdown';
import { Charts, errorBound, type LinkTo } from './charts';
import { Figures, type Five } from './figures';
import { useSeries, useValues } from './load';
import { coverage } from './rows';

const time = (ms: number) => new Date(ms).toISOString();

export function Metrics() {
  const project = route.value.params['project']!;
  useTitle('Metrics', project);
  const range = rangeOf(query.value);
  const service = query.value.get('service') ?? '';
  const [turn, setTurn] = useState(0);
  const key = JSON.stringify(range);
  // One now for all, so that every panel shows the same time.
  const now = useMemo(Date.now, [key, turn]);
  const { from, to: end } = bounds(range, now);
  const params: Params = { from: time(from), to: time(end), service };
  const five = useFive(project, params);
  useShortcuts([{ key: 'r', about: 'Load the figures again', run: () => setTurn((n) => n + 1) }]);

  const covered = five.count.data && coverage(five.count.data, now / 1e3);
  const before = covered ? { from: time((covered.from - covered.length) * 1e3), to: time(covered.from * 1e3), service } : null;
  const earlier = useFive(project, before);

  const link: LinkTo = (more, a, b) => withParams(tracesPath(project), {
    ...(a === undefined ? rangeParams(range) : { from: time(a), to: time(b!) }), service, ...more,
  });
  const empty = five.count.data?.series.length === 0 && five.tokens.data?.series.length === 0 && !five.count.stale;
  return (
    <div class="page metrics">
      <header class="page-head">
        <h1>Metrics</h1>
        <Button icon="loop" look="quiet" label="Load again (r)" onClick={() => setTurn((n) => n + 1)} />
        <ServiceChoice project={project} service={service} />
        <RangeChoice />
      </header>
      {empty ? <Nothing project={project} words={rangeLabel(range)} service={service} /> : (
        <>
          <Figures now={five} before={earlier} end={now / 1e3} endBefore={covered?.from ?? 0} />
          <p class="hint metrics-about">
            {covered ? <>
              {clock(covered.from * 1e3)} – {clock(Math.min(covered.to, now / 1e3) * 1e3)}, in steps of {tidy(duration(five.count.data!.step_s * 1e9))}. Runs count once they have ended, at their start.
              Percentiles are within {errorBound(five.latency.data)}. {earlier.count.data && (earlier.count.data.series.length ? `Arrows: against the same time before, from ${clock((covered.from - covered.length) * 1e3)}; counts by their rate.` : 'There is nothing from before to compare with.')}
            </> : '\u00a0'}
          </p>
          <Charts five={five} project={project} params={params} link={link} />
          <Breakdown project={project} params={params} link={link} />
        </>
      )}
    </div>
  );
}

/** Runs are traces, counted by their root; tokens and cost are counted at spans. */
function useFive(project: string, params: Params | null): Five {
  const traces = (metric: string) => useSeries(project, params && { ...params, metric, of: 'traces' });
  const spans = (metric: string) => useSeries(project, params && { ...params, metric });
  return { count: traces('count'), errors: traces('errors'), latency: traces('latency'), tokens: spans('tokens'), cost: spans('cost') };
}

function ServiceChoice({ project, service }: { project: string; service: string }) {
  const all = useValues(project, 'service');
  const options = service && !all.includes(service) ? [service, ...all] : all;
  return (
    <select class="service-choice" aria-label="Service" value={service} onChange={(e) => setQuery({ service: e.currentTarget.value })}>
      <option value="">All services</option>
      {options.map((s) => <option key={s} value={s}>{s}</option>)}
    </select>
  );
}

function Nothing({ project, words, service }: { project: string; words: string; service: string }) {
  return (
    <Empty icon="metrics" title={`Nothing ended in the ${words}${service && ` in ${service}`}`}>
      <p>Figures are counted when runs end. Look at more time, or send the first trace: the project’s settings show how.</p>
      <div class="row">
        <Button look="primary" onClick={() => setRange({ last: '7d', from: '', to: '' })}>Show 7 days</Button>
        {service && <Button onClick={() => setQuery({ service: null })}>All services</Button>}
        <LinkButton href={to('p', project, 'settings')}>How to send traces</LinkButton>
      </div>
    </Empty>
  );
}
