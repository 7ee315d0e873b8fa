// Light, dark, or as the system says.
import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const key = 'tailrace.theme';

export const theme = signal<Theme>('system');

const systemDark = signal(false);

/** Counts changes of the colours that are shown, by choice or by the system: whoever draws on a canvas reads it. */
export const repaint = signal(0);

export function startTheme() {
  const saved = localStorage.getItem(key);
  if (saved === 'light' || saved === 'dark') theme.value = saved;
  effect(() => {
    const t = theme.value;
    if (t === 'system') localStorage.removeItem(key);
    else localStorage.setItem(key, t);
    document.documentElement.dataset['theme'] = t !== 'system' ? t : systemDark.value ? 'dark' : 'light';
    repaint.value = repaint.peek() + 1;
  });
  const dark = matchMedia('(prefers-color-scheme: dark)');
  systemDark.value = dark.matches;
  dark.addEventListener('change', () => { systemDark.value = dark.matches; });
}

/** The value of a custom property, such as --accent, for a canvas. */
export const cssVar = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
