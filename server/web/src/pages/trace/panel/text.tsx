// A text that somebody wrote: with its marks in sight, folded where it is long, as Markdown if the reader likes.
import { computed, signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { query } from '../../../app/router';
import { count, plural } from '../../../lib/format';
import { parsed } from './chat';
import { Json } from './json';
import { markdown, type Block, type Inline } from './markdown';
import { pieces } from './marks';
import { fold } from './rows';

const key = 'tailrace.plain';

/** Whether texts are shown as they are. */
export const plain = signal(typeof localStorage !== 'undefined' && localStorage.getItem(key) === 'yes');

export function setPlain(yes: boolean) {
  plain.value = yes;
  if (yes) localStorage.setItem(key, 'yes');
  else localStorage.removeItem(key);
}

/** What is looked for in the page, which texts point out. */
export const sought = computed(() => query.value.get('find')?.trim() ?? '');

/** Text with the marks that redaction and limits have left, and with what is looked for. */
export function Marked({ text }: { text: string }) {
  const all = pieces(text, sought.value);
  if (all.length === 1 && !all[0]!.kind) return <>{text}</>;
  return <>{all.map(({ text, kind }, i) => (kind === 'left' ? <span key={i} class="taken" title="Not what the program said: taken out or cut off on the way">{text}</span> : kind ? <mark key={i}>{text}</mark> : text))}</>;
}

/** The most that is laid out at once; beyond it a browser begins to stand still. */
const most = 100_000;

export function Text({ text, lines = 20 }: { text: string; lines?: number }) {
  const inside = useMemo(() => parsed(text), [text]);
  if (typeof inside !== 'string') return plain.value ? <Folded text={text} lines={lines}>{(t) => <pre><Marked text={t} /></pre>}</Folded> : <Json value={inside} label="JSON in a text" first={40} />;
  return <Folded text={text} lines={lines}>{(t) => (plain.value ? <pre><Marked text={t} /></pre> : <Markdown text={t} />)}</Folded>;
}

/** The first lines, and a button for the others. */
export function Folded({ text, lines, children }: { text: string; lines: number; children: (text: string) => ComponentChildren }) {
  const [shown, setShown] = useState(0);
  const { head, rest } = useMemo(() => (shown ? { head: text.slice(0, shown), rest: text.length - shown } : fold(text, lines)), [text, lines, shown]);
  return (
    <>
      {children(head)}
      {rest > 0 && <button type="button" class="more" onClick={() => setShown(head.length + most)}>Show {rest > most ? `${count(most)} more characters of ${count(rest)}` : `all, ${plural(rest, 'more character')}`}</button>}
      {shown > 0 && <button type="button" class="more" onClick={() => setShown(0)}>Show less</button>}
    </>
  );
}

function Markdown({ text }: { text: string }) {
  const tree = useMemo(() => markdown(text), [text]);
  return <div class="markdown">{tree.map(block)}</div>;
}

function block(b: Block, i: number): ComponentChildren {
  switch (b.t) {
    case 'p': return <p key={i}>{b.c.map(inline)}</p>;
    case 'h': return <p key={i} class="heading" role="heading" aria-level={Math.min(b.level + 3, 6)}>{b.c.map(inline)}</p>;
    case 'pre': return <pre key={i} class="code" tabIndex={0}><Marked text={b.s} /></pre>;
    case 'quote': return <blockquote key={i}>{b.c.map(block)}</blockquote>;
    case 'hr': return <hr key={i} />;
    case 'list': {
      const items = b.items.map((c, j) => <li key={j}>{c.map(block)}</li>);
      return b.start === null ? <ul key={i}>{items}</ul> : <ol key={i} start={b.start}>{items}</ol>;
    }
    case 'table': {
      const [head, ...rows] = b.rows;
      return (
        <div key={i} class="table-wrap" tabIndex={0}>
          <table class="table">
            <thead><tr>{head!.map((c, j) => <th key={j}>{c.map(inline)}</th>)}</tr></thead>
            <tbody>{rows.map((r, k) => <tr key={k}>{r.map((c, j) => <td key={j}>{c.map(inline)}</td>)}</tr>)}</tbody>
          </table>
        </div>
      );
    }
  }
}

function inline(x: Inline, i: number): ComponentChildren {
  if (typeof x === 'string') return <Marked key={i} text={x} />;
  if (x.t === 'code') return <code key={i}><Marked text={x.s} /></code>;
  const c = x.c.map(inline);
  if (x.t === 'a') return <a key={i} href={x.href} target="_blank" rel="noreferrer noopener" title={x.href}>{c}</a>;
  return x.t === 'em' ? <em key={i}>{c}</em> : x.t === 'del' ? <del key={i}>{c}</del> : <strong key={i}>{c}</strong>;
}
