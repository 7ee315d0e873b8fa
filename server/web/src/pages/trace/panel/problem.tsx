// Why a span failed, on top of all that it says.
import type { SpanError } from '../../../api.gen';
import { Icon } from '../../../ui/icon';
import { Json } from './json';
import { Folded, Marked } from './text';

export function Problem({ error: e }: { error: SpanError }) {
  const facts = [e.id, e.domain, e.category].filter(Boolean);
  const more = { details: e.details, ...e.extra };
  const has = Object.values(more).some((v) => v != null);
  return (
    <section class="problem" aria-label="Error">
      <h3><Icon name="error" /> {e.name || 'Error'}</h3>
      <Folded text={e.message || 'No message was sent.'} lines={8}>{(t) => <pre><Marked text={t} /></pre>}</Folded>
      {facts.length > 0 && <p class="row">{facts.map((f) => <span key={f} class="chip">{f}</span>)}</p>}
      {e.stack && <details><summary>Stack</summary><pre class="code" tabIndex={0}><Marked text={e.stack} /></pre></details>}
      {has && <details open={!e.stack}><summary>Details</summary><Json value={more} label="Details of the error" /></details>}
    </section>
  );
}
