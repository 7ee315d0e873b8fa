// The filters in sight; the others are behind "More filters".
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError, get, inProject } from '../../app/api';
import { navigate, query, setQuery, tracePath } from '../../app/router';
import type { Skeleton, ValuesReply } from '../../api.gen';
import { Button } from '../../ui/button';
import { Combobox } from '../../ui/combobox';
import { Icon } from '../../ui/icon';
import { Popover } from '../../ui/menu';
import { chips, cleared, ranges, spanMillis, traceDigits } from './filters';
import { MoreFilters } from './morefilters';
import { useTyped } from './typed';

/** Sets a filter; what was loaded page by page begins again. */
export const filter = (key: string, value: string | readonly string[] | null) => setQuery({ [key]: value, cursor: null });

/** Suggests the values that a property has in the project. */
export const valuesOf = (project: string, key: string) => async (prefix: string, signal: AbortSignal) =>
  (await get<ValuesReply>(inProject(project, 'values', key), { prefix, limit: 50 }, signal)).values;

export function FilterBar({ project, children }: { project: string; children: ComponentChildren }) {
  const q = query.value;
  return (
    <form class="filters" role="search" aria-label="Filters" onSubmit={(e) => e.preventDefault()}>
      <TextFilter />
      <Combobox bare label="Service" placeholder="Service" value={q.get('service') ?? ''} onValue={(v) => filter('service', v)} suggest={valuesOf(project, 'service')} />
      <TraceIdFilter project={project} />
      <StatusFilter />
      <Popover icon="filter" text="More filters" label="More filters" align="right">{() => <MoreFilters project={project} />}</Popover>
      {children}
    </form>
  );
}

function TextFilter() {
  const typed = useTyped('q', (text) => ({ q: text.trim(), ...(text.trim() ? {} : { in: null }) }));
  const content = query.value.get('in') === 'content';
  return (
    <div class="search">
      <Icon name="search" />
      <input
        id="search" type="search" aria-label="Search" placeholder="Search name, tags, preview" maxLength={200} autocomplete="off" value={typed.text}
        onInput={(e) => typed.type(e.currentTarget.value)}
        onKeyDown={(e) => { if (e.key === 'Enter') typed.apply(typed.text); else if (e.key === 'Escape') e.currentTarget.blur(); }}
      />
      {typed.text.trim() && (
        <Button small look="quiet" class={content ? 'active' : ''} aria-pressed={content} label="Search in inputs and outputs too" onClick={() => setQuery({ q: typed.text.trim(), in: content ? null : 'content', sort: null, cursor: null })}>
          inputs and outputs
        </Button>
      )}
    </div>
  );
}

/** Filters by the first digits; Enter on a whole id goes to its trace, however old that is. */
function TraceIdFilter({ project }: { project: string }) {
  const [wrong, setWrong] = useState('');
  const typed = useTyped('trace_id', (text) => {
    const digits = traceDigits(text);
    return digits === null ? undefined : { trace_id: digits };
  });
  const open = async () => {
    const id = traceDigits(typed.text);
    if (id?.length !== 32) return typed.apply(typed.text);
    try {
      await get<Skeleton>(inProject(project, 'traces', id), { max_spans: 1 });
      navigate(tracePath(project, id));
    } catch (e) {
      setWrong(e instanceof ApiError && e.status === 404 ? 'There is no trace with this ID' : (e as Error).message);
    }
  };
  const about = wrong || (traceDigits(typed.text) === null ? 'Trace IDs have the digits 0-9 and a-f' : '');
  return (
    <div class="trace-id">
      <input
        type="text" class="mono" aria-label="Trace ID" placeholder="Trace ID" autocomplete="off" spellcheck={false} value={typed.text} aria-invalid={about ? true : undefined} aria-describedby={about ? 'trace-id-about' : undefined}
        onInput={(e) => { setWrong(''); typed.type(e.currentTarget.value); }}
        onKeyDown={(e) => { if (e.key === 'Enter') void open(); }}
      />
      {about && <p id="trace-id-about" class="hint" role="alert">{about}</p>}
    </div>
  );
}

function StatusFilter() {
  const q = query.value;
  const now = q.get('any_error') === 'true' ? 'any_error' : q.get('status') ?? '';
  const choose = (v: string) => setQuery({ status: v === 'any_error' ? null : v, any_error: v === 'any_error' ? 'true' : null, cursor: null });
  return (
    <select aria-label="Status" class={now ? 'set' : ''} value={now} onChange={(e) => choose(e.currentTarget.value)}>
      <option value="">Any status</option>
      <option value="running">Running</option>
      <option value="success">Success</option>
      <option value="error">Run failed</option>
      <option value="any_error">Any span failed</option>
      <option value="incomplete">Incomplete</option>
    </select>
  );
}

export function RangeFilter() {
  const q = query.value;
  const from = q.get('from');
  const to = q.get('to');
  const custom = !!(from || to);
  const last = custom ? '' : q.get('last') || '24h';
  // A link may have another range than the buttons.
  const options = !last || ranges.some(([r]) => r === last) ? ranges : [...ranges, [last, last.replace(/(\D)$/, ' $1')] as const];
  const start = () => setQuery({ last: null, from: new Date(Date.now() - (spanMillis(last) || 864e5)).toISOString(), to: null, cursor: null });
  return (
    <>
      <div class="segmented" role="group" aria-label="Time range">
        {options.map(([r, text]) => <button key={r} type="button" aria-pressed={r === last} onClick={() => setQuery({ last: r === '24h' ? null : r, from: null, to: null, cursor: null })}>{text}</button>)}
        <button type="button" aria-pressed={custom} onClick={() => { if (!custom) start(); }}>Custom</button>
      </div>
      {custom && <div class="custom-range"><Moment label="From" name="from" value={from} /><Moment label="Until" name="to" value={to} /></div>}
    </>
  );
}

/** A time in the clock of the browser; the address has it in UTC. */
function Moment({ label, name, value }: { label: string; name: 'from' | 'to'; value: string | null }) {
  const at = value ? new Date(value) : null;
  const local = at && !isNaN(+at) ? new Date(+at - at.getTimezoneOffset() * 6e4).toISOString().slice(0, 19) : '';
  const set = (text: string) => {
    const d = new Date(text);
    const other = name === 'from' ? 'to' : 'from';
    // Without both it would be "the last 24 h" again, which nobody asked for.
    if (text ? !isNaN(+d) : query.peek().get(other)) setQuery({ [name]: text && d.toISOString(), last: null, cursor: null }, { replace: true });
  };
  return <label class="row"><span class="muted">{label}</span><input type="datetime-local" step={1} value={local} onChange={(e) => set(e.currentTarget.value)} /></label>;
}

/** The filters that are set, each with what takes it away. */
export function Chips() {
  const q = query.value;
  const all = chips(q);
  if (all.length === 0) return null;
  return (
    <div class="row filter-chips" role="group" aria-label="Filters that are set">
      {all.map((c) => (
        <button key={c.key + c.value} type="button" class="chip" title={`Remove ${c.text}`} onClick={() => setQuery(c.without)}><span class="ellipsis">{c.text}</span><Icon name="close" size={12} label="remove" /></button>
      ))}
      <Button small look="quiet" onClick={() => setQuery(cleared(q))}>Clear all</Button>
    </div>
  );
}
