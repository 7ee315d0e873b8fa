import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from './button';
import type { IconName } from './icon';

/** A button that opens a small panel below it; Escape and a click elsewhere close it. children gets what closes it. */
export function Popover({ icon, text, label, look, small, align = 'left', active, children }: {
  icon?: IconName; text?: ComponentChildren; label: string; look?: 'plain' | 'primary' | 'quiet'; small?: boolean; align?: 'left' | 'right'; active?: boolean;
  children: (close: () => void) => ComponentChildren;
}) {
  const [open, setOpen] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const down = (e: Event) => { if (!ref.current?.contains(e.target as Node)) setOpen(false); };
    const key = (e: KeyboardEvent) => {
      // The first Escape closes the suggestions of a field in here.
      if (e.key !== 'Escape' || document.activeElement?.matches('[role=combobox][aria-expanded=true]')) return;
      e.preventDefault();
      setOpen(false);
      ref.current?.querySelector('button')?.focus();
    };
    document.addEventListener('pointerdown', down);
    document.addEventListener('keydown', key, true);
    const first = ref.current?.querySelector<HTMLElement>('.popover input, .popover select, .popover button, .popover a');
    first?.focus({ preventScroll: true });
    return () => {
      document.removeEventListener('pointerdown', down);
      document.removeEventListener('keydown', key, true);
    };
  }, [open]);
  return (
    <div class="popover-anchor" ref={ref}>
      <Button icon={icon} label={label} look={look} small={small} class={active ? 'active' : ''} aria-expanded={open} aria-haspopup="true" onClick={() => setOpen(!open)}>{text}</Button>
      {open && <div class={`popover ${align}`}>{children(() => setOpen(false))}</div>}
    </div>
  );
}
