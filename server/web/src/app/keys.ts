// Keyboard shortcuts: one list, which the help dialog shows, so that no key is a secret.
import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';

export interface Shortcut {
  /** As KeyboardEvent.key says, such as 'e', '[', 'Escape'; two in a row with a space between, such as 'g t'. */
  key: string;
  about: string;
  run(e: KeyboardEvent): void;
}

const active = signal<readonly (readonly Shortcut[])[]>([]);

/** All that work now, the page's own last. */
export const shortcuts = () => active.value.flat();

/** Has shortcuts work while the component is shown. They rest while a field has the focus or a dialog is open. */
export function useShortcuts(list: readonly Shortcut[]) {
  const now = useRef(list);
  now.current = list;
  useLayoutEffect(() => { // before it is painted: who sees it may press a key
    // Shown by what they are at first; run as they are now.
    const mine = list.map((s, i): Shortcut => ({ key: s.key, about: s.about, run: (e) => now.current[i]?.run(e) }));
    active.value = [...active.peek(), mine];
    return () => { active.value = active.peek().filter((l) => l !== mine); };
  }, [list.map((s) => s.key).join('\n')]);
}

let prefix = '';
let prefixAt = 0;

export function listenKeys() {
  document.addEventListener('keydown', (e) => {
    if (e.defaultPrevented || e.metaKey || e.ctrlKey || e.altKey || typing(e.target) || document.querySelector('dialog[open]')) return;
    const two = prefix && e.timeStamp - prefixAt < 1500 ? prefix + ' ' + e.key : '';
    prefix = '';
    const all = active.peek().flat().reverse();
    const found = all.find((s) => s.key === two) ?? all.find((s) => s.key === e.key);
    if (found) {
      e.preventDefault();
      found.run(e);
    } else if (all.some((s) => s.key.startsWith(e.key + ' '))) {
      prefix = e.key;
      prefixAt = e.timeStamp;
    }
  });
}

const typing = (t: EventTarget | null) => t instanceof HTMLElement && (t.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(t.tagName) && (t as HTMLInputElement).type !== 'checkbox');
