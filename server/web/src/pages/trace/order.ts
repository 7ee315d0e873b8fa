// Spans in the order of a column.
import type { SpanRow } from './model';

export type Column = 'name' | 'type' | 'model' | 'start' | 'duration' | 'input' | 'output' | 'cost';

const value: Record<Column, (r: SpanRow) => string | number | null> = {
  name: (r) => r.name, type: (r) => r.type, model: (r) => r.model || null, start: (r) => r.start,
  duration: (r) => (r.event ? null : r.dur < 0 ? Infinity : r.dur), input: (r) => r.tokens?.input ?? null, output: (r) => r.tokens?.output ?? null, cost: (r) => r.cost,
};

/** Sorted by a column, with "-" before it falling; as they are for any other text. What is not known comes last either way. */
export function order(rows: readonly SpanRow[], by: string): readonly SpanRow[] {
  const sign = by[0] === '-' ? -1 : 1;
  const name = by.replace('-', '');
  if (!Object.prototype.hasOwnProperty.call(value, name)) return rows;
  const of = value[name as Column];
  const known: [string | number, SpanRow][] = [];
  const rest: SpanRow[] = [];
  for (const r of rows) {
    const v = of(r);
    if (v === null) rest.push(r);
    else known.push([v, r]);
  }
  known.sort(([a], [b]) => (a < b ? -sign : a > b ? sign : 0));
  return [...known.map(([, r]) => r), ...rest];
}
