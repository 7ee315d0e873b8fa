// JSON as lines that a person can read and compare: names with what they are, texts as they are, line by line.

/** Deeper than this nobody reads. */
const deepest = 60;

export function toLines(value: unknown): string[] {
  const out: string[] = [];
  write(out, '', '', value, 0);
  return out;
}

/** The first line begins with lead, the others with indent. What has a name begins on a line of its own, a member of a list on that of its dash. */
function write(out: string[], lead: string, indent: string, value: unknown, depth: number) {
  if (typeof value === 'string') {
    const parsed = depth < deepest ? embedded(value) : undefined;
    if (parsed !== undefined) return write(out, lead, indent, parsed, depth + 1);
    const lines = value.split(/\r?\n/);
    if (lines.length > 1 && lead.endsWith(': ')) out.push(lead.trimEnd(), ...lines.map((l) => indent + l));
    else lines.forEach((l, i) => out.push((i ? indent : lead) + (l || (lines.length > 1 ? '' : '""'))));
  } else if (typeof value !== 'object' || value === null || depth >= deepest) out.push(lead + JSON.stringify(value));
  else {
    const list = Array.isArray(value);
    const entries: [string, unknown][] = list ? value.map((v) => ['- ', v]) : Object.entries(value).map(([k, v]) => [k + ': ', v]);
    if (entries.length === 0) out.push(lead + (list ? '[]' : '{}'));
    else if (lead.endsWith(': ')) out.push(lead.trimEnd());
    entries.forEach(([k, v], i) => write(out, (i || lead.endsWith(': ') ? indent : lead) + k, indent + '  ', v, depth + 1));
  }
}

/** JSON that was sent as a text, as tools' arguments often are. */
function embedded(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
