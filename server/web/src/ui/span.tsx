// The words and marks for spans and traces that every page shares.
import type { ComponentChildren } from 'preact';
import { kindOf, kinds, typeLabel, type Kind } from '../lib/kinds';
import { ago, clock } from '../lib/format';
import { Icon, type IconName } from './icon';

export type Status = 'running' | 'success' | 'error' | 'incomplete';

const statuses: Record<Status, { icon: IconName; label: string }> = {
  running: { icon: 'running', label: 'Running' },
  success: { icon: 'ok', label: 'Success' },
  error: { icon: 'error', label: 'Error' },
  incomplete: { icon: 'idle', label: 'Incomplete' },
};

/** Never by colour alone: an icon, and the word in sight or for who listens. */
export function StatusMark({ status, text }: { status: Status; text?: boolean }) {
  const s = statuses[status] ?? statuses.incomplete;
  return <span class={`status ${status}`} title={s.label}><Icon name={s.icon} label={text ? undefined : s.label} />{text && s.label}</span>;
}

export function KindMark({ type, kind = kindOf(type ?? ''), text }: { type?: string; kind?: Kind; text?: boolean }) {
  const label = type ? typeLabel(type) : kinds[kind].label;
  return <span class={`kind kind-${kind}`} title={label}><Icon name={kinds[kind].icon} label={text ? undefined : label} />{text && label}</span>;
}

/** A moment: exact on hover, short in sight. */
export function Time({ at, relative }: { at: string; relative?: boolean }) {
  return <time dateTime={at} title={at}>{relative ? ago(at) : clock(at)}</time>;
}

/** Tags and the like. */
export const Chip = ({ children, title }: { children: ComponentChildren; title?: string }) => <span class="chip" title={title}>{children}</span>;
