// What is new in a call of a model: the messages that the call before did not have. In a long conversation each call
// repeats all that was said, and what matters are the last two messages, or the one that was changed on the way.
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
  for (const op of align(before.map(canonical), after.map(canonical))) {
    if (op === '-') dropped.push(before[i++]!);
    else if (op === '+') added.push(after[j++]!);
    else { settle(); add('same', [after[j]!]); i++; j++; }
  }
  settle();
  return entries;
}

/** Whether one message is another with changes: a system prompt always is, others if half of their text is the same. */
function alike(a: Message, b: Message): boolean {
  if (a.role !== b.role) return false;
  if (a.role === 'system') return true;
  const x = canonical(a), y = canonical(b), most = Math.min(x.length, y.length);
  let start = 0, end = 0;
  while (start < most && x[start] === y[start]) start++;
  while (end < most - start && x[x.length - 1 - end] === y[y.length - 1 - end]) end++;
  return (start + end) * 2 > Math.max(x.length, y.length) + 60; // beyond what all messages have
}

/** JSON in which the order of keys says nothing. */
export const canonical = (v: unknown): string => JSON.stringify(v, (_, x: unknown) =>
  x && typeof x === 'object' && !Array.isArray(x) ? Object.fromEntries(Object.entries(x).sort(([a], [b]) => (a < b ? -1 : 1))) : x) ?? '';

/** How much is compared in full; beyond it everything counts as replaced. */
const most = 1e6;

/** The shortest way from a to b: '=' keeps a line of both, '-' takes one of a, '+' puts one of b. */
export function align(a: readonly string[], b: readonly string[]): string {
  let head = 0;
  let tail = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  return '='.repeat(head) + middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)) + '='.repeat(tail);
}

function middle(a: readonly string[], b: readonly string[]): string {
  const n = a.length;
  const m = b.length;
  if (!n || !m || n * m > most) return '-'.repeat(n) + '+'.repeat(m);
  // common[i][j]: lines that a from i on and b from j on have in common.
  const common = Array.from({ length: n + 1 }, () => new Uint32Array(m + 1));
  for (let i = n - 1; i >= 0; i--) for (let j = m - 1; j >= 0; j--) common[i]![j] = a[i] === b[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  let ops = '';
  let i = 0;
  let j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && a[i] === b[j]) { ops += '='; i++; j++; }
    else if (i < n && (j === m || common[i + 1]![j]! >= common[i]![j + 1]!)) { ops += '-'; i++; }
    else { ops += '+'; j++; }
  }
  return ops;
}

/** The lines of two texts, each with what became of it. */
export function lineDiff(before: string, after: string): { op: string; text: string }[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let i = 0;
  let j = 0;
  return [...align(a, b)].map((op) => (op === '-' ? { op, text: a[i++]! } : (i += op === '=' ? 1 : 0, { op, text: b[j++]! })));
}

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
