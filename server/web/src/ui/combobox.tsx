import { useEffect, useId, useRef, useState } from 'preact/hooks';

export interface ComboboxProps {
  label: string;
  /** What is chosen; '' is nothing. */
  value: string;
  /** Enter, a suggestion that is picked, or a field that was emptied. What is typed and left is not a choice. */
  onValue(value: string): void;
  /** The values that begin so. A failure shows none. */
  suggest(prefix: string, signal: AbortSignal): Promise<readonly string[]>;
  placeholder?: string;
  /** The label is for who listens; the placeholder says it in sight. */
  bare?: boolean;
}

/** A text with suggestions: ↑ ↓ go through them, Enter takes one or what was typed, Escape brings back what was. */
export function Combobox({ label, value, onValue, suggest, placeholder, bare }: ComboboxProps) {
  const id = useId();
  const [text, setText] = useState(value);
  const [open, setOpen] = useState(false);
  const [options, setOptions] = useState<readonly string[]>([]);
  const [at, setAt] = useState(-1);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => setText(value), [value]);

  // A field that shows its choice suggests all there is; only what was typed since narrows it.
  const prefix = text === value ? '' : text.trim();
  useEffect(() => {
    if (!open) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      suggest(prefix, abort.signal).then((found) => {
        setOptions(found);
        setAt(-1);
      }, () => { if (!abort.signal.aborted) setOptions([]); });
    }, prefix ? 120 : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [open, prefix]);
  useEffect(() => list.current?.children[at]?.scrollIntoView({ block: 'nearest' }), [at]);

  const choose = (v: string) => {
    setOpen(false);
    setText(v);
    if (v !== value) onValue(v);
  };
  const shown = open && options.length > 0;
  const key = (e: KeyboardEvent) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (move) {
      setOpen(true);
      // -1, before the first and behind the last, is what was typed.
      setAt(shown ? (at + 1 + move + options.length + 1) % (options.length + 1) - 1 : -1);
    } else if (e.key === 'Enter') {
      choose(shown && at >= 0 ? options[at]! : text.trim());
    } else if (e.key === 'Escape' && (open || text !== value)) {
      setOpen(false);
      setText(value);
      e.stopPropagation();
    } else {
      return;
    }
    e.preventDefault();
  };
  return (
    <div class="combobox">
      <label for={id} class={bare ? 'sr' : ''}>{label}</label>
      <input
        id={id} role="combobox" autocomplete="off" spellcheck={false} placeholder={placeholder} value={text}
        aria-autocomplete="list" aria-expanded={shown} aria-controls={id + '-list'} aria-activedescendant={shown && at >= 0 ? `${id}-${at}` : undefined}
        onClick={() => setOpen(true)} onKeyDown={key}
        onInput={(e) => { setText(e.currentTarget.value); setOpen(true); }}
        onBlur={() => choose(text.trim() === '' || options.includes(text.trim()) ? text.trim() : value)}
      />
      <ul id={id + '-list'} ref={list} role="listbox" aria-label={label} class="popover" hidden={!shown}>
        {shown && options.map((o, i) => (
          // The press is taken from the field, which would lose the focus before the click.
          <li key={o} id={`${id}-${i}`} role="option" aria-selected={i === at} class="menu-item" onMouseDown={(e) => e.preventDefault()} onClick={() => choose(o)}><span class="ellipsis">{o}</span></li>
        ))}
      </ul>
    </div>
  );
}
