// A JSON value as the lines of a tree, no more of them than are shown: a value of a megabyte costs what one screen does.
import { parsed } from './chat';

export interface Row {
  /** Where it is, as jq says it: .messages[0].content. Distinguishes it from all others. */
  path: string;
  depth: number;
  key: string | number;
  value: unknown;
  /** What is inside, in a line, of something small; else ''. */
  short: string;
  /** How many are inside; -1 if nothing can be. */
  size: number;
  open: boolean;
  /** A string with JSON in it, shown as what it says. */
  json: boolean;
}

/** What can be folded at all: what is inside, or undefined. Texts are read once. */
export function insideOf(value: unknown, texts: Map<string, unknown>): object | undefined {
  if (typeof value === 'string') {
    if (value.length < 16) return;
    if (!texts.has(value)) texts.set(value, parsed(value));
    value = texts.get(value);
  }
  return value && typeof value === 'object' ? value : undefined;
}

/** How much is written in a line instead of below one another. */
const room = 64;

/** A few plain values in a line. */
function shortOf(inside: object): string {
  const all = Object.entries(inside);
  if (!all.length || all.length > 8 || all.some(([k, v]) => v && typeof v === 'object' || String(v).length + k.length > room)) return all.length ? '' : Array.isArray(inside) ? '[ ]' : '{ }';
  const text = all.map(([k, v]) => (Array.isArray(inside) ? '' : k + ': ') + JSON.stringify(v)).join(', ');
  return text.length > room ? '' : Array.isArray(inside) ? `[ ${text} ]` : `{ ${text} }`;
}

/** The lines of what is in root down to a limit, and whether there are more. chosen has what was folded or unfolded by hand. */
export function rowsOf(root: unknown, chosen: ReadonlyMap<string, boolean>, limit: number, texts = new Map<string, unknown>()): { rows: Row[]; more: boolean } {
  const rows: Row[] = [];
  const stack: { inside: object; keys: string[] | null; at: number; path: string; depth: number }[] = [];
  const add = (key: string | number, value: unknown, path: string, depth: number) => {
    const inside = insideOf(value, texts);
    const short = inside && depth >= 0 ? shortOf(inside) : '';
    const keys = inside && !Array.isArray(inside) ? Object.keys(inside) : null;
    const size = inside ? keys ? keys.length : (inside as unknown[]).length : -1;
    const json = typeof value === 'string' && !!inside;
    const open = size > 0 && (depth < 0 || (chosen.get(path) ?? (!json && !short && (depth < 1 && size <= 200 || depth < 4 && size <= 12))));
    if (depth >= 0) rows.push({ path, depth, key, value, short, size, open, json });
    if (open) stack.push({ inside: inside!, keys, at: 0, path, depth: depth + 1 });
  };
  add('', root, '', -1);
  while (stack.length) {
    const top = stack[stack.length - 1]!;
    if (top.at >= (top.keys ?? (top.inside as unknown[])).length) { stack.pop(); continue; }
    if (rows.length >= limit) return { rows, more: true };
    const key = top.keys ? top.keys[top.at]! : top.at;
    top.at++;
    // An own key, whatever its name: it comes from Object.keys.
    add(key, (top.inside as Record<string | number, unknown>)[key], top.path + step(key), top.depth);
  }
  return { rows, more: false };
}

const step = (key: string | number) => (typeof key === 'number' ? `[${key}]` : /^[a-z_]\w*$/i.test(key) ? '.' + key : `[${JSON.stringify(key)}]`);

/** The first lines of a text, and how many there are beyond; lines that are very long count as more than one. */
export function fold(text: string, lines: number, chars = lines * 150): { head: string; rest: number } {
  let end = -1;
  for (let n = 0; n < lines; n++) {
    end = text.indexOf('\n', end + 1);
    if (end < 0) break;
  }
  if (end < 0 || end > chars) end = chars;
  const rest = text.slice(end, end + 201);
  // Nobody wants to press a button for two words.
  if (rest.length < 200 && rest.split('\n').length < lines / 2 + 4) return { head: text, rest: 0 };
  let cut = end;
  if (/[\uD800-\uDBFF]/.test(text[cut - 1] ?? '')) cut--;
  return { head: text.slice(0, cut), rest: text.length - cut };
}
