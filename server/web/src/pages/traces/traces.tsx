// The list of traces: find the run that went wrong.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useShortcuts } from '../../app/keys';
import { address, navigate, query, route, setQuery, to } from '../../app/router';
import { useTitle } from '../../app/title';
import { clock, bytes, plural } from '../../lib/format';
import { Button } from '../../ui/button';
import { CheckField } from '../../ui/field';
import { Icon } from '../../ui/icon';
import { Popover } from '../../ui/menu';
import { Empty, Failed, Loading } from '../../ui/state';
import { colsParam, columns, fixed, shownColumns } from './columns';
import { Chips, FilterBar, RangeFilter } from './filterbar';
import { cleared, listParams, sortOf } from './filters';
import { mostRows, useTraces, type List } from './list';
import { Nothing } from './none';
import { Strip } from './strip';
import { Table } from './table';

export function Traces() {
  const project = route.value.params['project']!;
  const q = query.value;
  const [paused, setPaused] = useState(false);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const list = useTraces(project, listParams(q), sortOf(q), q.get('cursor'), paused);
  const grouped = q.get('group') === 'thread';
  const choose = (id: string) => setChosen((now) => (now.includes(id) ? now.filter((x) => x !== id) : [...now.slice(-1), id]));
  const compare = () => { if (chosen.length === 2) navigate(to('p', project, 'compare') + `?a=${chosen[0]}&b=${chosen[1]}`); };
  useTitle('Traces', project);
  usePlace(list);
  useEffect(() => { // for the page of a trace, which leads to those before and behind it
    sessionStorage.setItem('tailrace.list', JSON.stringify({ path: address.value, ids: list.rows.map((r) => r.trace_id) }));
  }, [list.rows, address.value]);
  useListKeys(list, choose, compare);
  return (
    <div class="page traces-page">
      <header class="page-head">
        <h1>Traces</h1>
        {chosen.length > 0 && (
          <div class="row compare-bar" role="status">
            <span class="muted">{chosen.length === 1 ? 'Choose one more to compare' : '2 chosen'}</span>
            <Button icon="compare" look="primary" disabled={chosen.length < 2} onClick={compare}>Compare</Button>
            <Button icon="close" look="quiet" label="Choose none" onClick={() => setChosen([])} />
          </div>
        )}
        <LiveMark connected={list.connected} paused={paused} onPause={() => setPaused(!paused)} />
        <RangeFilter />
      </header>
      <FilterBar project={project}>
        <Button icon="workflow" class={grouped ? 'active' : ''} aria-pressed={grouped} label="Group by thread" onClick={() => setQuery({ group: grouped ? null : 'thread' })}>Threads</Button>
        <ColumnChoice />
      </FilterBar>
      <Chips />
      <Strip project={project} beat={list.beat} />
      <Results project={project} list={list} grouped={grouped} chosen={chosen} choose={choose} />
    </div>
  );
}

interface ResultsProps { project: string; list: List; grouped: boolean; chosen: readonly string[]; choose(id: string): void }

function Results({ project, list, grouped, chosen, choose }: ResultsProps) {
  const { res, rows } = list;
  const q = query.value;
  const cols = q.get('cols');
  const shown = useMemo(() => shownColumns(cols), [cols]);
  if (res.error && !res.data) {
    const wrong = res.error.status === 400;
    return <div class="panel"><Failed error={res.error} retry={wrong ? undefined : res.reload} what="the traces" />{wrong && <p class="row centred after-failure"><Button onClick={() => setQuery({ ...cleared(q), last: null, from: null, to: null, sort: null })}>Clear all filters</Button></p>}</div>;
  }
  if (!res.data) return <div class="panel"><Loading lines={10} /></div>;
  return (
    <section class="panel" aria-label="Results">
      <div role="status" class="waiting">
        {list.waiting > 0 && <Button small look="primary" icon="up" label="Show them (n)" onClick={() => reveal(list)}>{plural(list.waiting, 'new trace')}</Button>}
      </div>
      {q.get('cursor') && <p class="strip-note"><a href={location.pathname + withoutCursor(q)}>Back to the first page</a></p>}
      {rows.length > 0
        ? <Table project={project} rows={rows} columns={shown} grouped={grouped} chosen={chosen} onChoose={choose} stale={res.stale} />
        : res.data.next ? <Empty icon="search" title="Nothing found so far" /> : res.stale ? <Loading /> : <Nothing project={project} />}
      <Foot list={list} />
    </section>
  );
}

function withoutCursor(q: URLSearchParams) {
  const next = new URLSearchParams(q);
  next.delete('cursor');
  return next.size ? '?' + next : '';
}

