// Two runs of the same program, step by step. Steps belong together by where they are: below steps that belong together, of
// the same name and type, the first to the first, the second to the second. Everything is a loop: traces may be deep.
import type { SpanRow } from '../trace/model';

export interface Step {
  /** null: only in the other. */
  a: SpanRow | null;
  b: SpanRow | null;
  depth: number;
}

interface Node { row: SpanRow; children: Node[] }

/** The steps of both in the order of the first, those of the second alone where they are in the second. */
export function align(a: readonly SpanRow[], b: readonly SpanRow[]): Step[] {
  const [left, right] = [forest(a), forest(b)];
  const partner = match(left, right);
  const taken = new Set(partner.values());
  const steps: Step[] = [];
  const written = new Set<Node>();
  const work: [Node | null, Node | null, number][] = [];
  // Children are laid on the stack last first, so that they come off in order.
  const plan = (as: readonly Node[], bs: readonly Node[], depth: number) => {
    for (const pair of merge(as, bs, partner, taken).reverse()) work.push([...pair, depth]);
  };
  plan(left, right, 0);
  for (let next = work.pop(); next; next = work.pop()) {
    const [x, y, depth] = next;
    if ((x && written.has(x)) || (y && written.has(y))) continue;
    if (x) written.add(x);
    if (y) written.add(y);
    steps.push({ a: x?.row ?? null, b: y?.row ?? null, depth });
    plan(x?.children ?? [], y?.children ?? [], depth + 1);
  }
  return steps;
}

/** Siblings of both in one list: before a pair come those that stand before its half in the second alone. */
function merge(as: readonly Node[], bs: readonly Node[], partner: Map<Node, Node>, taken: Set<Node>): [Node | null, Node | null][] {
  const out: [Node | null, Node | null][] = [];
  const place = new Map(bs.map((n, i) => [n, i]));
  let at = 0;
  const upTo = (end: number) => {
    for (; at < end; at++) if (!taken.has(bs[at]!)) out.push([null, bs[at]!]);
  };
  for (const x of as) {
    const y = partner.get(x) ?? null;
    const found = y && place.get(y);
    if (found != null) upTo(found);
    out.push([x, y]);
  }
  upTo(bs.length);
  return out;
}

/** Which belongs to which, in three passes: by place and name, by name anywhere, by place and type. */
function match(left: readonly Node[], right: readonly Node[]): Map<Node, Node> {
  const partner = new Map<Node, Node>();
  const taken = new Set<Node>();
  const join = (x: Node, y: Node) => {
    partner.set(x, y);
    taken.add(y);
  };
  const byOrdinal = (as: readonly Node[], bs: readonly Node[], key: (r: SpanRow) => string) => {
    const waiting = new Map<string, Node[]>();
    for (const y of bs) {
      if (taken.has(y)) continue;
      const same = waiting.get(key(y.row));
      if (same) same.push(y);
      else waiting.set(key(y.row), [y]);
    }
    for (const list of waiting.values()) list.reverse();
    for (const x of as) {
      const y = partner.has(x) ? undefined : waiting.get(key(x.row))?.pop();
      if (y) join(x, y);
    }
  };
  const below = (key: (r: SpanRow) => string) => {
    const work: [readonly Node[], readonly Node[]][] = [[left, right]];
    for (let next = work.pop(); next; next = work.pop()) {
      byOrdinal(...next, key);
      for (const x of next[0]) {
        const y = partner.get(x);
        if (y) work.push([x.children, y.children]);
      }
    }
  };
  const named = (r: SpanRow) => r.type + '\0' + r.name;
  if (left.length === 1 && right.length === 1) join(left[0]!, right[0]!); // the runs themselves, whatever they are called
  below(named);
  byOrdinal(flat(left), flat(right), named);
  below((r) => r.type);
  return partner;
}

function flat(roots: readonly Node[]): Node[] {
  const out: Node[] = [];
  const work = [...roots].reverse();
  for (let n = work.pop(); n; n = work.pop()) {
    out.push(n);
    for (let i = n.children.length - 1; i >= 0; i--) work.push(n.children[i]!);
  }
  return out;
}

/** Rows, which are ordered by start, as trees. Whose parent is not there is a root; so is one of each circle. */
function forest(rows: readonly SpanRow[]): Node[] {
  const byId = new Map<string, Node>();
  for (const row of rows) if (!byId.has(row.id)) byId.set(row.id, { row, children: [] });
  const roots: Node[] = [];
  const parent = new Map<Node, Node>();
  for (const n of byId.values()) {
    const p = byId.get(n.row.parentId);
    if (!p || p === n) roots.push(n);
    else {
      parent.set(n, p);
      p.children.push(n);
    }
  }
  const reached = new Set(flat(roots));
  for (const n of byId.values()) {
    if (reached.has(n)) continue;
    const p = parent.get(n)!;
    p.children = p.children.filter((c) => c !== n); // the circle is cut here
    roots.push(n);
    for (const c of flat([n])) reached.add(c);
  }
  return roots;
}
