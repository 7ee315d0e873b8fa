// What redaction and limits left in the place of what was there. A reader must see that it is not what the program said.

/** The marks that exporters and the server leave in texts; the filter may number what it took out, as in [APIKEY_1]. */
const left = /\[REDACTED\]|\[[A-Z]{3,24}_\d{1,6}\]|…\[truncated\]|\[MaxDepth\]|\[Circular(?: Reference)?\]|\[…\d{1,9} more items\]/g;

export interface Marks { redacted: number; cut: number }

/** Counts the marks in a value. */
export function marksIn(value: unknown): Marks {
  const found = { redacted: 0, cut: 0 };
  const text = JSON.stringify(value) ?? '';
  for (const [m] of text.match(left)?.map((m) => [m] as const) ?? []) found[/^\[[A-Z]{3}/.test(m) ? 'redacted' : 'cut']++;
  found.cut += text.split('"__truncated":').length - 1;
  return found;
}

export interface Piece { text: string; kind: '' | 'left' | 'found' }

/** Cuts a text at its marks and where it says what is looked for. */
export function pieces(text: string, find = ''): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  const seek = (from: number, to: number) => {
    const part = text.slice(from, to);
    const low = find && part.toLowerCase();
    let done = 0;
    // A letter whose lower case is longer would shift all that follows: better no highlight than a wrong one.
    if (low && low.length === part.length) {
      for (let i = low.indexOf(find.toLowerCase()); i >= 0 && out.length < 1000; i = low.indexOf(find.toLowerCase(), done)) {
        if (i > done) out.push({ text: part.slice(done, i), kind: '' });
        done = i + find.length;
        out.push({ text: part.slice(i, done), kind: 'found' });
      }
    }
    if (done < part.length) out.push({ text: part.slice(done), kind: '' });
  };
  for (const m of text.matchAll(left)) {
    seek(at, m.index);
    out.push({ text: m[0], kind: 'left' });
    at = m.index + m[0].length;
  }
  seek(at, text.length);
  return out;
}
