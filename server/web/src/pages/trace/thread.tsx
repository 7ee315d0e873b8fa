// The conversation that a trace is a turn of, and what was said to models and tools within it.
import { useState } from 'preact/hooks';
import type { TraceList } from '../../api.gen';
import { get, inProject } from '../../app/api';
import { useResource } from '../../app/resource';
import { tracePath } from '../../app/router';
import { cost, duration, short } from '../../lib/format';
import { Button } from '../../ui/button';
import { KindMark, StatusMark, Time } from '../../ui/span';
import { Failed, Loading, Note } from '../../ui/state';
import type { TraceModel } from './model';
import { marked, offset } from './row';
import type { TraceSource } from './source';

const turns = 200;
const steps = 200;

export function Thread({ source, model, selected, find, now, onSelect }: { source: TraceSource; model: TraceModel; selected: string; find: string; now: number; onSelect(id: string): void }) {
  return (
    <div class="thread">
      {source.project && model.trace.thread && <Turns project={source.project.name} model={model} />}
      <Log model={model} selected={selected} find={find} now={now} onSelect={onSelect} />
    </div>
  );
}

/** All runs of the thread, oldest first as they were said. */
function Turns({ project, model }: { project: string; model: TraceModel }) {
  const { thread, trace_id } = model.trace;
  const { data, error, reload } = useResource(project + ' ' + thread, (signal) => get<TraceList>(inProject(project, 'traces'), { thread, limit: turns }, signal));
  if (error) return <Failed error={error} retry={reload} what="the thread" />;
  if (!data) return <Loading lines={3} />;
  return (
    <section class="panel">
      <header class="panel-head"><h2>Thread</h2><span class="muted ellipsis">{thread}</span></header>
      <ol class="turns">
        {data.next && <li class="muted">Only the latest {turns} runs are shown.</li>}
        {data.traces.slice().reverse().map((t) => (
          <li key={t.trace_id}>
            <a class="turn" href={tracePath(project, t.trace_id) + '?view=thread'} aria-current={t.trace_id === trace_id ? 'true' : undefined}>
              <StatusMark status={t.status} />
              <span class="muted"><Time at={t.start} /></span>
              <span class="ellipsis grow">{t.preview || t.name}</span>
              <span class="num muted">{duration(t.duration_ns)}</span>
              <span class="num muted">{t.tokens.total > 0 && short(t.tokens.total)}</span>
            </a>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Model calls and tools in the order in which they began. */
function Log({ model, selected, find, now, onSelect }: { model: TraceModel; selected: string; find: string; now: number; onSelect(id: string): void }) {
  const [most, setMost] = useState(steps);
  const rows = model.rows.filter((r) => r.kind === 'model' || r.kind === 'tool' || r.kind === 'memory');
  return (
    <section class="panel">
      <header class="panel-head"><h2>This run, step by step</h2><span class="muted">model calls, tools and retrieval</span></header>
      {rows.length === 0 && <div class="panel-body"><Note>No model was called here, and no tool.</Note></div>}
      <ol class="turns">
        {rows.slice(0, most).map((r) => (
          <li key={r.id}>
            <button type="button" class="turn" aria-pressed={r.id === selected} onClick={() => onSelect(r.id)}>
              <span class="num muted">{offset(r.start)}</span>
              <KindMark type={r.type} />
              <span class="ellipsis grow">{marked(r.name, find)}{r.model && <span class="muted"> {r.model}</span>}</span>
              {r.status === 'error' && <StatusMark status="error" text />}
              {r.tokens && <span class="muted num">{short(r.tokens.input)} → {short(r.tokens.output)} tokens</span>}
              {r.cost != null && <span class="muted num">{cost(r.cost)}</span>}
              <span class="num">{r.dur < 0 ? duration(Math.max(now - r.start, 0)) + ' …' : duration(r.dur)}</span>
            </button>
          </li>
        ))}
      </ol>
      {rows.length > most && <div class="panel-body"><Button onClick={() => setMost(most * 5)}>Show more of {rows.length}</Button></div>}
    </section>
  );
}
