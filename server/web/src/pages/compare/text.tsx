// Two values beside each other, line by line.
import { useMemo, useState } from 'preact/hooks';
import { count } from '../../lib/format';
import { toLines } from '../../lib/lines';
import { Button } from '../../ui/button';
import { diffLines, folded, inner, sideBySide, type Side } from './diff';

type Pair = [Side | null, Side | null];

/** Rows that are made at once; more on demand. */
const page = 400;

export function Diff({ name, a, b }: { name: string; a: unknown; b: unknown }) {
  const [all, setAll] = useState(false);
  const [shown, setShown] = useState(page);
  const { rows, more, less } = useMemo(() => {
    const lines = (v: unknown) => (v === null || v === undefined ? [] : toLines(v));
    const changes = diffLines(lines(a), lines(b));
    return { rows: sideBySide(changes), more: changes.filter((c) => c.kind === '+').length, less: changes.filter((c) => c.kind === '-').length };
  }, [a, b]);
  if (!rows.length) return null;
  const same = more + less === 0;
  const list = all ? rows : folded<Pair>(rows, ([l, r]) => l !== r);
  return (
    <section class="diff" aria-label={name}>
      <header class="row">
        <h3>{name}</h3>
        <span class="muted">{same ? 'the same' : `${less ? `−${count(less)}` : ''} ${more ? `+${count(more)}` : ''} lines`}</span>
        {(list.length < rows.length || all) && <Button small look="quiet" onClick={() => setAll(!all)}>{all ? 'Only what differs' : 'All lines'}</Button>}
      </header>
      {(!same || all) && (
        <div class="diff-rows mono" role="table" aria-label={`${name}: A and B`}>
          {list.slice(0, shown).map((row, i) => (typeof row === 'number' ? <p key={i} class="diff-skip" role="row"><span role="cell">{count(row)} equal lines</span></p> : <Row key={i} row={row} />))}
          {list.length > shown && <Button small onClick={() => setShown(shown + 10 * page)}>{count(list.length - shown)} more lines</Button>}
        </div>
      )}
    </section>
  );
}

function Row({ row: [l, r] }: { row: Pair }) {
  const equal = l !== null && l === r;
  const part = l && r && !equal ? inner(l.text, r.text) : null;
  return <div class={equal ? 'diff-row' : 'diff-row changed'} role="row"><Half side={l} part={part} /><Half side={r} part={part} /></div>;
}

function Half({ side, part }: { side: Side | null; part: { head: number; tail: number } | null }) {
  if (!side) return <div class="half none" role="cell" />;
  const { kind, text } = side;
  const end = text.length - (part?.tail ?? 0);
  const marked = part ? <>{text.slice(0, part.head)}<mark>{text.slice(part.head, end)}</mark>{text.slice(end)}</> : text;
  return <div class={kind === '-' ? 'half gone' : kind === '+' ? 'half come' : 'half'} role="cell"><span class="sign">{kind === '-' ? '−' : kind}</span><span>{kind === ' ' ? text : marked}</span></div>;
}
