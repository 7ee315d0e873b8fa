import type { ComponentChildren } from 'preact';
import type { Resource } from '../../app/resource';
import { Failed, Loading } from '../../ui/state';

/** A part of the page that loads, fails and is tried again by itself. What it shows stays until the next is there. */
export function Panel({ title, of, actions, about, children }: {
  title: string; of: readonly Resource<unknown>[]; actions?: ComponentChildren; about?: ComponentChildren; children: () => ComponentChildren;
}) {
  const failed = of.filter((r) => r.error);
  const ready = of.every((r) => r.data !== undefined);
  return (
    <section class="panel metrics-panel" aria-busy={of.some((r) => r.loading)} aria-label={title}>
      <header class="panel-head"><h2 class="grow">{title}</h2>{actions}</header>
      <div class="panel-body">
        {failed[0]?.error ? <Failed error={failed[0].error} what={title.toLowerCase()} retry={() => { for (const r of failed) r.reload(); }} /> : ready ? children() : <Loading lines={4} />}
        {about && <p class="hint">{about}</p>}
      </div>
    </section>
  );
}