/** What is below the rows: how far a search came, and more of them. */
function Foot({ list }: { list: List }) {
  const { res, rows, loadingMore, moreError } = list;
  const ref = useRef<HTMLDivElement>(null);
  const d = res.data;
  const next = d?.next ?? null;
  const full = rows.length >= mostRows;
  const searching = query.value.get('in') === 'content';
  // More comes before the end is reached; a search, which costs, only when it is asked for.
  const auto = next !== null && !full && !searching && !moreError && !res.stale;
  const more = useRef(list.more);
  more.current = list.more;
  useEffect(() => {
    if (!auto || !ref.current) return;
    const seen = new IntersectionObserver((all) => { if (all.some((e) => e.isIntersecting)) more.current(); }, { rootMargin: '300px' });
    seen.observe(ref.current);
    return () => seen.disconnect();
  }, [auto, next]);
  if (!d || rows.length === 0 && !next) return null;
  const turn = () => {
    setQuery({ cursor: next });
    scrollTo(0, 0);
  };
  return (
    <div class="list-foot" ref={ref}>
      {moreError && <span class="status error" role="alert"><Icon name="error" />{moreError.message}</span>}
      {searching && d.searched.from && <span class="muted">Searched back to {clock(d.searched.from)}, {bytes(d.searched.bytes)}</span>}
      {next
        ? <Button onClick={full ? turn : list.more} disabled={loadingMore}>{loadingMore ? 'Loading…' : full ? 'Next page' : searching && !d.searched.done ? 'Search further back' : 'Load more'}</Button>
        : <span class="muted">{plural(rows.length, 'trace')}, all that match</span>}
    </div>
  );
}

function LiveMark({ connected, paused, onPause }: { connected: boolean; paused: boolean; onPause(): void }) {
  const text = paused ? 'Paused' : connected ? 'Live' : 'Connecting';
  return (
    <span class="row live-mark">
      <span role="status" class={connected ? 'status running still' : 'status'}><Icon name={paused ? 'pause' : connected ? 'live' : 'idle'} />{text}</span>
      <Button small look="quiet" onClick={onPause} label={paused ? 'Show what happens as it happens' : 'Let the list rest'}>{paused ? 'Resume' : 'Pause'}</Button>
    </span>
  );
}

function ColumnChoice() {
  const shown = new Set(shownColumns(query.value.get('cols')).map((c) => c.id));
  const toggle = (id: string, on: boolean) => {
    const next = new Set(shown);
    if (on) next.add(id);
    else next.delete(id);
    setQuery({ cols: colsParam(next) });
  };
  return (
    <Popover icon="columns" label="Choose the columns" align="right">
      {() => <div class="stack column-choice">{columns.filter((c) => !fixed(c.id)).map((c) => <CheckField key={c.id} label={c.title} checked={shown.has(c.id)} onCheck={(on) => toggle(c.id, on)} />)}</div>}
    </Popover>
  );
}

const links = () => [...document.querySelectorAll<HTMLAnchorElement>('.traces .trace-link')];

/** The row that has the focus. */
const focused = () => document.activeElement?.closest<HTMLElement>('tr[data-id]') ?? null;

function reveal(list: List) {
  list.show();
  scrollTo(0, 0);
  requestAnimationFrame(() => requestAnimationFrame(() => links()[0]?.focus({ preventScroll: true })));
}

function move(step: number) {
  const all = links();
  const at = all.indexOf(focused()?.querySelector<HTMLAnchorElement>('.trace-link') as HTMLAnchorElement);
  const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: 'nearest' });
}

function useListKeys(list: List, choose: (id: string) => void, compare: () => void) {
  const flip = (key: string, value: string, other: string) => setQuery({ [key]: query.peek().get(key) === value ? null : value, [other]: null, cursor: null });
  useShortcuts([
    { key: 'j', about: 'Next trace', run: () => move(1) },
    { key: 'k', about: 'Previous trace', run: () => move(-1) },
    { key: 'ArrowDown', about: 'Next trace', run: () => move(1) },
    { key: 'ArrowUp', about: 'Previous trace', run: () => move(-1) },
    { key: '/', about: 'Search', run: () => document.getElementById('search')?.focus() },
    { key: 'e', about: 'Only failed runs, or all', run: () => flip('status', 'error', 'any_error') },
    { key: 'E', about: 'Only traces with a failed span, or all', run: () => flip('any_error', 'true', 'status') },
    { key: 'n', about: 'Show the new traces', run: () => { if (list.waiting) reveal(list); } },
    { key: 'c', about: 'Choose the trace to compare', run: () => { const id = focused()?.dataset['id']; if (id) choose(id); } },
    { key: 'C', about: 'Compare the two that are chosen', run: compare },
  ]);
}

let place: { url: string; trace: string; scroll: number } | undefined;

/** Brings whoever comes back from a trace to where they were. */
function usePlace(list: List) {
  const back = useRef(place);
  useEffect(() => {
    const opened = (e: MouseEvent) => {
      const row = (e.target as Element).closest<HTMLElement>('tr[data-id]');
      if (row) place = { url: location.pathname + location.search, trace: row.dataset['id']!, scroll: scrollY };
    };
    document.addEventListener('click', opened, true);
    return () => document.removeEventListener('click', opened, true);
  }, []);
  useEffect(() => {
    const p = back.current;
    if (!p || !list.res.data) return;
    back.current = undefined;
    if (p.url !== location.pathname + location.search) return;
    scrollTo(0, p.scroll);
    links().find((a) => a.closest<HTMLElement>('tr')?.dataset['id'] === p.trace)?.focus({ preventScroll: true });
  }, [list.res.data]);
}
