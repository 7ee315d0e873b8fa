// What a page shows where there is nothing to show: each says what to do next.
import type { ComponentChildren } from 'preact';
import type { ApiError } from '../app/api';
import { Button } from './button';
import { Icon, type IconName } from './icon';

/** With page it is all that there is on the page. */
export function Empty({ icon = 'traces', title, page, children }: { icon?: IconName; title: string; page?: boolean; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} size={28} />
      {page ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  );
}

/** Something did not load. */
export function Failed({ error, retry, what = 'this page' }: { error: ApiError; retry?(): void; what?: string }) {
  const gone = error.status === 404;
  return (
    <div class="empty failed" role="alert">
      <Icon name="error" size={28} />
      <h2>{gone ? `There is no such thing here` : `Could not load ${what}`}</h2>
      <p>{error.message}{error.field && <> (<code>{error.field}</code>)</>}</p>
      {retry && !gone && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}

/** A few grey lines in place of what comes. They appear after a moment only, so that a quick answer does not flash. */
export function Loading({ lines = 6 }: { lines?: number }) {
  return <div class="loading" role="status" aria-label="Loading">{Array.from({ length: lines }, (_, i) => <span key={i} />)}</div>;
}

export function Note({ kind = 'info', icon, children }: { kind?: 'info' | 'warn' | 'error' | 'good'; icon?: IconName; children: ComponentChildren }) {
  return (
    <div class={`note ${kind}`} role={kind === 'error' ? 'alert' : undefined}>
      <Icon name={icon ?? (kind === 'info' ? 'help' : kind === 'good' ? 'ok' : 'error')} />
      <div>{children}</div>
    </div>
  );
}
