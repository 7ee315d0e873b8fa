import { useEffect } from 'preact/hooks';

/** Calls run every so many ms while the page is looked at, and at once when somebody comes back to it. */
export function usePoll(ms: number, run: () => void) {
  useEffect(() => {
    const look = () => { if (!document.hidden) run(); };
    const timer = setInterval(look, ms);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [ms, run]);
}
