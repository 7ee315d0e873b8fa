// Where a span stands in its trace, as far as its panel says.
import type { SpanRow, TraceModel } from '../model';

export interface Family {
  parent?: SpanRow;
  children: SpanRow[];
  /** The failed span below this one in which the trouble began, as far as the tree tells. */
  cause?: SpanRow;
}

export function familyOf(model: TraceModel, span: SpanRow): Family {
  const parent = model.byId.get(span.parentId);
  const children = model.rows.filter((r) => r.parentId === span.id && r.id !== span.id);
  const failed = model.rows.filter((r) => r.status === 'error');
  const below = failed.filter((r) => r.id !== span.id && isBelow(model, r, span.id));
  const passedOn = new Set(failed.map((r) => r.parentId)); // failed because a child did
  return { parent: parent === span ? undefined : parent, children, cause: below.find((r) => !passedOn.has(r.id)) ?? below[0] };
}

function isBelow(model: TraceModel, row: SpanRow, id: string): boolean {
  const seen = new Set<string>(); // parents may go in circles
  for (let at: SpanRow | undefined = row; at && !seen.has(at.id); at = model.byId.get(at.parentId)) {
    if (at.parentId === id) return true;
    seen.add(at.id);
  }
  return false;
}
