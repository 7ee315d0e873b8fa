// The rows of a trace as a tree, flattened: a list in the order in which it is read, where each node knows its depth and where
// its subtree ends. Everything is a loop; a trace 50,000 levels deep is no deeper than its list is long.
import type { SpanRow } from './model';

export interface TreeNode {
  /** The span's id, or the name of a group. Stays the same while a trace grows, but for equal ids no two share one. */
  key: string;
  /** null for a group that was made here. */
  row: SpanRow | null;
  /** What a group says; '' for a span. */
  group: '' | 'fold' | 'lost';
  /** A member that stands for all of a folded group. */
  like: SpanRow | null;
  depth: number;
  /** Position of the parent; -1 for none. */
  parent: number;
  /** Position behind the last descendant. */
  end: number;
  /** Spans below. */
  spans: number;
  /** Failed spans below. */
  errors: number;
  /** Children that are shown under it. */
  children: number;
  /** ns after the start of the trace; of a group, from the first start to the last end of its members. to is -1 while it runs. */
  from: number;
  to: number;
  /** It begins before its parent, or ends after it, by more than clocks are off by within one machine. */
  outside: boolean;
}

/** So many equal siblings are shown one by one; more fold to one line. */
export const foldAbove = 20;

/** Times are often sent in whole milliseconds. */
const slack = 1e6;

const isRoot = -1;
const isLost = -2;

/** The nodes of a trace in order. Rows with an id that came before are left out; a circle of parents is cut at its earliest span. */
export function buildTree(input: readonly SpanRow[]): TreeNode[] {
  const rows = distinct(input);
  const parent = parents(rows);
  const n = rows.length;
  const first = new Int32Array(n).fill(-1);
  const next = new Int32Array(n).fill(-1);
  const roots: number[] = [];
  const lost: number[] = [];
  for (let i = n - 1; i >= 0; i--) {
    const p = parent[i]!;
    if (p === isRoot) roots.push(i);
    else if (p === isLost) lost.push(i);
    else {
      next[i] = first[p]!;
      first[p] = i;
    }
  }

  // What is being written: the list of one parent's children, how far it is, and below what. An item is the number of a row,
  // or -1 - the number of a group.
  interface Frame { items: ArrayLike<number>; next: number; depth: number; parent: number }
  const nodes: TreeNode[] = [];
  const groups: { key: string; group: 'fold' | 'lost'; members: number[] }[] = [];
  const fold = folder(rows, (key, members) => -groups.push({ key, group: 'fold', members }));
  const write = (row: SpanRow | null, key: string, group: TreeNode['group'], like: SpanRow | null, depth: number, parent: number) => nodes.push({
    key, row, group, like, depth, parent, end: nodes.length + 1, spans: 0, errors: 0, children: 0,
    from: row ? row.start : Infinity, to: row ? (row.dur < 0 ? -1 : row.start + row.dur) : 0, outside: false,
  });
  const top = fold(roots.reverse(), '');
  if (lost.length > 0) top.push(-groups.push({ key: '\0lost', group: 'lost', members: lost.reverse() }));
  const stack: Frame[] = [{ items: top, next: 0, depth: 0, parent: -1 }];
  for (let f = stack[0]; f; f = stack[stack.length - 1]) {
    if (f.next === f.items.length) {
      stack.pop();
      continue;
    }
    const i = f.items[f.next++]!;
    const at = nodes.length;
    if (i < 0) {
      const g = groups[-1 - i]!;
      write(null, g.key, g.group, g.group === 'fold' ? rows[g.members[0]!]! : null, f.depth, f.parent);
      stack.push({ items: g.group === 'fold' ? g.members : fold(g.members, g.key), next: 0, depth: f.depth + 1, parent: at });
      continue;
    }
    const row = rows[i]!;
    write(row, row.id, '', null, f.depth, f.parent);
    if (first[i]! < 0) continue;
    const members: number[] = [];
    for (let c = first[i]!; c >= 0; c = next[c]!) members.push(c);
    stack.push({ items: fold(members, row.id), next: 0, depth: f.depth + 1, parent: at });
  }
  sum(nodes);
  return nodes;
}

/** Puts a group in place of siblings that are equal and too many. add makes the item that stands for one. */
function folder(rows: readonly SpanRow[], add: (key: string, members: number[]) => number) {
  // Texts of a trace are few and shared: their numbers make cheap keys.
  const numbers = new Map<string, number>();
  const number = (text: string) => {
    let n = numbers.get(text);
    if (n === undefined) numbers.set(text, n = numbers.size);
    return n;
  };
  const alike = (i: number) => number(rows[i]!.name) * 0x200000 + number(rows[i]!.type);
  return (members: number[], under: string): number[] => {
    if (members.length <= foldAbove) return members;
    const kinds = new Map<number, number[]>();
    for (const i of members) {
      const like = alike(i);
      const same = kinds.get(like);
      if (same) same.push(i);
      else kinds.set(like, [i]);
    }
    if (kinds.size > members.length - foldAbove) return members;
    const items: number[] = [];
    for (const i of members) {
      const same = kinds.get(alike(i))!;
      if (same.length <= foldAbove) items.push(i);
      else if (same[0] === i) items.push(add(under + '\0' + rows[i]!.type + '\0' + rows[i]!.name, same));
    }
    return items;
  };
}

