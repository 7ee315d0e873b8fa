import { KindMark, StatusMark } from '../../../ui/span';
import type { SpanRow, TraceModel } from '../model';
import type { TraceSource } from '../source';

/** What is known of one span. */
export function SpanPanel({ span }: { source: TraceSource; model: TraceModel; span: SpanRow; onSelect(id: string): void; onClose(): void }) {
  return <div class="panel-body stack"><h2><KindMark type={span.type} /> {span.name}</h2><StatusMark status={span.status} text /></div>;
}
