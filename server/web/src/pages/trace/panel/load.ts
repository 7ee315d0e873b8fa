// The spans that were looked at last, with all that they say: going back and forth between two of them asks nobody.
import type { FullSpan } from '../../../api.gen';
import type { SpanRow } from '../model';
import type { TraceSource } from '../source';

const most = 50;

/** Names a span in the state that the row has; a running one is another when it ends. A share may show less of the same. */
export const spanKey = (source: Pick<TraceSource, 'key' | 'content'>, row: Pick<SpanRow, 'id' | 'status' | 'dur'>) =>
  [source.key, source.content, row.id, row.status, row.dur].join('\n');

/** Keeps what was asked for last, up to a number. */
export class Recent<T> {
  private readonly kept = new Map<string, T>();
  constructor(private readonly most: number) {}

  get(key: string): T | undefined {
    const found = this.kept.get(key);
    if (found !== undefined) this.put(key, found);
    return found;
  }

  put(key: string, value: T) {
    this.kept.delete(key); // a map's order is that of first insertion
    this.kept.set(key, value);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= this.most) break;
      this.kept.delete(oldest);
    }
  }
}

const recent = new Recent<FullSpan>(most);

/** Loads a span, or has it. A span that runs is asked for each time: it may say more by now. */
export async function loadSpan(source: TraceSource, row: SpanRow, signal: AbortSignal): Promise<FullSpan> {
  const key = spanKey(source, row);
  const had = recent.get(key);
  if (had) return had;
  const span = await source.span(row.id, signal);
  if (span.status !== 'running') recent.put(key, span);
  return span;
}
