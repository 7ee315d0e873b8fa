// Markdown as models write it, read into a tree of a few harmless things. The text is anybody's: nothing in it becomes
// markup, pictures stay words, only http links are links, and no text takes longer than its length is worth.

export type Inline = string | { t: 'strong' | 'em' | 'del'; c: Inline[] } | { t: 'code'; s: string } | { t: 'a'; href: string; c: Inline[] };
export type Block =
  | { t: 'p'; c: Inline[] }
  | { t: 'h'; level: number; c: Inline[] }
  | { t: 'pre'; s: string; lang: string }
  | { t: 'list'; start: number | null; items: Block[][] }
  | { t: 'quote'; c: Block[] }
  | { t: 'table'; rows: Inline[][][] }
  | { t: 'hr' };

/** Quotes and lists inside one another; deeper ones are text. */
const depth = 8;

export const markdown = (text: string): Block[] => blocks(text.split(/\r?\n/), depth);

const fence = /^ {0,3}(```+|~~~+) *([\w+#.-]*)/;
const bullet = /^( {0,9})([-*+]|\d{1,9}[.)])( +|$)/;
const rule = (line: string) => line.length < 200 && /^ {0,3}([-*_])[ ]*(?:\1[ ]*){2,}$/.test(line);
const heading = /^ {0,3}(#{1,6}) (.*)/;

function blocks(lines: string[], room: number): Block[] {
  const out: Block[] = [];
  let plain: string[] = [];
  const paragraph = () => {
    if (plain.length) out.push({ t: 'p', c: inline(plain.join('\n')) });
    plain = [];
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    let m: RegExpExecArray | null;
    if ((m = fence.exec(line))) {
      paragraph();
      const [, mark, lang] = m;
      const from = i + 1;
      do i++; while (i < lines.length && !(lines[i]!.trimStart().startsWith(mark!) && lines[i]!.trim() === mark![0]!.repeat(lines[i]!.trim().length)));
      out.push({ t: 'pre', s: lines.slice(from, i).join('\n'), lang: lang! });
    } else if ((m = heading.exec(line))) {
      paragraph();
      out.push({ t: 'h', level: m[1]!.length, c: inline(m[2]!) });
    } else if (rule(line)) {
      paragraph();
      out.push({ t: 'hr' });
    } else if (room && /^ {0,3}>/.test(line)) {
      paragraph();
      const from = i;
      while (i + 1 < lines.length && /^ {0,3}>/.test(lines[i + 1]!)) i++;
      out.push({ t: 'quote', c: blocks(lines.slice(from, i + 1).map((l) => l.replace(/^ {0,3}> ?/, '')), room - 1) });
    } else if (room && (m = bullet.exec(line))) {
      paragraph();
      const [list, next] = items(lines, i, m, room);
      out.push(list);
      i = next - 1;
    } else if (line.includes('|') && isDivider(lines[i + 1])) {
      paragraph();
      const rows = [cells(line).map(inline)];
      for (i += 2; i < lines.length && lines[i]!.includes('|'); i++) rows.push(cells(lines[i]!).map(inline));
      i--;
      out.push({ t: 'table', rows });
    } else if (line.trim()) plain.push(line);
    else paragraph();
  }
  paragraph();
  return out;
}

/** The list that begins at a line, and the line after it. */
function items(lines: string[], at: number, first: RegExpExecArray, room: number): [Block, number] {
  const ordered = (mark: string) => /\d/.test(mark);
  const list: string[][] = [];
  let width = 0;
  let i = at;
  for (; i < lines.length; i++) {
    const line = lines[i]!;
    const m = bullet.exec(line);
    const indent = line.search(/\S/);
    if (m && indent < first[1]!.length + 2 && (!list.length || indent < width)) {
      if (ordered(m[2]!) !== ordered(first[2]!) || rule(line)) break;
      width = m[1]!.length + m[2]!.length + 1;
      list.push([line.slice(m[0].length)]);
    } else if (indent < 0) {
      const next = lines[i + 1];
      if (next === undefined || next.search(/\S/) < width && !bullet.test(next)) break;
      list[list.length - 1]!.push('');
    } else if (indent >= width || indent > first[1]!.length) list[list.length - 1]!.push(line.slice(Math.min(indent, width)));
    else break;
  }
  return [{ t: 'list', start: ordered(first[2]!) ? parseInt(first[2]!, 10) : null, items: list.map((l) => blocks(l, room - 1)) }, i];
}

const cells = (line: string) => line.trim().replace(/^\|/, '').replace(/\|$/, '').split('|').map((c) => c.trim());
const isDivider = (line?: string) => !!line && line.includes('-') && line.includes('|') && cells(line).every((c) => /^:?-+:?$/.test(c));

/** Marks that are open at one time; older ones are given up. It is how deep the tree gets, and what one mark costs. */
const open = 12;

interface Opener { mark: string; at: number }

function inline(text: string): Inline[] {
  const out: Inline[] = [];
  let openers: Opener[] = [];
  const special = /[\\`[\]]|!\[|\*+|_+|~~|https?:\/\//g;
  const noEnd = new Set<number>(); // lengths of backticks that nothing closes any more
  let done = 0;
  const put = (s: string) => { if (s) out.push(s); };
  const wrap = (i: number, node: (c: Inline[]) => Inline) => {
    const c = out.splice(openers[i]!.at);
    c.shift(); // the mark
    out.push(node(joined(c)));
    openers.length = i;
  };
  const begin = (mark: string) => {
    openers.push({ mark, at: out.length });
    if (openers.length > open) openers.shift();
    out.push(mark);
  };
  for (let m = special.exec(text); m; m = special.exec(text)) {
    const at = m.index;
    const mark = m[0];
    put(text.slice(done, at));
    done = at + mark.length;
    if (mark === '\\') {
      if (/[!-/:-@[-`{-~]/.test(text[done] ?? '')) put(text[done++]!);
      else put(mark);
    } else if (mark === '`') {
      const ticks = /^`+/.exec(text.slice(at, at + 9))![0].length;
      const end = noEnd.has(ticks) ? -1 : closing(text, at + ticks, ticks);
      done = at + ticks;
      if (end < 0) { noEnd.add(ticks); put('`'.repeat(ticks)); }
      else { out.push({ t: 'code', s: text.slice(done, end).replace(/\n/g, ' ') }); done = end + ticks; }
    } else if (mark === '[' || mark === '![') begin(mark);
    else if (mark === ']') {
      const i = lastIndex(openers, (o) => o.mark.endsWith('['));
      const target = i < 0 ? null : address(text, done);
      if (i < 0 || !target) { if (i >= 0) openers.splice(i, 1); put(mark); }
      else if (openers[i]!.mark === '![') {
        wrap(i, (c) => `[image: ${c.map(plain).join('')}] ${target.href}`);
        done = target.end;
      } else if (/^https?:\/\//i.test(target.href)) {
        wrap(i, (c) => ({ t: 'a', href: target.href, c: c.map((x) => (typeof x === 'object' && x.t === 'a' ? plain(x) : x)) }));
        openers = openers.filter((o) => !o.mark.endsWith('[')); // no link in a link
        done = target.end;
      } else { openers.splice(i, 1); put(mark); }
    } else if (mark[0] === 'h') {
      const href = bare(text, at);
      done = at + href.length;
      out.push(href.length > 9 ? { t: 'a', href, c: [href] } : href);
    } else emphasis(mark, text[at - 1] ?? ' ', text[done] ?? ' ');
    special.lastIndex = done;
  }
  put(text.slice(done));
  return joined(out);

  function emphasis(run: string, before: string, after: string) {
    const word = run[0] === '_';
    const opens = !/\s/.test(after) && !(word && /\w/.test(before));
    const closes = !/\s/.test(before) && !(word && /\w/.test(after));
    if (run.length > 3) return put(run);
    for (let rest = run.length; rest > 0;) {
      const top = openers[openers.length - 1]?.mark;
      const size = rest === 1 || rest === 3 && closes && top === run[0] ? 1 : 2;
      const mark = run.slice(0, size);
      rest -= size;
      const i = closes ? lastIndex(openers, (o) => o.mark === mark) : -1;
      if (i >= 0 && openers[i]!.at < out.length - 1) wrap(i, (c) => ({ t: mark === '~~' ? 'del' : size === 2 ? 'strong' : 'em', c }));
      else if (opens) begin(mark);
      else put(mark);
    }
  }
}

/** Texts that follow each other as one: marks that opened nothing are part of what is round them. */
function joined(all: Inline[]): Inline[] {
  const out: Inline[] = [];
  let texts: string[] = [];
  const flush = () => { if (texts.length) out.push(texts.join('')); texts = []; };
  for (const x of all) {
    if (typeof x === 'string') texts.push(x);
    else { flush(); out.push(x); }
  }
  flush();
  return out;
}

function lastIndex<T>(all: T[], is: (x: T) => boolean): number {
  let i = all.length - 1;
  while (i >= 0 && !is(all[i]!)) i--;
  return i;
}

/** Where as many backticks as opened stand alone. */
function closing(text: string, from: number, ticks: number): number {
  const run = /`+/g;
  run.lastIndex = from;
  for (let m = run.exec(text); m; m = run.exec(text)) if (m[0].length === ticks) return m.index;
  return -1;
}

/** The longest address that is one. */
const longest = 2000;

/** What follows "[text]": (address), with one pair of brackets in it, and a title. */
function address(text: string, at: number): { href: string; end: number } | null {
  if (text[at] !== '(') return null;
  const m = /^\( *<?([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)?)>?(?: +"[^"\n]*")? *\)/.exec(text.slice(at, at + longest));
  return m && { href: m[1]!, end: at + m[0].length };
}

/** An address in the text, without the stop behind it. */
function bare(text: string, at: number): string {
  const s = /^[^\s<>"`|\\[\]]+/.exec(text.slice(at, at + longest))![0];
  const stops = s.includes('(') ? '.,;:!?}*_~\'' : '.,;:!?}*_~\')';
  let end = s.length;
  while (stops.includes(s[end - 1]!)) end--;
  return s.slice(0, end);
}

const plain = (x: Inline): string => (typeof x === 'string' ? x : 's' in x ? x.s : x.c.map(plain).join(''));
