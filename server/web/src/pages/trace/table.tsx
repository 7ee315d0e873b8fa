// All spans in one flat list, in any order: for "which were the slowest", "which cost the most".
import { useMemo } from 'preact/hooks';
import { cost, count, duration } from '../../lib/format';
import { Icon } from '../../ui/icon';
import { KindMark, StatusMark } from '../../ui/span';
import type { SpanRow, TraceModel } from './model';
import { marked, offset } from './row';
import { order, type Column } from './order';
import { useParam } from './state';
import { rowHeight, useRows } from './window';

const columns: readonly (readonly [Column, string])[] = [
  ['name', 'Name'], ['type', 'Type'], ['model', 'Model'], ['start', 'Start'], ['duration', 'Duration'], ['input', 'Tokens in'], ['output', 'Tokens out'], ['cost', 'Cost'],
];

export function SpanTable({ model, keep, selected, find, now, href, onSelect }: {
  model: TraceModel; keep?: ReadonlySet<string>; selected: string; find: string; now: number; href(span: string): string; onSelect(id: string): void;
}) {
  const [sort, setSort] = useParam('sort');
  const list = useMemo(() => order(keep ? model.rows.filter((r) => keep.has(r.id)) : model.rows, sort), [model.rows, keep, sort]);
  const { ref, rows, onScroll } = useRows(list.length);
  const by = sort.replace('-', '');
  const head = ([name, text]: readonly [Column, string]) => {
    const down = sort === '-' + name;
    return (
      <div key={name} role="columnheader" class={name} aria-sort={by === name ? (down ? 'descending' : 'ascending') : 'none'}>
        <button type="button" class="link" onClick={() => setSort(by !== name ? (name === 'name' || name === 'type' || name === 'model' || name === 'start' ? name : '-' + name) : down ? name : '-' + name)}>
          {text}{by === name && <Icon name={down ? 'down' : 'up'} size={12} />}
        </button>
      </div>
    );
  };
  const line = (r: SpanRow, i: number) => (
    <div key={r.id} role="row" aria-rowindex={i + 2} class={r.id === selected ? 'st-row selected' : 'st-row'} style={{ top: i * rowHeight + 'px' }} onClick={() => { if (getSelection()?.isCollapsed) onSelect(r.id); }}>
      <div role="cell" class="name"><StatusMark status={r.status} /><a class="ellipsis" href={href(r.id)} onClick={(e) => { if (!e.ctrlKey && !e.metaKey) e.preventDefault(); }}>{marked(r.name || r.id, find)}</a></div>
      <div role="cell" class="type ellipsis"><KindMark type={r.type} text /></div>
      <div role="cell" class="model ellipsis">{r.model}</div>
      <div role="cell" class="start">{offset(r.start)}</div>
      <div role="cell" class="duration">{r.event ? '–' : r.dur < 0 ? duration(Math.max(0, now - r.start)) + ' …' : duration(r.dur)}</div>
      <div role="cell" class="input">{count(r.tokens?.input)}</div>
      <div role="cell" class="output">{count(r.tokens?.output)}</div>
      <div role="cell" class="cost">{cost(r.cost)}</div>
    </div>
  );
  return (
    <div class="st" ref={ref} role="table" aria-label="Spans" aria-rowcount={list.length + 1} tabIndex={0} onScroll={onScroll}>
      <div role="rowgroup" class="st-head"><div role="row" aria-rowindex={1} class="st-row">{columns.map(head)}</div></div>
      <div role="rowgroup" class="st-space" style={{ height: rows.height + 'px' }}>
        {list.slice(rows.first, rows.last).map((r, i) => line(r, rows.first + i))}
      </div>
    </div>
  );
}
