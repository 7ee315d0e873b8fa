import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button } from './button';

/**
 * A modal window: Escape, the cross and a click beside it close it, the last not if it is kept, for what would be lost. It is
 * shown as long as it is rendered.
 */
export function Dialog({ title, onClose, children, wide, keep }: { title: string; onClose(): void; children: ComponentChildren; wide?: boolean; keep?: boolean }) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    ref.current?.showModal();
    return () => before?.focus?.();
  }, []);
  return (
    <dialog
      ref={ref} class={wide ? 'dialog wide' : 'dialog'} aria-labelledby={id}
      onClose={onClose}
      onClick={(e) => { if (e.target === ref.current && !keep) onClose(); }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <Button icon="close" look="quiet" label="Close" onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** Asks before something that cannot be undone. */
export function Confirm({ title, children, action, onConfirm, onClose, busy }: {
  title: string; children: ComponentChildren; action: string; onConfirm(): void; onClose(): void; busy?: boolean;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="stack">{children}</div>
      <footer class="dialog-foot">
        <Button onClick={onClose}>Cancel</Button>
        <Button look="danger" onClick={onConfirm} disabled={busy}>{action}</Button>
      </footer>
    </Dialog>
  );
}
