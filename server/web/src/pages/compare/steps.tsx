// The steps of both runs, aligned; one of them open.
import { useMemo, useState } from 'preact/hooks';
import { useShortcuts } from '../../app/keys';
import { query, setQuery } from '../../app/router';
import { count, duration, short } from '../../lib/format';
import { Button } from '../../ui/button';
import { CheckField } from '../../ui/field';
import { KindMark, StatusMark } from '../../ui/span';
import type { TraceModel, SpanRow } from '../trace/model';
import type { TraceSource } from '../trace/source';
import { align, type Step } from './align';
import { Delta, exact } from './delta';
import { Detail } from './detail';

const idOf = (s: Step) => (s.a ? 'a.' + s.a.id : 'b.' + s.b!.id);

/** Rows that are made at once. */
const page = 500;

const differs = ({ a, b }: Step) => !a || !b || a.status !== b.status || a.name !== b.name || a.model !== b.model || a.tokens?.total !== b.tokens?.total || a.cost !== b.cost;

export function Steps({ a, b, from }: { a: TraceModel; b: TraceModel; from: [TraceSource, TraceSource] }) {
  const all = useMemo(() => align(a.rows, b.rows), [a, b]);
  const [shown, setShown] = useState(page);
  const changed = query.value.get('only') === 'changed';
  const open = query.value.get('step') ?? '';
  const steps = changed ? all.filter(differs) : all;
  const move = (by: number) => {
    const at = steps.findIndex((s) => idOf(s) === open);
    const next = steps[at < 0 ? 0 : Math.min(steps.length - 1, Math.max(0, at + by))];
    if (!next) return;
    setQuery({ step: idOf(next) }, { replace: true });
    requestAnimationFrame(() => document.getElementById(idOf(next))?.scrollIntoView({ block: 'nearest' }));
  };
  useShortcuts([
    { key: 'ArrowDown', about: 'Next step', run: () => move(1) }, { key: 'ArrowUp', about: 'Previous step', run: () => move(-1) },
    { key: 'Escape', about: 'Close the step', run: () => setQuery({ step: null }) },
  ]);
  const [onlyA, onlyB] = [all.filter((s) => !s.b).length, all.filter((s) => !s.a).length];
  return (
    <section class="panel" aria-label="Steps">
      <header class="panel-head">
        <h2>Steps</h2><span class="muted grow">{count(all.length - onlyA - onlyB)} in both{onlyA > 0 && `, ${count(onlyA)} only in A`}{onlyB > 0 && `, ${count(onlyB)} only in B`}</span>
        <CheckField label="Only what differs" checked={changed} onCheck={(on) => setQuery({ only: on ? 'changed' : null })} />
      </header>
      <div class="table-wrap">
        <table class="table steps">
          <thead><tr><th scope="col">Step</th><th scope="col">Status</th><th scope="col" class="num">Time A</th><th scope="col" class="num">B</th><th scope="col" class="num">Δ time</th><th scope="col" class="num">Δ tokens</th><th scope="col" class="num">Δ cost</th></tr></thead>
          <tbody>
            {steps.slice(0, shown).map((s) => {
              const id = idOf(s);
              return (
                <>
                  <Row key={id} id={id} step={s} open={id === open} />
                  {id === open && <tr key={id + '+'} class="opened"><td colSpan={7}><Detail step={s} a={from[0]} b={from[1]} /></td></tr>}
                </>
              );
            })}
            {steps.length === 0 && <tr><td colSpan={7} class="muted">{all.length ? 'No step differs by more than its time.' : 'Neither run has a step.'}</td></tr>}
          </tbody>
        </table>
      </div>
      {steps.length > shown && <p class="panel-body"><Button onClick={() => setShown(shown + 4 * page)}>Show {count(Math.min(4 * page, steps.length - shown))} more of {count(steps.length)}</Button></p>}
    </section>
  );
}

function Row({ id, step: { a, b, depth }, open }: { id: string; step: Step; open: boolean }) {
  const row = (a ?? b)!;
  const toggle = () => setQuery({ step: open ? null : id });
  const named = a && b && a.name !== b.name ? <>{a.name} <span class="muted">→</span> {b.name}</> : row.name;
  return (
    <tr id={id} class={open ? 'step open' : 'step'} onClick={(e) => { if (!(e.target as Element).closest('button, a')) toggle(); }}>
      <td class="step-name">
        <span class="row" style={{ paddingLeft: `${Math.min(depth, 16) * 14}px` }}>
          <KindMark type={row.type} />
          <button type="button" class="ellipsis" aria-expanded={open} title={row.name} onClick={toggle}>{named}</button>
          {!b ? <span class="side gone">− only A</span> : !a ? <span class="side come">+ only B</span> : a.model !== b.model && <span class="chip">{a.model || 'no model'} → {b.model || 'no model'}</span>}
        </span>
      </td>
      <td><span class="row statuses">{a && b && a.status !== b.status ? <><StatusMark status={a.status} /><span class="muted">→</span><StatusMark status={b.status} /></> : <StatusMark status={row.status} />}</span></td>
      <td class="num">{time(a)}</td><td class="num">{time(b)}</td>
      <td class="num"><Delta a={a?.dur} b={b?.dur} format={duration} small={1e6} /></td>
      <td class="num">{(a?.tokens || b?.tokens) && <Delta a={a && (a.tokens?.total ?? 0)} b={b && (b.tokens?.total ?? 0)} format={short} />}</td>
      <td class="num">{(a?.cost || b?.cost) && <Delta a={a?.cost} b={b?.cost} format={exact} />}</td>
    </tr>
  );
}

const time = (r: SpanRow | null) => (!r ? '' : r.event ? 'event' : duration(r.dur));
