// A span or a trace as a text to take along: into an issue, a prompt, a test. It is loaded when somebody does.
import type { FullSpan } from '../../api.gen';
import { cost, count, duration } from '../../lib/format';
import type { SpanRow, TraceModel } from './model';
import { curl, type Place, type Where } from './links';

/** A span for an issue: its facts in a table, what it says in blocks. */
export function spanMarkdown(s: FullSpan, link: string): string {
  const facts = [
    ['Type', s.type], ['Status', s.status], ['Start', s.start], ['Duration', duration(s.duration_ns)], ['Service', s.service], ['Tokens', tokens(s)],
    ['Cost', s.cost_usd == null ? '' : cost(s.cost_usd)], ['Span', s.span_id], ['Trace', s.trace_id],
  ];
  const sections = contents(s).map(([name, v]) => `\n**${name}**\n\n${block(v)}`);
  return `### ${line(s.name)}\n\n| | |\n|---|---|\n${facts.filter(([, v]) => v).map(([k, v]) => `| ${k} | ${line(v!)} |`).join('\n')}\n${sections.join('\n')}\n\n${link}\n`;
}

/** A span for an agent that writes code: the facts first, then all that it says, whole. */
export function spanText(s: FullSpan, link: string): string {
  const head = `Span "${s.name}" (${s.type}) of service "${s.service}": ${s.status}, ${duration(s.duration_ns)}, started ${s.start}.`;
  const used = tokens(s);
  return [head, used && `Tokens: ${used}.`, `Source: ${link}`, ...contents(s).map(([name, v]) => `\n${name}:\n${readable(v)}`)].filter(Boolean).join('\n') + '\n';
}

const tokens = (s: FullSpan) => (s.usage.total ? `${count(s.usage.input)} in, ${count(s.usage.output)} out` : '');

/** All that a span has to say, under the name a reader knows. */
function contents(s: FullSpan): [string, unknown][] {
  const all: [string, unknown][] = [
    ['Error', s.error && problem(s.error)], ['Input', s.input], ['Output', s.output], ['Attributes', s.attributes], ['Metadata', s.metadata],
    ['Request context', s.request_context], ['Events', s.events.length ? s.events : null],
  ];
  return all.filter(([, v]) => v != null && !(typeof v === 'object' && !Object.keys(v).length));
}

function problem(e: NonNullable<FullSpan['error']>): string {
  const kind = [e.id, e.domain, e.category].filter(Boolean).join(' · ');
  const more = e.details == null ? '' : '\n' + readable(e.details);
  return `${e.name ? e.name + ': ' : ''}${e.message}${kind && ` (${kind})`}${e.stack && '\n' + e.stack}${more}`;
}

const readable = (v: unknown) => (typeof v === 'string' ? v : JSON.stringify(v, null, 2));

