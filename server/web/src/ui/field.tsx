import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

/** A label, a control with the id that it is given, and what is wrong with it or how to fill it. */
export function Field({ label, hint, error, children }: { label: string; hint?: ComponentChildren; error?: string; children: (id: string, describedBy: string | undefined) => ComponentChildren }) {
  const id = useId();
  const about = error || hint ? id + '-about' : undefined;
  return (
    <div class={error ? 'field wrong' : 'field'}>
      <label for={id}>{label}</label>
      {children(id, about)}
      {about && <p id={about} class="hint">{error || hint}</p>}
    </div>
  );
}

interface TextProps {
  label: string;
  hint?: ComponentChildren;
  error?: string;
  value: string;
  onText(text: string): void;
  type?: 'text' | 'password' | 'search' | 'number' | 'datetime-local';
  placeholder?: string;
  autocomplete?: 'off' | 'username' | 'current-password' | 'new-password';
  required?: boolean;
  disabled?: boolean;
  autofocus?: boolean;
  list?: string;
  min?: number;
  name?: string;
}

export function TextField({ label, hint, error, onText, autofocus, type, ...rest }: TextProps) {
  const ref = useRef<HTMLInputElement>(null);
  useEffect(() => { if (autofocus) ref.current?.focus(); }, []);
  return (
    <Field label={label} hint={hint} error={error}>
      {(id, about) => <input ref={ref} type={type as 'text'} autocomplete="off" spellcheck={false} {...rest} id={id} aria-describedby={about} aria-invalid={error ? true : undefined} onInput={(e) => onText(e.currentTarget.value)} />}
    </Field>
  );
}

export function SelectField<T extends string>({ label, hint, value, options, onChoice }: { label: string; hint?: ComponentChildren; value: T; options: readonly (readonly [NoInfer<T>, string])[]; onChoice(value: NoInfer<T>): void }) {
  return (
    <Field label={label} hint={hint}>
      {(id, about) => (
        <select id={id} aria-describedby={about} value={value} onChange={(e) => onChoice(e.currentTarget.value as T)}>
          {options.map(([v, text]) => <option key={v} value={v}>{text}</option>)}
        </select>
      )}
    </Field>
  );
}

export function CheckField({ label, hint, checked, onCheck }: { label: ComponentChildren; hint?: ComponentChildren; checked: boolean; onCheck(on: boolean): void }) {
  const id = useId();
  return (
    <div class="check">
      <input id={id} type="checkbox" checked={checked} onChange={(e) => onCheck(e.currentTarget.checked)} aria-describedby={hint ? id + '-about' : undefined} />
      <label for={id}>{label}</label>
      {hint && <p id={id + '-about'} class="hint">{hint}</p>}
    </div>
  );
}

/** A choice of few, all in sight. */
export function Segmented<T extends string>({ label, value, options, onChoice, small }: { label: string; value: T; options: readonly (readonly [NoInfer<T>, string])[]; onChoice(value: NoInfer<T>): void; small?: boolean }) {
  return (
    <div class={small ? 'segmented small' : 'segmented'} role="group" aria-label={label}>
      {options.map(([v, text]) => <button key={v} type="button" aria-pressed={v === value} onClick={() => onChoice(v)}>{text}</button>)}
    </div>
  );
}
