// Fields whose text becomes a parameter of the address while it is typed.
import { useEffect, useRef, useState } from 'preact/hooks';
import { query, setQuery, type QueryChange } from '../../app/router';

/**
 * A text that follows a parameter and sets it 200 ms after the last key. The first letter makes an entry of the history
 * and the others change it, so that "back" takes away the whole text. write makes the change of a text, undefined for
 * one that means nothing yet.
 */
export function useTyped(key: string, write: (text: string) => QueryChange | undefined = (text) => ({ [key]: text })) {
  const url = query.value.get(key) ?? '';
  const [text, setText] = useState(url);
  const known = useRef(url);
  const timer = useRef(0);
  useEffect(() => {
    if (url === known.current) return;
    known.current = url; // somebody else changed it: a chip, the back button
    setText(url);
  }, [url]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const apply = (value: string) => {
    clearTimeout(timer.current);
    const change = write(value);
    if (!change) return;
    const first = !query.peek().get(key);
    known.current = String(change[key] ?? '');
    setQuery({ cursor: null, ...change }, { replace: !first });
  };
  return {
    text,
    type(value: string) {
      setText(value);
      clearTimeout(timer.current);
      timer.current = window.setTimeout(() => apply(value), 200);
    },
    apply,
  };
}
