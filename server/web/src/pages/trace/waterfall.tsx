// The waterfall: names as a tree, and beside them when, or how much.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { ticks, type Axis, type Zoom } from './axis';
import { Overview, useWheel } from './overview';
import { waterfallRow } from './row';
import { Splitter } from './split';
import { useMeasure } from './state';
import { isOpen, type TreeNode } from './tree';
import { rowHeight, useRows } from './window';

export interface WaterfallProps {
  nodes: readonly TreeNode[];
  /** Positions of the nodes in sight. */
  seen: Int32Array;
  toggled: ReadonlySet<string>;
  onToggle(key: string): void;
  /** Key of the node that the keyboard is at. */
  cursor: string;
  /** Has its row brought into sight whenever it changes. */
  show: { key: string } | null;
  selected: string;
  /** Moves the cursor; with open, the node's panel opens too. */
  onMove(node: TreeNode, open: boolean): void;
  onClose(): void;
  find: string;
  hits: ReadonlySet<string>;
  axis: Axis;
  zoom: Zoom | null;
  onZoom(z: Zoom | null): void;
  href(span: string): string;
  label: string;
  corner: ComponentChildren;
}

export function Waterfall(p: WaterfallProps) {
  const { nodes, seen, axis, zoom } = p;
  const { ref, rows, width, show, onScroll } = useRows(seen.length);
  const whole = useRef<HTMLDivElement>(null);
  const wide = width > 480;
  const [chosen, setNames] = useMeasure('tailrace.trace.names', 340);
  const names = Math.round(Math.min(chosen, width * 0.6));
  const left = wide ? names : 0;
  const { lo, hi } = zoom ?? axis;
  const marks = useMemo(() => ticks(axis.mode, lo, hi, Math.max((width - left) / 90, 2)), [axis.mode, lo, hi, width - left]);
  const cursor = useMemo(() => Math.max(0, seen.findIndex((at) => nodes[at]!.key === p.cursor)), [nodes, seen, p.cursor]);
  useWheel(whole, left, axis, zoom, p.onZoom);
  useAnchor(ref, nodes, seen, onScroll);
  useLayoutEffect(() => {
    if (p.show) show(seen.findIndex((at) => nodes[at]!.key === p.show!.key));
  }, [p.show]);
  useFreeKeys(ref, (e) => key(e));

  const go = (index: number, open = false) => {
    const to = Math.min(Math.max(index, 0), seen.length - 1);
    if (to < 0) return;
    show(to);
    p.onMove(nodes[seen[to]!]!, open);
  };
  const key = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const at = seen[cursor];
    const node = at === undefined ? undefined : nodes[at];
    if (!node || at === undefined) return;
    const page = Math.max(1, Math.floor(ref.current!.clientHeight / rowHeight) - 1);
    const closed = node.children > 0 && !isOpen(node, p.toggled);
    const run: Record<string, () => void> = {
      ArrowDown: () => go(cursor + 1), ArrowUp: () => go(cursor - 1), PageDown: () => go(cursor + page), PageUp: () => go(cursor - page),
      Home: () => go(0), End: () => go(seen.length - 1),
      ArrowRight: () => { if (closed) p.onToggle(node.key); else if (node.children > 0) go(cursor + 1); },
      ArrowLeft: () => { if (node.children > 0 && !closed) p.onToggle(node.key); else go(seen.indexOf(node.parent)); },
      Enter: () => { if (node.row) p.onMove(node, true); else p.onToggle(node.key); },
      Escape: () => p.onClose(),
    };
    const found = Object.prototype.hasOwnProperty.call(run, e.key) && run[e.key];
    if (!found) return;
    e.preventDefault();
    found();
  };
  const click = (e: MouseEvent) => {
    if (e.ctrlKey || e.metaKey || e.shiftKey || !getSelection()?.isCollapsed) return;
    const target = e.target as Element;
    const node = nodes[Number(target.closest<HTMLElement>('[data-at]')?.dataset['at'] ?? -1)];
    if (!node) return;
    e.preventDefault();
    ref.current!.focus({ preventScroll: true });
    if (target.closest('[data-toggle]') || !node.row) p.onToggle(node.key);
    p.onMove(node, node.row !== null && !target.closest('[data-toggle]'));
  };

  const step = marks.length > 1 ? (marks[1]!.at - marks[0]!.at) / (hi - lo) : 0;
  const grid = step > 0 && step < 1 ? { '--grid-size': step * 100 + '%', '--grid-at': ((marks[0]!.at - lo) / (hi - lo) % step) / (1 - step) * 100 + '%' } : {};
  const look = { axis, lo, hi, names: wide ? names : 320, find: p.find, href: p.href };
  const list = [];
  for (let i = rows.first; i < rows.last; i++) {
    const at = seen[i]!;
    const n = nodes[at]!;
    list.push(waterfallRow(n, at, i, look, isOpen(n, p.toggled), n.key === p.selected, i === cursor, p.hits.has(n.key)));
  }
  return (
    <div class={wide ? 'wf' : 'wf narrow'} ref={whole} style={{ '--names': names + 'px', ...grid }}>
      <div class="wf-head">
        <div class="wf-corner">{p.corner}</div>
        <Overview nodes={nodes} axis={axis} zoom={zoom} onZoom={p.onZoom} marks={marks} />
      </div>
      <div
        class="wf-scroll" ref={ref} role="treegrid" aria-label={p.label} aria-rowcount={seen.length} aria-colcount={2} tabIndex={0}
        aria-activedescendant={cursor >= rows.first && cursor < rows.last ? 'row-' + cursor : undefined}
        onScroll={onScroll} onKeyDown={key} onClick={click}
      >
        <div class="wf-space" style={{ height: rows.height + 'px' }} role="presentation">
          <div style={{ transform: `translateY(${rows.top - rows.first * rowHeight}px)` }} role="presentation">{list}</div>
        </div>
      </div>
      {wide && <Splitter label="Width of the names" value={names} min={160} max={720} onMove={setNames} />}
    </div>
  );
}

/** Has an element hear the keys that are meant for nothing in particular: it has the focus at first, and again when nothing else has. */
function useFreeKeys(ref: { current: HTMLElement | null }, run: (e: KeyboardEvent) => void) {
  const now = useRef(run);
  now.current = run;
  useLayoutEffect(() => {
    const free = (e: Element | null) => !e || e === document.body || e.id === 'main';
    const focus = () => ref.current!.focus({ preventScroll: true });
    const hear = (e: KeyboardEvent) => {
      if (!free(e.target as Element) || document.querySelector('dialog[open]')) return;
      now.current(e);
      if (e.defaultPrevented) focus();
    };
    if (free(document.activeElement)) focus();
    document.addEventListener('keydown', hear);
    return () => document.removeEventListener('keydown', hear);
  }, []);
}

/** Keeps the row at the top where it is while rows come and go above it. */
function useAnchor(ref: { current: HTMLElement | null }, nodes: readonly TreeNode[], seen: Int32Array, moved: () => void) {
  const before = useRef({ nodes, seen });
  useLayoutEffect(() => {
    const el = ref.current!;
    const old = before.current;
    before.current = { nodes, seen };
    const top = Math.floor(el.scrollTop / rowHeight);
    const key = top > 0 ? old.nodes[old.seen[top] ?? -1]?.key : undefined;
    if (key === undefined || old.seen === seen || nodes[seen[top] ?? -1]?.key === key) return;
    const now = seen.findIndex((at) => nodes[at]!.key === key);
    if (now < 0) return;
    el.scrollTop += (now - top) * rowHeight;
    moved();
  }, [nodes, seen]);
}
