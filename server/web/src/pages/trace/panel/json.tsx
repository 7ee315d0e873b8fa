// A JSON value as a tree to fold. Keys are text like all else that came from outside.
import { useId, useMemo, useRef, useState } from 'preact/hooks';
import { plural } from '../../../lib/format';
import { CopyButton } from '../../../ui/button';
import { Icon } from '../../../ui/icon';
import { rowsOf, type Row } from './rows';
import { Folded, Marked, sought } from './text';

const page = 500;

/** first is how many lines are shown at first. */
export function Json({ value, label, first = page }: { value: unknown; label: string; first?: number }) {
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [limit, setLimit] = useState(first);
  const [at, setAt] = useState('');
  const tree = useRef<HTMLDivElement>(null);
  const id = useId();
  const texts = useMemo(() => new Map<string, unknown>(), [value]);
  const { rows, more } = useMemo(() => rowsOf(value, chosen, limit, texts), [value, chosen, limit]);
  const fold = (r: Row, open: boolean) => { if (r.size > 0 && r.open !== open) setChosen(new Map(chosen).set(r.path, open)); };
  // The same elements again while the pointer moves: only what is round them is compared.
  const bodies = useMemo(() => rows.map((r) => body(r, () => fold(r, !r.open))), [rows, sought.value, id]);
  if (!rows.length) return <Leaf value={value} />;
  const index = rows.findIndex((r) => r.path === at);
  const go = (to: number) => {
    const r = rows[Math.max(0, Math.min(rows.length - 1, to))]!;
    setAt(r.path);
    requestAnimationFrame(() => tree.current?.querySelector('.at')?.scrollIntoView({ block: 'nearest' }));
  };
  const keys: Record<string, (r: Row) => void> = {
    ArrowDown: () => go(index + 1),
    ArrowUp: () => go(index - 1),
    ArrowRight: (r) => (r.size > 0 && !r.open ? fold(r, true) : go(index + 1)),
    ArrowLeft: (r) => { if (r.open) fold(r, false); else { let i = index; while (i > 0 && rows[i]!.depth >= r.depth) i--; go(i); } },
    Home: () => go(0),
    End: () => go(rows.length),
    Enter: (r) => fold(r, !r.open),
    ' ': (r) => fold(r, !r.open),
  };
  const onKeyDown = (e: KeyboardEvent) => {
    const run = e.target === e.currentTarget && !e.ctrlKey && !e.metaKey && !e.altKey ? Object.entries(keys).find(([k]) => k === e.key)?.[1] : undefined;
    if (!run) return;
    e.preventDefault();
    e.stopPropagation();
    run(rows[Math.max(0, index)]!);
  };
  return (
    <div class="json" role="tree" ref={tree} aria-label={label} aria-activedescendant={index < 0 ? undefined : id + index} tabIndex={0} onKeyDown={onKeyDown}>
      {rows.map((r, i) => (
        <div
          key={r.path} id={id + i} role="treeitem" aria-level={r.depth + 1} aria-expanded={r.size > 0 ? r.open : undefined} aria-selected={r.path === at} class={r.path === at ? 'json-row at' : 'json-row'}
          style={{ paddingLeft: Math.min(r.depth, 20) * 14 + 16 + 'px' }} onPointerEnter={() => setAt(r.path)}
        >
          {bodies[i]}
          {r.path === at && (
            <span class="json-copy">
              <CopyButton small look="quiet" text={() => (typeof r.value === 'string' ? r.value : JSON.stringify(r.value, null, 2))} label="Copy value" />
              <CopyButton small look="quiet" text={r.path} label={`Copy path ${r.path}`}>path</CopyButton>
            </span>
          )}
        </div>
      ))}
      {more && <button type="button" class="more" onClick={() => setLimit(limit + page)}>Show more lines</button>}
    </div>
  );
}

const body = (r: Row, turn: () => void) => (
  <>
    {r.size > 0 && <span class="json-fold" onClick={turn}><Icon name={r.open ? 'down' : 'right'} size={12} /></span>}
    <span class={typeof r.key === 'number' ? 'json-index' : 'json-key'} onClick={turn}><Marked text={String(r.key)} />: </span>
    {r.size < 0 ? <Leaf value={r.value} /> : <span class="json-sum" onClick={turn}>{r.json && <span class="chip">JSON in a text</span>} {!r.open && (r.short ? <Marked text={r.short} /> : sum(r))}</span>}
  </>
);

const sum = ({ value: v, size, json }: Row) => (json ? plural(size, 'item') : v && typeof v === 'object' && !Array.isArray(v) ? `{ ${Object.keys(v).slice(0, 4).join(', ')}${size > 4 ? ', …' : ''} }` : `[ ${plural(size, 'item')} ]`);

function Leaf({ value }: { value: unknown }) {
  if (typeof value === 'string') return <Folded text={value} lines={8}>{(t) => <span class="json-string">{value.includes('\n') ? <span class="json-lines"><Marked text={t} /></span> : <>"<Marked text={t} />{t.length < value.length ? '…' : '"'}</>}</span>}</Folded>;
  if (value && typeof value === 'object') return <span class="json-sum">{Array.isArray(value) ? '[ ]' : '{ }'}</span>;
  return <span class={typeof value === 'number' ? 'json-number' : 'json-word'}>{String(value)}</span>;
}
