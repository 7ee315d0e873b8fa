// A step of both runs: what went in and what came out, beside each other.
import type { FullSpan } from '../../api.gen';
import { useResource } from '../../app/resource';
import { Failed, Loading } from '../../ui/state';
import type { TraceSource } from '../trace/source';
import type { Step } from './align';
import { Diff } from './text';

const parts: [string, (s: FullSpan) => unknown][] = [
  ['Error', (s) => s.error && [s.error.name, s.error.message].filter(Boolean).join(': ')], ['Input', (s) => s.input], ['Output', (s) => s.output], ['Metadata', (s) => s.metadata], ['Attributes', (s) => s.attributes],
];

export function Detail({ step, a, b }: { step: Step; a: TraceSource; b: TraceSource }) {
  const spans = useResource(`${a.key}/${step.a?.id} ${b.key}/${step.b?.id}`, (signal) => Promise.all([
    step.a ? a.span(step.a.id, signal) : null, step.b ? b.span(step.b.id, signal) : null,
  ]), { fresh: true });
  if (spans.error) return <Failed error={spans.error} retry={spans.reload} what="this step" />;
  if (!spans.data) return <Loading lines={3} />;
  const [x, y] = spans.data;
  const found = parts.map(([name, read]) => [name, x && read(x), y && read(y)] as const).filter(([, l, r]) => l != null || r != null);
  return (
    <div class="detail stack">
      <p class="diff-heads"><span>{x ? <a href={a.href(x.span_id)}>A: {x.name}</a> : <span class="muted">not in A</span>}</span><span>{y ? <a href={b.href(y.span_id)}>B: {y.name}</a> : <span class="muted">not in B</span>}</span></p>
      {found.map(([name, l, r]) => <Diff key={name} name={name} a={l} b={r} />)}
      {found.length === 0 && <p class="muted">Neither has an input, an output or metadata.</p>}
    </div>
  );
}
