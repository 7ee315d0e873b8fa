// Looking for something inside a trace: names at once, what spans contain a moment later.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Button } from '../../ui/button';
import type { TraceSource } from './source';
import type { TreeNode } from './tree';

const pause = 250;
const shortest = 2;

export interface Found {
  /** Keys of the nodes, in order. */
  list: string[];
  set: ReadonlySet<string>;
  /** Whether contents are being searched. */
  busy: boolean;
  /** false: the server did not look at all of the trace. */
  done: boolean;
}

export const matches = (n: TreeNode, text: string) => {
  const r = n.row;
  return r !== null && (r.name.toLowerCase().includes(text) || r.type.includes(text) || r.model.toLowerCase().includes(text) || r.id.startsWith(text));
};

/** text is in lower case. */
export function useFind(source: TraceSource, nodes: readonly TreeNode[], text: string): Found {
  const [content, setContent] = useState<{ text: string; ids: ReadonlySet<string>; done: boolean }>({ text: '', ids: new Set(), done: true });
  const project = text.length >= shortest ? source.project : undefined;
  useEffect(() => {
    if (!project) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      project.find(text, abort.signal).then(
        (f) => setContent({ text, ids: new Set(f.spans), done: f.done }),
        () => { if (!abort.signal.aborted) setContent({ text, ids: new Set(), done: false }); },
      );
    }, pause);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text, source.key]);
  return useMemo(() => {
    const also = content.text === text ? content.ids : new Set<string>();
    const list = text === '' ? [] : nodes.filter((n) => matches(n, text) || also.has(n.key)).map((n) => n.key);
    return { list, set: new Set(list), busy: project !== undefined && content.text !== text, done: content.text !== text || content.done };
  }, [nodes, text, content]);
}

export function FindField({ text, onText, found, at, onStep, focus }: { text: string; onText(t: string): void; found: Found; at: number; onStep(by: number): void; focus: { current: () => void } }) {
  const ref = useRef<HTMLInputElement>(null);
  focus.current = () => {
    ref.current?.focus();
    ref.current?.select();
  };
  const n = found.list.length;
  return (
    <div class="find" role="search">
      <input
        ref={ref} type="search" aria-label="Find in this trace" placeholder="Find in this trace  /" value={text} spellcheck={false} autocomplete="off"
        onInput={(e) => onText(e.currentTarget.value)}
        onKeyDown={(e) => {
          if (e.key === 'Enter') {
            e.preventDefault();
            onStep(e.shiftKey ? -1 : 1);
          } else if (e.key === 'Escape') {
            e.preventDefault();
            if (text) onText('');
            ref.current!.blur();
          }
        }}
      />
      {text && (
        <>
          <span class="find-count muted" role="status" title={found.done ? undefined : 'The trace is too large to be searched whole'}>
            {n ? `${at >= 0 ? at + 1 + '/' : ''}${n}${found.done ? '' : '+'}` : found.busy ? '…' : 'none'}
          </span>
          <Button small look="quiet" icon="up" label="Previous match (N)" disabled={!n} onClick={() => onStep(-1)} />
          <Button small look="quiet" icon="down" label="Next match (n)" disabled={!n} onClick={() => onStep(1)} />
        </>
      )}
    </div>
  );
}