/** A value in a fence longer than any that is in it. */
function block(v: unknown): string {
  const text = readable(v);
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map((m) => m[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${typeof v === 'string' ? '' : 'json'}\n${text}\n${fence}`;
}

/** A text within one line of Markdown, and within a cell. */
const line = (s: string) => s.replace(/\s+/g, ' ').replace(/[\\|<>*_`[\]]/g, '\\$&');

/** Go source of a function that builds the span, for a test. */
export function spanGo(s: FullSpan): string {
  const fields: [string, string][] = [['TraceID', goText(s.trace_id)], ['ID', goText(s.span_id)]];
  const text = (name: string, v: string | null | undefined) => { if (v) fields.push([name, goText(v)]); };
  const value = (name: string, v: unknown) => { if (v != null) fields.push([name, goValue(v)]); };
  const time = (name: string, v: string | null) => { if (v) fields.push([name, goTime(v)]); };
  text('ParentID', s.parent_id);
  text('ExternalParentID', s.external_parent_id);
  text('Name', s.name);
  text('Type', s.type);
  text('EntityType', s.entity?.type);
  text('EntityID', s.entity?.id);
  text('EntityName', s.entity?.name);
  time('Start', s.start);
  time('End', s.end);
  value('Attributes', s.attributes);
  value('Metadata', s.metadata);
  value('RequestContext', s.request_context);
  value('Input', s.input);
  value('Output', s.output);
  if (s.is_event) fields.push(['Event', 'true']);
  if (s.is_root) fields.push(['Root', 'true']);
  if (s.tags.length) fields.push(['Tags', `[]string{${s.tags.map(goText).join(', ')}}`]);
  const extra = Object.entries(s.extra);
  if (s.events.length) extra.push(['events', s.events]);
  if (extra.length) fields.push(['Extra', list('[]span.Field{', extra.map(([k, v]) => `{Key: ${goText(k)}, Value: ${goValue(v)}}`), 2)]);
  if (s.error) fields.push(['Error', goError(s.error)]);
  return `package recorded

import (
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// recordedSpan is a span as it was recorded, for a test.
func recordedSpan() *span.Span {
	s := ${struct('&span.Span{', fields, 1)}
	s.Freeze()
	return s
}
`;
}

function goError(e: NonNullable<FullSpan['error']>): string {
  const texts: [string, string][] = [['Message', e.message], ['Name', e.name], ['ID', e.id], ['Domain', e.domain], ['Category', e.category], ['Stack', e.stack]];
  const fields = texts.filter(([, v]) => v).map(([k, v]): [string, string] => [k, goText(v)]);
  if (e.details != null) fields.push(['Details', goValue(e.details)]);
  return struct('&span.Error{', fields, 2);
}

const list = (open: string, items: string[], tabs: number) => `${open}\n${items.map((x) => '\t'.repeat(tabs + 1) + x + ',\n').join('')}${'\t'.repeat(tabs)}}`;

/** Fields one below the other, as gofmt aligns them: a value of several lines begins a new column. */
function struct(open: string, fields: [string, string][], tabs: number): string {
  const lines: string[] = [];
  for (let i = 0; i < fields.length;) {
    let j = i;
    while (j < fields.length && !fields[j]![1].includes('\n')) j++;
    const width = Math.max(0, ...fields.slice(i, j).map(([k]) => k.length));
    for (; i < j; i++) lines.push((fields[i]![0] + ':').padEnd(width + 2) + fields[i]![1]);
    if (i < fields.length) lines.push(fields[i]![0] + ': ' + fields[i++]![1]);
  }
  return list(open, lines, tabs);
}

const goValue = (v: unknown) => {
  const json = JSON.stringify(v);
  return goClean.test(json) ? goText(json) : '`' + json + '`';
};

/** What a raw string of Go cannot hold, or a reader of source should not overlook: marks that change the direction of text. */
const goClean = /[`\r\0\uFEFF\u200B-\u200F\u202A-\u202E\u2066-\u2069]|[\uD800-\uDFFF]/;

/** An interpreted string: JSON's escapes are Go's, but for half a surrogate pair, which Go has no way to write. */
const goText = (s: string) =>
  JSON.stringify(s.replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g, (c) => (c.length === 2 ? c : '\uFFFD')))
    .replace(/[\x7F\uFEFF\u200B-\u200F\u2028-\u202E\u2066-\u2069]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));

function goTime(t: string): string {
  const m = /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d{1,9}))?Z$/.exec(t);
  if (!m) return 'time.Time{}';
  const [, year, month, day, hour, minute, second, fraction = ''] = m;
  return `time.Date(${[year, month, day, hour, minute, second, fraction.padEnd(9, '0')].map(Number).join(', ')}, time.UTC)`;
}

/** How many spans an outline names. */
const outlined = 200;

/** What there is to copy of a whole trace. */
export function traceCopies(model: TraceModel, source: Where, at: Place): { link: string; curl: string; markdown: string } {
  const link = at.origin + source.href();
  return { link, curl: curl(source, source.path, at), markdown: outline(model, link) };
}

function outline({ trace, rows, byId }: TraceModel, link: string): string {
  const children = new Map<string, SpanRow[]>();
  const roots: SpanRow[] = [];
  for (const r of rows) {
    const of = byId.has(r.parentId) && r.parentId !== r.id ? children.get(r.parentId) ?? [] : roots;
    if (of !== roots) children.set(r.parentId, of);
    of.push(r);
  }
  const lines: string[] = [];
  const stack = roots.reverse().map((r) => ({ r, depth: 0 }));
  while (stack.length && lines.length < outlined) {
    const { r, depth } = stack.pop()!;
    const facts = [r.type, r.status === 'running' ? 'running' : r.event ? '' : duration(r.dur), r.tokens?.total ? `${count(r.tokens.total)} tokens` : '', r.status === 'error' ? '**failed**' : ''];
    lines.push(`${'  '.repeat(Math.min(depth, 20))}- ${line(r.name)} (${facts.filter(Boolean).join(', ')})`);
    for (const c of [...(children.get(r.id) ?? [])].reverse()) stack.push({ r: c, depth: depth + 1 });
  }
  const more = trace.spans - lines.length;
  const sum = [trace.status, duration(trace.duration_ns), `${count(trace.spans)} spans`, trace.span_errors ? `${count(trace.span_errors)} failed` : '', `${count(trace.tokens.total)} tokens`, trace.cost_usd == null ? '' : cost(trace.cost_usd)];
  return `### ${line(trace.name)}\n\n${sum.filter(Boolean).join(' · ')}\nService ${line(trace.service)}, started ${trace.start}, trace ${trace.trace_id}\n\n${lines.join('\n')}${more > 0 ? `\n- … ${count(more)} more` : ''}\n\n${link}\n`;
}
