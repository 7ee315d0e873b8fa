// What is new in a call of a model: the messages that the call before did not have. In a long conversation each call
// repeats all that was said, and what matters are the last two messages, or the one that was changed on the way.
import { diffLines, inner } from '../../compare/diff';
import type { SpanRow, TraceModel } from '../model';
import type { Message } from './chat';

export type Entry =
  | { op: 'same' | 'added' | 'dropped'; messages: Message[] }
  | { op: 'edited'; before: Message; after: Message };

/** Says how one list of messages became another, in runs, in the order of the later one. */
export function delta(before: Message[], after: Message[]): Entry[] {
  const entries: Entry[] = [];
  let dropped: Message[] = [];
  let added: Message[] = [];
  const add = (op: 'same' | 'added' | 'dropped', messages: Message[]) => {
    const last = entries[entries.length - 1];
    if (last && last.op === op) (last as { messages: Message[] }).messages.push(...messages);
    else if (messages.length) entries.push({ op, messages });
  };
  const settle = () => {
    for (const m of added) {
      const i = dropped.findIndex((d) => alike(d, m));
      if (i < 0) { add('added', [m]); continue; }
      add('dropped', dropped.splice(0, i));
      entries.push({ op: 'edited', before: dropped.shift()!, after: m });
    }
    // Before what was added: that is where it was.
    const at = entries.length - (entries[entries.length - 1]?.op === 'added' ? 1 : 0);
    if (dropped.length) entries.splice(at, 0, { op: 'dropped', messages: dropped });
    dropped = [];
    added = [];
  };
  let i = 0;
  let j = 0;
  for (const { kind } of diffLines(before.map(canonical), after.map(canonical))) {
    if (kind === '-') dropped.push(before[i++]!);
    else if (kind === '+') added.push(after[j++]!);
    else { settle(); add('same', [after[j]!]); i++; j++; }
  }
  settle();
  return entries;
}

/** Whether one message is another with changes: a system prompt always is, others if half of their text is the same. */
function alike(a: Message, b: Message): boolean {
  if (a.role !== b.role) return false;
  if (a.role === 'system') return true;
  const [x, y] = [canonical(a), canonical(b)];
  const same = inner(x, y);
  return same !== null && (same.head + same.tail) * 2 > Math.max(x.length, y.length) + 60; // beyond what all messages have
}

/** JSON in which the order of keys says nothing. */
export const canonical = (v: unknown): string => JSON.stringify(v, (_, x: unknown) =>
  x && typeof x === 'object' && !Array.isArray(x) ? Object.fromEntries(Object.entries(x).sort(([a], [b]) => (a < b ? -1 : 1))) : x) ?? '';

/** The calls of a model that came before one in the same run of an agent, the latest first. */
export function earlierCalls(model: TraceModel, span: SpanRow): SpanRow[] {
  if (span.kind !== 'model' && span.kind !== 'step') return [];
  const agent = agentOf(model, span);
  return model.rows.filter((r) => r.type === span.type && r.id !== span.id && r.start < span.start
    && (r.parentId === span.parentId || agent !== undefined && agentOf(model, r) === agent)).reverse();
}

function agentOf(model: TraceModel, span: SpanRow): string | undefined {
  const seen = new Set<string>(); // parents may go in circles: ids are what somebody sent
  for (let at = model.byId.get(span.parentId); at && !seen.has(at.id); at = model.byId.get(at.parentId)) {
    if (at.kind === 'agent') return at.id;
    seen.add(at.id);
  }
  return undefined;
}
