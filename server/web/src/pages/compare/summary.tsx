// What is different at a glance: the figures, and what the runs were told.
import { useMemo } from 'preact/hooks';
import type { TraceSummary } from '../../api.gen';
import { useResource } from '../../app/resource';
import { cost, count, duration } from '../../lib/format';
import { StatusMark, Time } from '../../ui/span';
import { Failed, Loading } from '../../ui/state';
import type { TraceModel } from '../trace/model';
import type { TraceSource } from '../trace/source';
import { align } from './align';
import { Delta, exact } from './delta';
import { apart, differences, ofSpans, only, type Difference } from './differs';

const figures: [string, (t: TraceSummary) => number | null, (n: number | null) => string, boolean?][] = [
  ['Duration', (t) => t.duration_ns, duration], ['Tokens in', (t) => t.tokens.input, count], ['Tokens out', (t) => t.tokens.output, count], ['Cost', (t) => t.cost_usd, cost], ['Spans', (t) => t.spans, count, true], ['Failed spans', (t) => t.span_errors, count],
];

export function Summary({ a, b, from }: { a: TraceModel; b: TraceModel; from: [TraceSource, TraceSource] }) {
  const run = (name: string, t: TraceSummary, source: TraceSource) => (
    <th scope="col" class="run"><span class="row"><b>{name}</b><StatusMark status={t.status} /><a class="mono" href={source.href()} title={t.name}>{t.trace_id.slice(0, 8)}</a></span><span class="muted"><Time at={t.start} /></span></th>
  );
  return (
    <div class="compare-top">
      <section class="panel table-wrap" aria-label="Figures">
        <table class="table">
          <thead><tr><td />{run('A', a.trace, from[0])}{run('B', b.trace, from[1])}<th scope="col" class="num">B − A</th></tr></thead>
          <tbody>{figures.map(([name, read, format, neutral]) => (
            <tr key={name}><th scope="row">{name}</th><td class="num">{format(read(a.trace))}</td><td class="num">{format(read(b.trace))}</td><td class="num"><Delta a={read(a.trace)} b={read(b.trace)} format={format === cost ? exact : format} neutral={neutral} /></td></tr>
          ))}</tbody>
        </table>
      </section>
      <section class="panel" aria-label="What differs">
        <header class="panel-head"><h2>What differs</h2></header>
        <div class="panel-body"><Differs a={a} b={b} from={from} /></div>
      </section>
    </div>
  );
}

/** So many steps are asked how they were set up: the run itself first. */
const asked = 6;

function Differs({ a, b, from }: { a: TraceModel; b: TraceModel; from: [TraceSource, TraceSource] }) {
  const pairs = useMemo(() => align(a.rows, b.rows).filter((s) => s.a && s.b && (s.depth === 0 || /agent|model|workflow/.test(s.a.kind))).slice(0, asked), [a, b]);
  const spans = useResource(from[0].key + ' ' + from[1].key + pairs.map((s) => s.a!.id + s.b!.id).join(), (signal) => Promise.all(
    pairs.map((s) => Promise.all([from[0].span(s.a!.id, signal), from[1].span(s.b!.id, signal)])),
  ), { fresh: true });
  const models = only(a.rows.map((r) => r.model), b.rows.map((r) => r.model));
  const tags = only(a.trace.tags, b.trace.tags);
  const lists: Difference[] = [{ name: 'tags', where: '', a: tags.a.join(', '), b: tags.b.join(', ') }, { name: 'models', where: '', a: models.a.join(', '), b: models.b.join(', ') }].filter((d) => d.a || d.b);
  const { name, service, status } = a.trace;
  const run = differences({ name, service, status }, { name: b.trace.name, service: b.trace.service, status: b.trace.status });
  if (spans.error) return <Failed error={spans.error} retry={spans.reload} what="the metadata" />;
  if (!spans.data) return <Loading lines={3} />;
  const all = [...run, ...ofSpans(spans.data), ...lists];
  if (!all.length) return <p class="muted">Name, service, status, metadata, models and tags are the same in both. Look for it in the steps.</p>;
  return (
    <table class="table differs">
      <thead class="sr"><tr><th scope="col">What</th><th scope="col">A</th><th scope="col">B</th></tr></thead>
      <tbody>{all.map((d) => {
        const [x, y] = apart(d.a, d.b);
        return <tr key={d.name + d.where}><th scope="row">{d.name}{d.where && <span class="muted"> of {d.where}</span>}</th><td><Word text={x} sign="−" /></td><td><Word text={y} sign="+" /></td></tr>;
      })}</tbody>
    </table>
  );
}

const Word = ({ text, sign }: { text: string; sign: string }) => (text ? <span class={sign === '+' ? 'side come' : 'side gone'}>{sign} {text}</span> : <span class="muted">not there</span>);
