// JSON as lines that a person can read and compare: names with what they are, texts as they are, line by line.

/** Deeper than this nobody reads. */
const deepest = 60;

export function toLines(value: unknown): string[] {
  const out: string[] = [];
  write(out, '', '', value, 0);
  return out;
}

function write(out: string[], indent: string, name: string, value: unknown, depth: number) {
  const inner = name ? indent + '  ' : indent;
  if (typeof value === 'string') {
    const parsed = depth < deepest ? embedded(value) : undefined;
    if (parsed !== undefined) return write(out, indent, name, parsed, depth + 1);
    const lines = value.split(/\r?\n/);
    if (lines.length === 1) out.push(indent + name + (value || '""'));
    else {
      if (name) out.push((indent + name).trimEnd());
      for (const line of lines) out.push(inner + line);
    }
  } else if (typeof value !== 'object' || value === null || depth >= deepest) out.push(indent + name + JSON.stringify(value));
  else {
    const entries = Array.isArray(value) ? value.map((v): [string, unknown] => ['- ', v]) : Object.entries(value).map(([k, v]): [string, unknown] => [k + ': ', v]);
    if (entries.length === 0) return void out.push(indent + name + (Array.isArray(value) ? '[]' : '{}'));
    if (name) out.push((indent + name).trimEnd());
    for (const [k, v] of entries) write(out, inner, k, v, depth + 1);
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
