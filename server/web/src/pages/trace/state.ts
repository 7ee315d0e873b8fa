// What the page remembers: in the URL, on this machine, for a moment.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { query, setQuery } from '../../app/router';

/** The URL follows after so many ms: browsers refuse to have it changed with each movement. */
const settle = 200;

/** The address, once it says what is shown. */
export const settledAddress = () => new Promise<string>((done) => setTimeout(() => done(location.href), settle + 20));

/** A parameter of the URL, '' where it is missing, and what changes it. */
export function useParam(name: string): [string, (value: string) => void] {
  const url = query.value.get(name) ?? '';
  const [value, setValue] = useState(url);
  const timer = useRef(0);
  useLayoutEffect(() => { // at once: after the paint it would undo what a key has changed since
    clearTimeout(timer.current);
    setValue(url);
  }, [url]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return [value, (v) => {
    setValue(v);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setQuery({ [name]: v }, { replace: true }), settle);
  }];
}

/** The selected span: at once here, a moment later in the URL. Moving is one entry of the history, choosing another one each. */
export function useSelection(spanId: string, onSelect: (id: string, replace?: boolean) => void): [string, (id: string, moving?: boolean) => void] {
  const [value, setValue] = useState(spanId);
  const timer = useRef(0);
  useLayoutEffect(() => { // at once: after the paint it would undo what a key has moved since
    clearTimeout(timer.current);
    setValue(spanId);
  }, [spanId]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return [value, (id, moving) => {
    setValue(id);
    clearTimeout(timer.current);
    if (moving) timer.current = window.setTimeout(() => onSelect(id, true), settle);
    else if (id !== spanId) onSelect(id, false);
  }];
}

/** A measure that this browser keeps. */
export function useMeasure(key: string, normal: number): [number, (n: number) => void] {
  const [value, setValue] = useState(() => Number(localStorage.getItem(key)) || normal);
  return [value, (n) => {
    setValue(n);
    localStorage.setItem(key, String(Math.round(n)));
  }];
}

/** The list that the user came from, which its page keeps: the traces before and behind this one. */
export function neighbours(trace: string): { path?: string; before?: string; behind?: string } {
  try {
    const { path, ids } = JSON.parse(sessionStorage.getItem('tailrace.list') ?? '{}') as { path?: string; ids?: string[] };
    const at = ids?.indexOf(trace) ?? -1;
    return at < 0 ? {} : { path, before: ids![at - 1], behind: ids![at + 1] };
  } catch {
    return {};
  }
}
