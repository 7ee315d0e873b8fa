// What is different about two runs beside their steps: what they were told, and by whom.
import type { FullSpan } from '../../api.gen';

export interface Difference {
  name: string;
  /** '' for the run itself, else the step that says it. */
  where: string;
  a: string;
  b: string;
}

const scalar = (v: unknown) => (v === undefined ? '' : typeof v === 'string' ? v : JSON.stringify(v));

/** The members of an object as text, those of objects in it under both names. */
function flat(value: unknown, prefix = '', out = new Map<string, string>(), depth = 0): Map<string, string> {
  if (typeof value !== 'object' || value === null) return out;
  for (const [k, v] of Object.entries(value)) {
    if (typeof v === 'object' && v !== null && !Array.isArray(v) && depth < 3) flat(v, prefix + k + '.', out, depth + 1);
    else out.set(prefix + k, scalar(v));
  }
  return out;
}

/** The members that are not the same in both. Those that name one thing alone, such as requestId, come last. */
export function differences(a: unknown, b: unknown, where = ''): Difference[] {
  const [x, y] = [flat(a), flat(b)];
  const names = [...new Set([...x.keys(), ...y.keys()])];
  const out = names.filter((n) => x.get(n) !== y.get(n)).map((name) => ({ name, where, a: x.get(name) ?? '', b: y.get(name) ?? '' }));
  const one = (d: Difference) => Number(/(id|at|time|timestamp)$/i.test(d.name));
  return out.sort((p, q) => one(p) - one(q));
}

/** What is in one list alone: "gone" and "come". */
export function only(a: readonly string[], b: readonly string[]): { a: string[]; b: string[] } {
  const [x, y] = [new Set(a), new Set(b)];
  return { a: [...x].filter((v) => v && !y.has(v)), b: [...y].filter((v) => v && !x.has(v)) };
}

/** How the steps were set up. The same difference at several steps is said once. */
export function ofSpans(pairs: readonly (readonly [FullSpan, FullSpan])[]): Difference[] {
  const seen = new Set<string>();
  return pairs.flatMap(([a, b], i) => differences({ ...object(a.metadata), ...parameters(a) }, { ...object(b.metadata), ...parameters(b) }, i ? a.name : '')).filter((d) => {
    const key = JSON.stringify([d.name, d.a, d.b]);
    return !seen.has(key) && seen.add(key);
  });
}

const object = (v: unknown) => (typeof v === 'object' && v !== null && !Array.isArray(v) ? v : {});

/** Of the attributes what a person sets: what a model is told and how it is set, not its usage. */
const parameters = (s: FullSpan) => {
  const { parameters: set, provider, instructions } = object(s.attributes) as { parameters?: unknown; provider?: unknown; instructions?: unknown };
  return { ...(instructions ? { instructions } : {}), parameters: object(set), ...(provider ? { provider } : {}) };
};

const most = 120;
const around = 24;

/** Of two texts that are long, what there is from shortly before the place where they begin to differ. */
export function apart(a: string, b: string): [string, string] {
  let at = 0;
  if (Math.max(a.length, b.length) > most) while (at < Math.min(a.length, b.length) && a[at] === b[at]) at++;
  const from = at > around ? a.indexOf(' ', at - around) + 1 || at : 0;
  const cut = (t: string) => (from && t ? '…' : '') + t.slice(from, from + most) + (t.length > from + most ? '…' : '');
  return [cut(a), cut(b)];
}
