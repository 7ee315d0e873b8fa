// Where two texts differ, by lines. E. W. Myers, An O(ND) Difference Algorithm and Its Variations, 1986.

export interface Change {
  /** ' ' is in both. */
  kind: ' ' | '-' | '+';
  text: string;
}

/** More differences than this are not looked for: then all of one side is gone and all of the other is new. Memory grows with its square. */
const most = 1000;

/** How to make the second of the first, with as few lines as can be taken away or added. Equal ends cost nothing. */
export function diffLines(a: readonly string[], b: readonly string[]): Change[] {
  let from = 0;
  while (from < a.length && from < b.length && a[from] === b[from]) from++;
  let [endA, endB] = [a.length, b.length];
  while (endA > from && endB > from && a[endA - 1] === b[endB - 1]) { endA--; endB--; }
  const same = (lines: readonly string[]) => lines.map((text): Change => ({ kind: ' ', text }));
  return [...same(a.slice(0, from)), ...middle(a.slice(from, endA), b.slice(from, endB)), ...same(a.slice(endA))];
}

function middle(a: readonly string[], b: readonly string[]): Change[] {
  const all = () => [...a.map((text): Change => ({ kind: '-', text })), ...b.map((text): Change => ({ kind: '+', text }))];
  if (!a.length || !b.length) return all();
  const paths = search(a, b);
  if (!paths) return all();
  // Back from the end, as the furthest path of each count of differences says.
  const out: Change[] = [];
  let [x, y] = [a.length, b.length];
  for (let d = paths.length - 1; d >= 0; d--) {
    const k = x - y;
    const v = paths[d]!;
    const down = k === -d || (k !== d && v[k - 1 + d]! < v[k + 1 + d]!);
    const before = d === 0 ? 0 : down ? v[k + 1 + d]! : v[k - 1 + d]!;
    const start = d === 0 ? 0 : down ? before : before + 1;
    while (x > start) { out.push({ kind: ' ', text: a[--x]! }); y--; }
    if (d === 0) break;
    if (down) out.push({ kind: '+', text: b[--y]! });
    else out.push({ kind: '-', text: a[--x]! });
  }
  return out.reverse();
}

/** For each count of differences d, how far along a each diagonal was before it, at [k + d]; null: too many. */
function search(a: readonly string[], b: readonly string[]): Int32Array[] | null {
  const limit = Math.min(most, a.length + b.length);
  const v = new Int32Array(2 * limit + 3);
  const mid = limit + 1;
  const paths: Int32Array[] = [];
  for (let d = 0; d <= limit; d++) {
    paths.push(v.slice(mid - d, mid + d + 1));
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && v[mid + k - 1]! < v[mid + k + 1]!) ? v[mid + k + 1]! : v[mid + k - 1]! + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      v[mid + k] = x;
      if (x >= a.length && x - k >= b.length) return paths;
    }
  }
  return null;
}

export interface Side { kind: ' ' | '-' | '+'; text: string }

/** Two columns: what was taken away beside what came in its place; null where there is nothing. */
export function sideBySide(changes: readonly Change[]): [Side | null, Side | null][] {
  const out: [Side | null, Side | null][] = [];
  for (let i = 0; i < changes.length;) {
    const c = changes[i]!;
    if (c.kind === ' ') {
      out.push([c, c]);
      i++;
      continue;
    }
    const [gone, come]: [Change[], Change[]] = [[], []];
    for (; i < changes.length && changes[i]!.kind !== ' '; i++) (changes[i]!.kind === '-' ? gone : come).push(changes[i]!);
    for (let n = 0; n < Math.max(gone.length, come.length); n++) out.push([gone[n] ?? null, come[n] ?? null]);
  }
  return out;
}

/** Where one line differs from the other: how much of their beginning and of their end is the same, in whole words; null: too little of them is. */
export function inner(a: string, b: string): { head: number; tail: number } | null {
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const word = (text: string, at: number) => /\w/.test(text[at - 1] ?? '') && /\w/.test(text[at] ?? '');
  while (head > 0 && (word(a, head) || word(b, head))) head--;
  while (tail > 0 && (word(a, a.length - tail) || word(b, b.length - tail))) tail--;
  return (a.slice(0, head) + a.slice(a.length - tail)).trim().length * 3 < shorter ? null : { head, tail };
}

/** Rows, and how many equal ones were left out in a place: those far from any change. */
export function folded<T>(rows: readonly T[], changedAt: (row: T) => boolean, around = 3): (T | number)[] {
  const near = new Uint8Array(rows.length);
  rows.forEach((row, i) => { if (changedAt(row)) near.fill(1, Math.max(0, i - around), i + around + 1); });
  const out: (T | number)[] = [];
  for (let i = 0; i < rows.length;) {
    let end = i;
    while (end < rows.length && !near[end]) end++;
    // One line is no less than the line that would say that it is not there.
    if (end - i > 1) out.push(end - i);
    else end = i + 1, out.push(rows[i]!);
    i = end;
  }
  return out;
}