/** Adds up from the last node to the first: each comes before all that is below it. */
function sum(nodes: TreeNode[]) {
  for (let at = nodes.length - 1; at >= 0; at--) {
    const node = nodes[at]!;
    if (node.parent < 0) continue;
    const up = nodes[node.parent]!;
    if (node.end > up.end) up.end = node.end;
    up.children++;
    up.spans += node.spans + (node.row ? 1 : 0);
    up.errors += node.errors + (node.row?.status === 'error' ? 1 : 0);
    if (!up.row) {
      if (node.from < up.from) up.from = node.from;
      up.to = up.to < 0 || node.to < 0 ? -1 : Math.max(up.to, node.to);
    }
  }
  for (const node of nodes) {
    let up = nodes[node.parent];
    if (up?.group === 'fold') up = nodes[up.parent];
    if (node.row && up?.row) node.outside = node.from < up.from - slack || up.to >= 0 && node.to > up.to + slack;
  }
}

function distinct(rows: readonly SpanRow[]): readonly SpanRow[] {
  const seen = new Set<string>();
  let sorted = true;
  let last = -Infinity;
  for (const r of rows) {
    seen.add(r.id);
    if (r.start < last) sorted = false;
    last = r.start;
  }
  if (seen.size < rows.length) {
    seen.clear();
    rows = rows.filter((r) => !seen.has(r.id) && seen.add(r.id));
  }
  return sorted ? rows : rows.slice().sort((a, b) => a.start - b.start);
}

/** The number of each row's parent, isRoot or isLost. */
function parents(rows: readonly SpanRow[]): Int32Array {
  const at = new Map<string, number>();
  rows.forEach((r, i) => at.set(r.id, i));
  const parent = Int32Array.from(rows, (r) => (r.parentId === '' ? isRoot : at.get(r.parentId) ?? isLost));
  const walk = new Int32Array(rows.length); // in which walk upwards a row was met
  for (let i = 0; i < rows.length; i++) {
    let up = i;
    while (up >= 0 && walk[up] === 0) {
      walk[up] = i + 1;
      up = parent[up]!;
    }
    if (up < 0 || walk[up] !== i + 1) continue;
    let earliest = up;
    for (let c = parent[up]!; c !== up; c = parent[c]!) earliest = Math.min(earliest, c);
    parent[earliest] = isRoot;
  }
  return parent;
}

/** Whether a node shows its children. Folded groups are closed until somebody opens them, everything else is open. */
export const isOpen = (node: TreeNode, toggled: ReadonlySet<string>) => (node.group === 'fold') === toggled.has(node.key);

/** The positions of the nodes that are in sight, in order. keep, if given, hides those for which it is 0, whatever is open. */
export function visible(nodes: readonly TreeNode[], toggled: ReadonlySet<string>, keep?: Uint8Array): Int32Array {
  const out = new Int32Array(nodes.length);
  let n = 0;
  for (let at = 0; at < nodes.length;) {
    const node = nodes[at]!;
    if (keep) {
      if (keep[at]) out[n++] = at;
      at = keep[at] ? at + 1 : node.end;
    } else {
      out[n++] = at;
      at = node.children === 0 || isOpen(node, toggled) ? at + 1 : node.end;
    }
  }
  return out.subarray(0, n);
}

/** 1 for each node that fails or has a failure below it. */
export const failing = (nodes: readonly TreeNode[]) => Uint8Array.from(nodes, (n) => (n.errors > 0 || n.row?.status === 'error' ? 1 : 0));

/** toggled with all that is above a node opened, so that the node is in sight. */
export function reveal(nodes: readonly TreeNode[], toggled: ReadonlySet<string>, at: number): ReadonlySet<string> {
  let next: Set<string> | undefined;
  for (let up = nodes[at]?.parent ?? -1; up >= 0; up = nodes[up]!.parent) {
    const node = nodes[up]!;
    if (!isOpen(node, next ?? toggled)) toggle(next ??= new Set(toggled), node.key);
  }
  return next ?? toggled;
}

export const toggle = (set: Set<string>, key: string) => { if (!set.delete(key)) set.add(key); };

/** All closed, or all open. */
export function toggleAll(nodes: readonly TreeNode[], open: boolean): ReadonlySet<string> {
  const next = new Set<string>();
  for (const n of nodes) if (n.children > 0 && (n.group === 'fold') === open && (open || n.depth > 0 || n.group !== '')) next.add(n.key);
  return next;
}
