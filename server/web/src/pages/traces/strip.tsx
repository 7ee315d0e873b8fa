// Traces over time, above the list: where the failures are, and a way to choose a range.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, inProject } from '../../app/api';
import { query, setQuery } from '../../app/router';
import { useResource } from '../../app/resource';
import type { SeriesReply } from '../../api.gen';
import { clock, plural } from '../../lib/format';
import { buckets, stepFor, summary, type Bucket } from './buckets';
import { active, spanMillis, timeParams } from './filters';

const refreshEvery = 10_000;

/** beat counts what happens: the strip follows it, though not each time. */
export function Strip({ project, beat }: { project: string; beat: number }) {
  const q = query.value;
  const { last, from, to } = timeParams(q);
  const range = last ? spanMillis(String(last)) : +(to ? new Date(String(to)) : new Date()) - +new Date(String(from ?? 0));
  const known = isFinite(range) && range > 0 && !(to && !from);
  const params = { of: 'traces', last, from, to, service: q.get('service'), step: known ? stepFor(range) : undefined };
  const key = known ? JSON.stringify([project, params]) : null;
  const res = useResource(key, async (signal) => {
    const path = inProject(project, 'series');
    const [count, errors] = await Promise.all(['count', 'errors'].map((metric) => get<SeriesReply>(path, { metric, ...params }, signal)));
    return buckets(count!, errors!);
  });
  useRefresh(res.reload, beat);
  const all = res.data ?? [];
  // The figures are of services alone; what else is filtered, the list says.
  const unheard = [...new Set(active(q).map(([k]) => k))].some((k) => k !== 'service' && k !== 'status' && k !== 'any_error');
  const failedOnly = q.get('status') === 'error' || q.get('any_error') === 'true';
  return (
    <section class="panel strip" aria-label="Traces over time">
      <Bars all={all} failedOnly={failedOnly} />
      <p class="sr">{summary(all, clock)}</p>
      {unheard && <p class="hint strip-note">Of all traces{params.service ? ' of the service' : ''}: only time, service and failure narrow this strip.</p>}
    </section>
  );
}

function useRefresh(reload: () => void, beat: number) {
  const timer = useRef(0);
  useEffect(() => {
    if (beat) timer.current ||= window.setTimeout(() => { timer.current = 0; reload(); }, refreshEvery);
  }, [beat]);
  useEffect(() => () => clearTimeout(timer.current), []);
}

function Bars({ all, failedOnly }: { all: readonly Bucket[]; failedOnly: boolean }) {
  const [at, setAt] = useState(-1);
  const [start, setStart] = useState(-1); // where a drag began
  const ref = useRef<HTMLDivElement>(null);
  const size = (b: Bucket) => (failedOnly ? b.errors : b.count);
  const most = Math.max(1, ...all.map(size));
  const index = (e: PointerEvent) => {
    const box = ref.current!.getBoundingClientRect();
    return Math.min(all.length - 1, Math.max(0, Math.floor((e.clientX - box.left) / box.width * all.length)));
  };
  const [a, b] = start < 0 ? [at, at] : [Math.min(start, at), Math.max(start, at)];
  const up = () => {
    setStart(-1);
    const [first, end] = [all[a], all[b]];
    if (start >= 0 && first && end) setQuery({ from: new Date(first.from).toISOString(), to: new Date(end.to).toISOString(), last: null, cursor: null });
  };
  const first = all[a];
  const end = all[b];
  const chosen = all.slice(a, b + 1);
  return (
    <>
      <div
        ref={ref} class="bars" aria-hidden="true"
        onPointerMove={(e) => { if (all.length) setAt(index(e)); }}
        onPointerLeave={() => { if (start < 0) setAt(-1); }}
        onPointerDown={(e) => {
          if (e.button !== 0 || !all.length) return;
          ref.current!.setPointerCapture(e.pointerId);
          setStart(index(e));
          setAt(index(e));
        }}
        onPointerUp={up}
        onPointerCancel={() => { setStart(-1); setAt(-1); }}
      >
        {all.map((bar, i) => (
          <div key={bar.from} class={at >= 0 && i >= a && i <= b ? 'bar on' : 'bar'}>
            {size(bar) > 0 && <span class="bar-fill" style={{ height: Math.max(4, size(bar) / most * 100) + '%' }}><span class="bar-errors" style={{ height: bar.errors / size(bar) * 100 + '%' }} /></span>}
          </div>
        ))}
      </div>
      <div class="strip-axis" aria-hidden="true">
        {first && end
          ? <><strong>{clock(first.from)} – {clock(end.to)}</strong><span>{plural(sum(chosen, 'count'), 'trace')} ended, {sum(chosen, 'errors')} failed</span></>
          : all.length > 0 && <><span>{clock(all[0]!.from)}</span><span>drag to choose a range</span><span>{clock(all[all.length - 1]!.to)}</span></>}
      </div>
    </>
  );
}

const sum = (all: readonly Bucket[], key: 'count' | 'errors') => all.reduce((n, b) => n + b[key], 0);
