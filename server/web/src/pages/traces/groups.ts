// The runs of one conversation together.
import type { TraceSummary } from '../../api.gen';

export interface Group {
  /** '' for a run that belongs to no conversation; each of those is a group of its own. */
  thread: string;
  /** In the order of the conversation: the oldest first. */
  runs: TraceSummary[];
  tokens: number;
  /** ns of all runs. */
  duration: number;
}

/** Groups by thread, in the order in which the threads first come. */
export function byThread(rows: readonly TraceSummary[]): Group[] {
  const groups: Group[] = [];
  const of = new Map<string, Group>();
  for (const t of rows) {
    let g = t.thread ? of.get(t.thread) : undefined;
    if (!g) {
      g = { thread: t.thread, runs: [], tokens: 0, duration: 0 };
      groups.push(g);
      if (t.thread) of.set(t.thread, g);
    }
    g.runs.push(t);
    g.tokens += t.tokens.total;
    g.duration += t.duration_ns;
  }
  for (const g of groups) g.runs.sort((a, b) => +new Date(a.start) - +new Date(b.start));
  return groups;
}
