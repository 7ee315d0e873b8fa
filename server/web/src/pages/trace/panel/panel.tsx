// All about one span, beside the waterfall. What it shows has the address: the span in the path, the tab in the query.
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { FullSpan } from '../../../api.gen';
import { useResource } from '../../../app/resource';
import { query, setQuery } from '../../../app/router';
import { CopyButton } from '../../../ui/button';
import { Failed, Loading, Note } from '../../../ui/state';
import type { SpanRow, TraceModel } from '../model';
import type { TraceSource } from '../source';
import { conversation, type Conversation } from './chat';
import { earlierCalls } from './delta';
import { Head } from './head';
import { Json } from './json';
import { loadSpan, spanKey } from './load';
import { marksIn } from './marks';
import { Problem } from './problem';
import { Chat, type Before } from './said';
import { Text } from './text';

interface Props { source: TraceSource; model: TraceModel; span: SpanRow; onSelect(id: string): void; onClose(): void }

export function SpanPanel({ source, model, span, onSelect, onClose }: Props) {
  const { data: full, error, stale, reload } = useResource<FullSpan>(spanKey(source, span), (signal) => loadSpan(source, span, signal));
  const chat = useMemo(() => full && conversation(full), [full]);
  const before = useBefore(source, model, span, chat && !stale ? chat : undefined, onSelect);
  const mine = stale ? undefined : full;
  return (
    <div class="span-panel">
      <Head source={source} model={model} span={span} full={mine} onSelect={onSelect} onClose={onClose} />
      {error ? <Failed error={error} retry={reload} what="the span" /> : !full ? <Loading /> : (
        <div class={stale ? 'span-body stale' : 'span-body'} aria-busy={stale}>
          {source.content ? <Contents key={full.span_id} full={full} chat={chat} before={before} /> : <Withheld full={full} />}
        </div>
      )}
    </div>
  );
}

/** How many calls are asked for messages. */
const patience = 3;

/** The conversation of the call before this one. */
function useBefore(source: TraceSource, model: TraceModel, span: SpanRow, chat: Conversation | undefined, onSelect: (id: string) => void): Before | undefined {
  const earlier = useMemo(() => (chat?.input.length ? earlierCalls(model, span).slice(0, patience) : []), [model, span.id, chat]);
  const { data, stale } = useResource(earlier.length ? earlier.map((r) => spanKey(source, r)).join('\n') : null, async (signal) => {
    for (const row of earlier) {
      const found = conversation(await loadSpan(source, row, signal));
      if (found?.input.some((m) => m.role !== 'input')) return { row, found };
    }
    return null;
  });
  return useMemo(() => (data && !stale && earlier.includes(data.row)
    ? { conversation: data.found, href: source.href(data.row.id), onSelect: () => onSelect(data.row.id) } : undefined), [data, stale, earlier]);
}

interface Tab { id: string; name: string; show(): ComponentChildren }

function tabsOf(full: FullSpan, chat: Conversation | undefined, before: Before | undefined): Tab[] {
  const tabs: Tab[] = [];
  const has = (v: unknown) => v != null && !(typeof v === 'object' && !Object.keys(v).length);
  if (chat) tabs.push({ id: 'chat', name: 'Chat', show: () => <Chat chat={chat} before={before} /> });
  tabs.push({ id: 'io', name: 'Input, output', show: () => <><Value name="Input" value={full.input} /><Value name="Output" value={full.output} /></> });
  if (has(full.attributes)) tabs.push({ id: 'attributes', name: 'Attributes', show: () => <Value name="Attributes" value={full.attributes} /> });
  const about = { tags: full.tags, entity: full.entity, request_context: full.request_context, external_parent_id: full.external_parent_id, ...full.extra };
  const rest = Object.fromEntries(Object.entries(about).filter(([, v]) => has(v)));
  if (has(full.metadata) || has(rest)) {
    tabs.push({ id: 'metadata', name: 'Metadata', show: () => <>{has(full.metadata) && <Value name="Metadata" value={full.metadata} />}{has(rest) && <Value name="Beside it" value={rest} />}</> });
  }
  if (full.events.length) tabs.push({ id: 'events', name: `Events ${full.events.length}`, show: () => <Value name="Events" value={full.events} /> });
  tabs.push({ id: 'raw', name: 'Raw', show: () => <Json value={full} label="The span as the interface gives it" /> });
  return tabs;
}

function Contents({ full, chat, before }: { full: FullSpan; chat?: Conversation; before?: Before }) {
  const tabs = tabsOf(full, chat, before);
  const wanted = query.value.get('tab');
  const at = Math.max(0, tabs.findIndex((t) => t.id === wanted));
  const choose = (i: number) => setQuery({ tab: i ? tabs[i]!.id : null }, { replace: true });
  const onKeyDown = (e: KeyboardEvent) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[e.key];
    if (to === undefined || !tabs[to]) return;
    e.preventDefault();
    choose(to);
    (e.currentTarget as Element).querySelectorAll('button')[to]!.focus();
  };
  return (
    <>
      {full.error && <Problem error={full.error} />}
      <div class="tabs" role="tablist" aria-label="Of the span" onKeyDown={onKeyDown}>
        {tabs.map((t, i) => <button key={t.id} type="button" role="tab" id={'tab-' + t.id} aria-selected={i === at} aria-controls="span-tab" tabIndex={i === at ? 0 : -1} onClick={() => choose(i)}>{t.name}</button>)}
      </div>
      <div id="span-tab" role="tabpanel" aria-labelledby={'tab-' + tabs[at]!.id} class="span-tab">{tabs[at]!.show()}</div>
    </>
  );
}

/** A value under its name, with what was taken out of it. */
function Value({ name, value }: { name: string; value: unknown }) {
  const { redacted, cut } = useMemo(() => marksIn(value), [value]);
  return (
    <section class="value">
      <h3 class="row">{name}
        {redacted > 0 && <span class="chip taken" title="Taken out before it was sent, where [REDACTED] stands">{redacted} redacted</span>}
        {cut > 0 && <span class="chip taken" title="Too long, too deep or too many to be sent whole">{cut} cut</span>}
        {value != null && <CopyButton small look="quiet" label={`Copy ${name}`} text={() => (typeof value === 'string' ? value : JSON.stringify(value, null, 2))} />}
      </h3>
      {value == null ? <p class="muted">None was sent.</p> : typeof value === 'string' ? <Text text={value} /> : <Json value={value} label={name} />}
    </section>
  );
}

const Withheld = ({ full }: { full: FullSpan }) => (
  <div class="span-tab">
    {full.status === 'error' && <Note kind="error">It failed. Why is not part of this link.</Note>}
    <Note>Inputs, outputs, attributes and metadata are not part of this link.</Note>
  </div>
);
