import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './icon';

type Look = 'plain' | 'primary' | 'quiet' | 'danger';

interface Common {
  icon?: IconName;
  look?: Look;
  small?: boolean;
  /** What it does, for who cannot see the icon; required where there is no text. Shown as a tooltip. */
  label?: string;
  children?: ComponentChildren;
}

const classes = ({ look = 'plain', small, children, class: c }: Common & { class?: string }) =>
  `button ${look}${small ? ' small' : ''}${children == null ? ' bare' : ''}${c ? ' ' + c : ''}`;

export function Button({ icon, look, small, label, children, class: c, ...rest }: Common & { class?: string } & Omit<ButtonHTMLAttributes, 'icon' | 'label' | 'class'>) {
  return (
    <button type="button" {...rest} class={classes({ look, small, children, class: c })} aria-label={children == null ? label : undefined} title={label}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A link that looks like a button. */
export function LinkButton({ icon, look, small, label, children, class: c, href, download }: Common & { class?: string; href: string; download?: boolean }) {
  return (
    <a href={href} download={download} class={classes({ look, small, children, class: c })} aria-label={children == null ? label : undefined} title={label}>
      {icon && <Icon name={icon} />}
      {children}
    </a>
  );
}

/** Copies a text, and says so in place. */
export function CopyButton({ text, label = 'Copy', children, ...rest }: Omit<Common, 'icon'> & { text: string | (() => string | Promise<string>) }) {
  const [state, setState] = useState<'' | 'copied' | 'failed'>('');
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const run = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === 'string' ? text : await text());
      setState('copied');
    } catch {
      setState('failed');
    }
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setState(''), 1600);
  };
  const said = state === 'copied' ? 'Copied' : state === 'failed' ? 'The browser refused' : label;
  return (
    <Button {...rest} icon={state === 'copied' ? 'ok' : 'copy'} label={said} onClick={run}>
      {children == null ? undefined : state ? said : children}
    </Button>
  );
}
