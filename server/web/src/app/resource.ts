// What a page loads: kept while a newer version is on its way, so that nothing jumps, and given up when nobody waits for it.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './api';

export interface Resource<T> {
  /** The last that came; of an earlier key while the present one loads, if stale says so. */
  data?: T;
  error?: ApiError;
  loading: boolean;
  stale: boolean;
  /** Loads it again; data stays until then. */
  reload(): void;
  /** Puts something in its place, for what is known before the server says it. */
  set(data: T): void;
}

interface State<T> { key: string | null; data?: T; error?: ApiError; loading: boolean }

/**
 * Loads what key names and again whenever key changes; null loads nothing. load must depend on key alone. With `fresh`, data
 * of an earlier key is not shown under a new one.
 */
export function useResource<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>, { fresh = false } = {}): Resource<T> {
  const [state, setState] = useState<State<T>>({ key: null, loading: key !== null });
  const [turn, setTurn] = useState(0);
  const current = useRef(load);
  current.current = load;
  useEffect(() => {
    if (key === null) {
      setState({ key, loading: false });
      return;
    }
    const abort = new AbortController();
    setState((s) => ({ ...s, loading: true }));
    current.current(abort.signal).then(
      (data) => { if (!abort.signal.aborted) setState({ key, data, loading: false }); },
      (e: unknown) => {
        if (abort.signal.aborted) return;
        const error = e instanceof ApiError ? e : new ApiError(0, 'page', String((e as Error)?.message ?? e));
        setState((s) => ({ key, data: s.key === key ? s.data : undefined, error, loading: false }));
      },
    );
    return () => abort.abort();
  }, [key, turn]);
  const stale = state.key !== key;
  return {
    data: fresh && stale ? undefined : state.data,
    error: stale ? undefined : state.error,
    loading: state.loading || stale && key !== null,
    stale: stale && state.data !== undefined,
    reload: useCallback(() => setTurn((n) => n + 1), []),
    set: useCallback((data: T) => setState({ key, data, loading: false }), [key]),
  };
}
