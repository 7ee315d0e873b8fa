// The top of the panel: what the span is, in figures, where it belongs, and what there is to take along.
import { useMemo } from 'preact/hooks';
import type { FullSpan } from '../../../api.gen';
import { me } from '../../../app/session';
import { cost, count, duration, plural, short } from '../../../lib/format';
import { typeLabel } from '../../../lib/kinds';
import { Button, CopyButton } from '../../../ui/button';
import { Icon } from '../../../ui/icon';
import { Popover } from '../../../ui/menu';
import { KindMark, StatusMark } from '../../../ui/span';
import { spanCurl, spanFile, spanLink } from '../links';
import type { SpanRow, TraceModel } from '../model';
import type { TraceSource } from '../source';
import { familyOf } from './family';

interface Props { source: TraceSource; model: TraceModel; span: SpanRow; full?: FullSpan; onSelect(id: string): void; onClose(): void }

export function Head({ source, model, span, full, onSelect, onClose }: Props) {
  return (
    <>
      <header class="span-title">
        <KindMark type={span.type} kind={span.kind} />
        <h2 title={span.name}>{span.name || typeLabel(span.type)}</h2>
        <CopyMenu source={source} span={span} full={full} />
        <Button icon="close" look="quiet" label="Close the span" onClick={onClose} />
      </header>
      <div class="span-head">
        <Facts span={span} full={full} />
        <Ways model={model} span={span} onSelect={onSelect} />
      </div>
    </>
  );
}

function Facts({ span, full }: { span: SpanRow; full?: FullSpan }) {
  const t = span.tokens;
  const a = (full?.attributes && typeof full.attributes === 'object' ? full.attributes : {}) as Record<string, unknown>;
  const first = full && typeof a['completionStartTime'] === 'string' ? (Date.parse(a['completionStartTime']) - Date.parse(full.start)) * 1e6 : NaN;
  const ttft = first >= 0 ? first : null; // before the start: one of two clocks is wrong
  const writing = span.dur - (ttft ?? 0);
  const finish = a['finishReason'] ?? undefined; // whatever was sent: an object need not have a text of its own
  const entity = full?.entity;
  const facts: [string, unknown, string?][] = [
    ['Duration', span.event ? 'event' : span.dur < 0 ? 'running' : duration(span.dur)],
    ['Start', span.start ? (span.start < 0 ? '−' : '+') + duration(Math.abs(span.start)) : 'with the trace', full?.start],
    ['Model', span.model, typeof a['provider'] === 'string' ? a['provider'] : undefined],
    ['Tokens', t && t.total > 0 && `${short(t.input)} in · ${short(t.output)} out`, t ? `${count(t.input)} in, ${count(t.output)} out` : ''],
    ['Cached', t && t.cached > 0 && short(t.cached), 'part of the input'],
    ['Reasoning', t && t.reasoning > 0 && short(t.reasoning), 'part of the output'],
    ['Cost', span.cost != null && cost(span.cost)],
    ['First token', ttft !== null && duration(ttft), 'time until the first token came'],
    ['Speed', t && t.output > 0 && writing > 0 && `${short(t.output / (writing / 1e9))} tokens/s`, ttft === null ? 'output over the whole duration' : 'output after the first token'],
    ['Finish', typeof finish === 'object' ? JSON.stringify(finish) : finish],
    [entity?.type ? typeLabel(entity.type) : 'Entity', entity && (entity.name || entity.id), entity?.id],
    ['Service', span.service],
  ];
  return (
    <dl class="facts">
      <div><dt>Status</dt><dd><StatusMark status={span.status} text /></dd></div>
      {facts.map(([name, value, title]) => value && <div key={name} title={title}><dt>{name}</dt><dd>{String(value)}</dd></div>)}
      {span.clock && <div title="The start that was sent is not credible; this is when it arrived"><dt>Clock</dt><dd>wrong</dd></div>}
    </dl>
  );
}

/** More are in the waterfall. */
const listed = 100;

function Ways({ model, span, onSelect }: { model: TraceModel; span: SpanRow; onSelect(id: string): void }) {
  const { parent, children, cause } = useMemo(() => familyOf(model, span), [model, span.id]);
  if (!parent && !children.length) return null;
  return (
    <nav class="row span-ways" aria-label="Related spans">
      {parent && <Button small icon="up" label="Go to the parent" onClick={() => onSelect(parent.id)}><span class="ellipsis">{parent.name}</span></Button>}
      {children.length > 0 && (
        <Popover small icon="down" text={plural(children.length, 'child', 'children')} label="Go to a child">
          {(close) => children.slice(0, listed).map((c) => (
            <button key={c.id} type="button" class="menu-item" onClick={() => { close(); onSelect(c.id); }}>
              <KindMark type={c.type} kind={c.kind} /><span class="ellipsis grow">{c.name}</span>{c.status === 'error' && <StatusMark status="error" />}<span class="num muted">{c.dur > 0 && duration(c.dur)}</span>
            </button>
          ))}
        </Popover>
      )}
      {cause && <Button small look="danger" icon="error" label="Go to the failed span below this one" onClick={() => onSelect(cause.id)}><span class="ellipsis">Failed: {cause.name}</span></Button>}
    </nav>
  );
}

function CopyMenu({ source, span, full }: { source: TraceSource; span: SpanRow; full?: FullSpan }) {
  const at = { origin: location.origin, open: !!me.value?.open };
  const link = spanLink(source, span.id, at);
  const mine = full?.span_id === span.id ? full : undefined;
  const file = spanFile(source, span.id);
  const copies = () => import('../copies');
  const texts: [string, string | (() => Promise<string>)][] = [['Link', link], ['As curl', spanCurl(source, span.id, at)]];
  if (mine) texts.push(['As Markdown, for an issue', async () => (await copies()).spanMarkdown(mine, link)], ['As text, for a coding agent', async () => (await copies()).spanText(mine, link)], ['As Go, for a test', async () => (await copies()).spanGo(mine)]);
  return (
    <Popover icon="copy" look="quiet" align="right" label="Copy the span">
      {() => (
        <div class="copy-menu">
          {texts.map(([name, text]) => <CopyButton key={name} look="quiet" label={name} text={text}>{name}</CopyButton>)}
          <a class="menu-item" href={file.href} download={file.name}><Icon name="download" /> Download JSON</a>
        </div>
      )}
    </Popover>
  );
}
