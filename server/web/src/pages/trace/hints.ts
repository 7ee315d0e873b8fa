// What is worth a look in a trace, found in its rows: an experienced reader would see it too, after a minute of scrolling.
import { duration, percent, plural } from '../../lib/format';
import type { IconName } from '../../ui/icon';
import type { SpanRow, TraceModel } from './model';
import type { TreeNode } from './tree';

export interface Hint {
  icon: IconName;
  text: string;
  /** To select. */
  span: string;
  kind?: 'error' | 'warn';
}

/** The same tool several times in a row: a loop if the arguments are the same too, which the skeleton does not say. */
export interface Repeat { name: string; spans: SpanRow[]; failed: number }

const least = 3;

/** Most pressing first. nodes are those of the model. */
export function findHints(model: TraceModel, nodes: readonly TreeNode[]): Hint[] {
  const leaves = nodes.filter((n) => n.row !== null && n.children === 0 && !n.row.event).sort((a, b) => a.from - b.from);
  return [...failure(nodes), ...retries(model.rows), ...idle(model, leaves), ...slowest(model, leaves), ...strays(nodes)];
}

/** The failure that the others followed from: the first to end of those with none below them. */
function failure(nodes: readonly TreeNode[]): Hint[] {
  let first: TreeNode | undefined;
  let count = 0;
  for (const n of nodes) {
    if (n.row?.status !== 'error') continue;
    count++;
    if (n.errors === 0 && (!first || n.to < first.to)) first = n;
  }
  if (!first?.row) return [];
  return [{ icon: 'error', kind: 'error', span: first.key, text: `${count > 1 ? `First of ${count} failures` : 'Failed'}: ${first.row.name}` }];
}

/** Runs of calls of one tool, in order of start, with no other tool between them; at least three calls. */
export function repeats(rows: readonly SpanRow[]): Repeat[] {
  const out: Repeat[] = [];
  let now: Repeat | undefined;
  for (const r of rows) {
    if (r.kind !== 'tool') continue;
    if (!now || now.name !== r.name) out.push(now = { name: r.name, spans: [], failed: 0 });
    now.spans.push(r);
    if (r.status === 'error') now.failed++;
  }
  return out.filter((x) => x.spans.length >= least).sort((a, b) => b.failed - a.failed || b.spans.length - a.spans.length);
}

function retries(rows: readonly SpanRow[]): Hint[] {
  const worst = repeats(rows)[0];
  if (!worst || worst.failed < 2) return [];
  const last = worst.spans[worst.spans.length - 1]!;
  const end = last.status === 'success' ? 'then worked' : last.status === 'error' ? 'and never worked' : 'and is trying again';
  return [{ icon: 'loop', kind: 'warn', span: worst.spans[0]!.id, text: `${worst.name} failed ${worst.failed}×, ${end}` }];
}

/** What a repeat is, once its arguments are known, in order; undefined for those that were not asked for. null: nothing to say. */
export function loopHint(repeat: Repeat, inputs: readonly (string | undefined)[]): Hint | null {
  let best = 1;
  let at = 0;
  for (let i = 1, run = 1; i < inputs.length; i++) {
    run = inputs[i] !== undefined && inputs[i] === inputs[i - 1] ? run + 1 : 1;
    if (run > best) {
      best = run;
      at = i - run + 1;
    }
  }
  if (best < least) return null;
  const all = best === inputs.length && repeat.spans.length > best;
  return { icon: 'loop', kind: 'warn', span: repeat.spans[at]!.id, text: `${repeat.name} with the same arguments ×${best}${all ? ` (of ${repeat.spans.length} calls)` : ''}` };
}

/** The longest time in which nothing ran that does work by itself, if it is long. */
function idle(model: TraceModel, leaves: readonly TreeNode[]): Hint[] {
  const total = model.trace.duration_ns;
  let before: TreeNode | undefined;
  let found: { gap: number; a: TreeNode; b: TreeNode } | undefined;
  for (const n of leaves) {
    if (before && before.to >= 0 && n.from - before.to > (found?.gap ?? 0)) found = { gap: n.from - before.to, a: before, b: n };
    if (!before || before.to >= 0 && (n.to < 0 || n.to > before.to)) before = n;
  }
  if (!found || found.gap <= 1e9 || found.gap <= total * 0.1) return [];
  return [{ icon: 'idle', kind: 'warn', span: found.b.key, text: `${duration(found.gap)} idle between ${found.a.row!.name} and ${found.b.row!.name}` }];
}

/** Who took most of the time: one span, or all of one name. */
function slowest(model: TraceModel, leaves: readonly TreeNode[]): Hint[] {
  const total = model.trace.duration_ns;
  if (leaves.length < 3 || !(total > 0)) return [];
  const names = new Map<string, { sum: number; count: number; longest: TreeNode }>(); // by name alone: two types of one name are rare
  let longest = leaves[0]!;
  const took = (n: TreeNode) => (n.to < 0 ? 0 : n.to - n.from);
  for (const n of leaves) {
    if (took(n) > took(longest)) longest = n;
    const { name } = n.row!;
    const g = names.get(name);
    if (!g) names.set(name, { sum: took(n), count: 1, longest: n });
    else {
      g.sum += took(n);
      g.count++;
      if (took(n) > took(g.longest)) g.longest = n;
    }
  }
  if (took(longest) >= total * 0.5) return [{ icon: 'clock', span: longest.key, text: `${share(took(longest), total)} of the time in ${longest.row!.name}` }];
  for (const g of names.values()) {
    // More than the whole: they ran beside each other, so a share means nothing.
    if (g.count > 1 && g.sum >= total * 0.6 && g.sum <= total) {
      return [{ icon: 'clock', span: g.longest.key, text: `${share(g.sum, total)} of the time in ${g.longest.row!.name} ×${g.count}` }];
    }
  }
  return [];
}

const share = (part: number, whole: number) => percent(Math.round(part / whole * 100) / 100);

function strays(nodes: readonly TreeNode[]): Hint[] {
  const out: Hint[] = [];
  const lost = nodes.find((n) => n.group === 'lost');
  const first = lost && nodes[nodes.indexOf(lost) + 1];
  if (first) out.push({ icon: 'link', kind: 'warn', span: first.key, text: `${plural(lost.children, 'span')} whose parent never arrived` });
  const outside = nodes.filter((n) => n.outside);
  if (outside[0]) out.push({ icon: 'clock', span: outside[0].key, text: `${plural(outside.length, 'span')} outside of the parent's time` });
  const clock = nodes.filter((n) => n.row?.clock);
  if (clock[0]) out.push({ icon: 'clock', span: clock[0].key, text: `${plural(clock.length, 'start')} corrected` });
  return out;
}

/** What each call of a model was given, in order: a context that grows is seen at once. */
export const contexts = (rows: readonly SpanRow[]) => rows.filter((r) => r.kind === 'model' && r.tokens && r.tokens.input > 0);
