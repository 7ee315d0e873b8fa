// What the tests of the source are written with: a file x.test.ts beside x.ts calls test() for each promise of x. They run
// in a plain JavaScript engine, by `go test -count=1 ./...` in web/build. There URL and URLSearchParams are all that is beside
// the language: no document, no timers, no Intl, no toLocaleString of a number, no \p{…} in expressions.

/** What the Go side provides. */
declare const host: {
  /** A test begins; its number. */
  began(name: string): number;
  /** It has ended, with what is wrong, or with "". */
  ended(id: number, failure: string): void;
};

/** test runs fn at once. It fails when fn throws, or returns a promise that is rejected or is never settled. */
export function test(name: string, fn: () => void | Promise<void>): void {
  const id = host.began(name);
  const fail = (e: unknown) => host.ended(id, describe(e));
  try {
    const pending = fn();
    if (pending) pending.then(() => host.ended(id, ""), fail);
    else host.ended(id, "");
  } catch (e) {
    fail(e);
  }
}

function describe(e: unknown): string {
  return e instanceof Error ? e.stack || String(e) : "threw " + show(e);
}

/** equal throws unless got is want, all the way down: arrays, plain objects, maps, sets, dates; NaN is NaN, and 0 is not -0. */
export function equal<T>(got: T, want: T, message = ""): void {
  const where = difference(got, want, "");
  if (where === undefined) return;
  throw new Error(`${message && message + ": "}got ${show(got)}, want ${show(want)}${where && ", first at " + where}`);
}

/** throws throws unless fn does, with a message in which text is. */
export function throws(fn: () => unknown, text = ""): void {
  let message: string;
  try {
    fn();
  } catch (e) {
    message = e instanceof Error ? e.message : String(e);
    if (!message.includes(text)) throw new Error(`threw ${show(message)}, want ${show(text)} in it`);
    return;
  }
  throw new Error("did not throw");
}

/** The path to where a and b first differ; undefined: they do not. */
function difference(a: unknown, b: unknown, path: string): string | undefined {
  if (Object.is(a, b)) return undefined;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return path;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return path;
  if (a instanceof Date) return Object.is(a.getTime(), (b as unknown as Date).getTime()) ? undefined : path;
  if (a instanceof Map) return difference([...a], [...(b as unknown as Map<unknown, unknown>)], path);
  if (a instanceof Set) return difference([...a], [...(b as unknown as Set<unknown>)], path);
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return path;
  for (const key of keys) {
    if (!Object.prototype.hasOwnProperty.call(b, key)) return `${path}.${key}`;
    const found = difference((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function show(v: unknown): string {
  if (typeof v === "bigint") return v + "n";
  if (typeof v === "number") return Object.is(v, -0) ? "-0" : String(v);
  if (v instanceof Map) return "Map" + show([...v]);
  if (v instanceof Set) return "Set" + show([...v]);
  try {
    return JSON.stringify(v, (_, x) => (typeof x === "bigint" ? x + "n" : x)) ?? String(v);
  } catch {
    return String(v);
  }
}
