// The hints as one quiet line.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Icon } from '../../ui/icon';
import { Popover } from '../../ui/menu';
import { findHints, loopHint, repeats, type Hint } from './hints';
import type { SpanRow, TraceModel } from './model';
import { loadSpan } from './panel/load';
import type { TraceSource } from './source';
import type { TreeNode } from './tree';

const atOnce = 4;

/** Arguments that are fetched to tell a loop from work, at most. */
const looks = 8;

export function Hints({ source, model, nodes, onSpan }: { source: TraceSource; model: TraceModel; nodes: readonly TreeNode[]; onSpan(id: string): void }) {
  const loop = useLoop(source, model);
  const found = useMemo(() => findHints(model, nodes), [model, nodes]);
  // A loop says more than that its tool failed.
  const all = loop ? [...found.filter((h) => h.icon === 'error'), loop, ...found.filter((h) => h.icon !== 'error')] : found;
  if (all.length === 0) return null;
  const chip = (h: Hint, then?: () => void) => (
    <button
      key={h.text} type="button" class={'hint-chip ' + (h.kind ?? '')} title={h.text}
      onClick={() => {
        then?.();
        onSpan(h.span);
      }}
    >
      <Icon name={h.icon} size={14} /><span class="ellipsis">{h.text}</span>
    </button>
  );
  return (
    <div class="hints" role="group" aria-label="Worth a look">
      {all.slice(0, atOnce).map((h) => chip(h))}
      {all.length > atOnce && <Popover small text={`${all.length - atOnce} more`} label="More hints">{(close) => <div class="stack">{all.slice(atOnce).map((h) => chip(h, close))}</div>}</Popover>}
    </div>
  );
}

/** Whether the most suspicious repeat has the same arguments again and again; the spans are fetched once. */
function useLoop(source: TraceSource, model: TraceModel): Hint | null {
  const [hint, setHint] = useState<Hint | null>(null);
  const suspect = useMemo(() => repeats(model.rows)[0], [model.rows]);
  const ids = suspect?.spans.slice(0, looks).map((s) => s.id).join(' ') ?? '';
  useEffect(() => {
    if (!suspect || !source.content) return setHint(null);
    const abort = new AbortController();
    const input = (row: SpanRow) => loadSpan(source, row, abort.signal).then((s) => (s.input == null ? undefined : JSON.stringify(s.input)), () => undefined);
    Promise.all(suspect.spans.slice(0, looks).map(input))
      .then((inputs) => { if (!abort.signal.aborted) setHint(loopHint(suspect, inputs)); });
    return () => abort.abort();
  }, [source.key, ids]);
  return hint;
}
