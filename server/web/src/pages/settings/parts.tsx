// What the pages of settings are built of.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Setup } from '../../api.gen';
import { ApiError } from '../../app/api';
import type { Resource } from '../../app/resource';
import { date, clock } from '../../lib/format';
import { Button, CopyButton } from '../../ui/button';
import { Confirm, Dialog } from '../../ui/dialog';
import { SelectField, TextField } from '../../ui/field';
import { Time } from '../../ui/span';
import { Failed, Loading, Note } from '../../ui/state';
import { expiryOf, periodOptions, type Period } from './expiry';

/** Something that is being done: whether it still is, and how it failed. */
export function useAction() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (e) {
      setError(e instanceof ApiError ? e : new ApiError(0, 'page', String(e)));
    }
    setBusy(false);
  };
  /** What is wrong with a member of what was sent. */
  const wrong = (field: string) => (error?.field === field ? said(error) : undefined);
  return { busy, error, run, wrong };
}

export type Action = ReturnType<typeof useAction>;

/** The server names the member first, which stands beside its field anyway. */
const said = (e: ApiError) => (e.field && e.message.startsWith(e.field + ': ') ? e.message.slice(e.field.length + 2) : e.message);

/** A failure, unless it is shown beside one of the fields. */
export function Problem({ act, fields = [] }: { act: Action; fields?: readonly string[] }) {
  return act.error && !fields.includes(act.error.field) ? <Note kind="error">{act.error.message}</Note> : null;
}

interface DialogProps {
  title: string;
  /** On the button that does it. */
  action: string;
  work(): Promise<unknown>;
  onClose(): void;
}

/** Asks for something and does it. When that fails the dialog stays, and says why: beside the field, for those of fields. */
export function FormDialog({ title, action, work, onClose, fields, ready = true, look = 'primary', children }: DialogProps & { fields?: readonly string[]; ready?: boolean; look?: 'primary' | 'danger'; children: (act: Action) => ComponentChildren }) {
  const act = useAction();
  const submit = (e: Event) => {
    e.preventDefault();
    if (ready) void act.run(work);
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        <div class="stack"><Problem act={act} fields={fields} />{children(act)}</div>
        <footer class="dialog-foot"><Button onClick={onClose}>Cancel</Button><Button type="submit" look={look} disabled={act.busy || !ready}>{action}</Button></footer>
      </form>
    </Dialog>
  );
}

/** Asks before something that cannot be undone, and does it. */
export function Ask({ title, action, work, onClose, children }: DialogProps & { children: ComponentChildren }) {
  const act = useAction();
  return <Confirm title={title} action={action} busy={act.busy} onClose={onClose} onConfirm={() => void act.run(work)}><p>{children}</p><Problem act={act} /></Confirm>;
}

/** What has loaded, or why it has not. */
export function Loaded<T>({ of, what, children }: { of: Resource<T>; what: string; children: (data: T) => ComponentChildren }) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  return of.error ? <Failed error={of.error} retry={of.reload} what={what} /> : <Loading lines={4} />;
}

export interface Column<T> { label: string; num?: boolean; cell(row: T): ComponentChildren }

/** A table that becomes a list of cards where there is little room. A column without a label holds what can be done. */
export function List<T>({ label, rows, columns, id, ended }: { label: string; rows: readonly T[]; columns: readonly Column<T>[]; id(row: T): string; ended?(row: T): boolean }) {
  return (
    <div class="table-wrap">
      <table class="table cards" aria-label={label}>
        <thead><tr>{columns.map((c) => <th key={c.label} class={c.num ? 'num' : ''}>{c.label || <span class="sr">Actions</span>}</th>)}</tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={id(row)} class={ended?.(row) ? 'ended' : ''}>{columns.map((c) => <td key={c.label} class={c.num ? 'num' : c.label ? '' : 'do'} data-label={c.label}>{c.cell(row)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Panel({ title, about, action, children }: { title: string; about?: ComponentChildren; action?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="panel">
      <header class="panel-head"><h2 class="grow">{title}</h2>{action}</header>
      {about && <p class="panel-about hint">{about}</p>}
      {children}
    </section>
  );
}

/** Tells a password manager whose password the form is about. */
export const Whose = ({ name }: { name: string }) => <input hidden readOnly autocomplete="username" name="username" value={name} />;

export const passwordHint = 'At least 10 characters; several words are good.';

/** A moment, or a word where there is none. */
export const When = ({ at, none }: { at: string | null; none?: string }) => (at === null ? <span class="muted">{none}</span> : <Time at={at} relative />);

/** A choice of periods, and a time of one's own. The result is for the API; undefined is not complete. */
export function useExpiry(first: Period, all: readonly Period[], label = 'Ends after') {
  const [period, setPeriod] = useState(first);
  const [custom, setCustom] = useState('');
  const expires = expiryOf(period, custom);
  return {
    expires,
    field: (
      <>
        <SelectField<Period> label={label} value={period} options={periodOptions(all)} onChoice={setPeriod} hint={expires && period !== 'custom' ? `Until ${date(expires)}, ${clock(expires).slice(-8, -3)}` : undefined} />
        {period === 'custom' && <TextField label="Time" type="datetime-local" value={custom} onText={setCustom} required />}
      </>
    ),
  };
}

/** A text to be copied. */
export function Code({ text, label }: { text: string; label: string }) {
  return <div class="code"><pre tabIndex={0} aria-label={label}><code>{text}</code></pre><CopyButton text={text} small look="quiet" label={'Copy ' + label} /></div>;
}

/** Something that the server does not know either, from now on. */
export function Secret({ text, label, children }: { text: string; label: string; children?: ComponentChildren }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <div class="stack">
      <Note kind="warn"><b>Copy it now.</b> You will not see it again: the server keeps only a hash of it.{children}</Note>
      <div class="secret"><input ref={field} readOnly value={text} aria-label={label} onFocus={(e) => e.currentTarget.select()} /><CopyButton text={text} look="primary">Copy</CopyButton></div>
    </div>
  );
}

/** How programs send their traces here, for one kind of program at a time. */
export function SetupTabs({ setup }: { setup: Setup }) {
  const [client, setClient] = useState<string>(setup.clients[0]?.client ?? '');
  const block = setup.clients.find((c) => c.client === client);
  return (
    <div class="stack">
      <div class="tabs" role="tablist" aria-label="Kind of program">
        {setup.clients.map((c) => <button key={c.client} type="button" role="tab" aria-selected={c.client === client} onClick={() => setClient(c.client)}>{c.title}</button>)}
      </div>
      {block && (
        <div class="stack" role="tabpanel" aria-label={block.title}>
          <h3>Environment</h3>
          <Code text={block.env} label="environment" />
          {block.code && <><h3>Code</h3><Code text={block.code} label="code" /></>}
        </div>
      )}
    </div>
  );
}
