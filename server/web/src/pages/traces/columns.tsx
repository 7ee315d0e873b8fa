// The columns of the list, and which of them are shown.
import type { ComponentChildren } from 'preact';
import type { TraceSummary } from '../../api.gen';
import { ago, clock, cost, count, duration, plural, short } from '../../lib/format';
import { now } from '../../lib/now';
import { Icon } from '../../ui/icon';
import { Chip, KindMark, StatusMark } from '../../ui/span';
import type { Sort } from './filters';

export interface Column {
  id: string;
  title: string;
  sort?: Sort;
  /** A figure. */
  num?: boolean;
  /** Shown only when it is chosen. */
  extra?: boolean;
  cell(t: TraceSummary): ComponentChildren;
}

export const columns: readonly Column[] = [
  { id: 'status', title: 'Status', cell: (t) => <StatusMark status={t.status} /> },
  { id: 'name', title: 'Name', cell: () => null }, // the row's link; see Row
  { id: 'service', title: 'Service', cell: (t) => t.service || '–' },
  { id: 'start', title: 'Start', sort: 'start', num: true, cell: (t) => <Started at={t.start} /> },
  { id: 'duration', title: 'Duration', sort: 'duration', num: true, cell: (t) => (t.status === 'running' ? <Elapsed since={t.start} /> : duration(t.duration_ns)) },
  { id: 'spans', title: 'Spans', num: true, cell: (t) => <>{t.span_errors > 0 && <Failures n={t.span_errors} />}<span class="span-count">{count(t.spans)}</span></> },
  { id: 'tokens', title: 'Tokens in / out', sort: 'tokens', num: true, cell: (t) => <span title={`${count(t.tokens.input)} in, ${count(t.tokens.output)} out`}>{t.tokens.total ? `${short(t.tokens.input)} / ${short(t.tokens.output)}` : '–'}</span> },
  { id: 'total', title: 'Tokens', num: true, extra: true, cell: (t) => short(t.tokens.total) },
  { id: 'cost', title: 'Cost', sort: 'cost', num: true, cell: (t) => cost(t.cost_usd) },
  { id: 'user', title: 'User', extra: true, cell: (t) => t.user },
  { id: 'thread', title: 'Thread', extra: true, cell: (t) => t.thread },
  { id: 'tags', title: 'Tags', extra: true, cell: (t) => t.tags.map((tag) => <Chip key={tag}>{tag}</Chip>) },
  { id: 'preview', title: 'Preview', cell: (t) => <span title={t.preview}>{t.preview}</span> },
];

/** Those without which a row says nothing. */
export const fixed = (id: string) => id === 'status' || id === 'name';

/** Reads the parameter cols, such as "service,start,user"; null is the usual ones. */
export function shownColumns(cols: string | null): readonly Column[] {
  const chosen = cols?.split(',');
  return columns.filter((c) => fixed(c.id) || (chosen ? chosen.includes(c.id) : !c.extra));
}

/** The parameter for a choice; null where it is the usual one. */
export function colsParam(ids: ReadonlySet<string>): string | null {
  const usual = columns.every((c) => fixed(c.id) || ids.has(c.id) === !c.extra);
  return usual ? null : columns.filter((c) => !fixed(c.id) && ids.has(c.id)).map((c) => c.id).join(',') || 'none';
}

/** Reads the clock, so that it alone is drawn anew each second. */
const Started = ({ at }: { at: string }) => <time dateTime={at} title={`${clock(at, { ms: true })} (${at})`}>{ago(at, now.value)}</time>;

const Elapsed = ({ since }: { since: string }) => (
  <span class="status running" title="Still running"><span class="running-word">running</span> {elapsed(now.value - +new Date(since))}</span>
);

/** Whole seconds: the digits behind would only flicker. */
const elapsed = (ms: number) => (ms < 6e4 ? Math.max(0, Math.floor(ms / 1000)) + ' s' : duration(ms * 1e6));

const Failures = ({ n }: { n: number }) => <span class="status error" title={plural(n, 'failed span')}><Icon name="error" size={13} label="failed:" />{count(n)}</span>;

export const Name = ({ t }: { t: TraceSummary }) => <><KindMark type={t.type} /><span class="ellipsis">{t.name || t.trace_id}</span></>;
