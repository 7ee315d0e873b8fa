import { useEffect } from 'preact/hooks';

/** Names the page in the browser's tab and history. */
export function useTitle(...parts: (string | undefined)[]) {
  const title = [...parts.filter(Boolean), 'tailrace'].join(' · ');
  useEffect(() => { document.title = title; }, [title]);
}
