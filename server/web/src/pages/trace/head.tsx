// What a trace is, in a few lines: the first thing that is read.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { del, inProject, withParams } from '../../app/api';
import { navigate, tracePath, tracesPath } from '../../app/router';
import { may, me } from '../../app/session';
import { count, cost, duration, short } from '../../lib/format';
import { Button, CopyButton, LinkButton } from '../../ui/button';
import { Confirm } from '../../ui/dialog';
import { Popover } from '../../ui/menu';
import { Chip, KindMark, StatusMark, Time } from '../../ui/span';
import { Note } from '../../ui/state';
import { more } from '../../app/more';
import type { Running } from './follow';
import { contexts } from './hints';
import type { SpanRow, TraceModel } from './model';
import type { TraceSource } from './source';
import { neighbours, settledAddress } from './state';

export function Head({ source, model, time, selected, onErrors, onSpan }: {
  source: TraceSource; model: TraceModel; time: Running; selected: string; onErrors(): void; onSpan(id: string): void;
}) {
  const t = model.trace;
  const project = source.project?.name;
  const { cached, reasoning } = t.tokens;
  return (
    <header class="trace-head">
      <div class="trace-title">
        {project && <Neighbours project={project} trace={t.trace_id} />}
        <KindMark type={t.type} />
        <h1 class="ellipsis" title={t.name}>{t.name || t.trace_id}</h1>
        <StatusMark status={t.status} text />
        <span class="trace-tags">{t.tags.map((x) => <Chip key={x}>{x}</Chip>)}</span>
        {project && <Actions source={source} project={project} model={model} selected={selected} />}
      </div>
      <dl class="facts">
        <Fact name={t.status === 'running' ? 'Still running' : 'Duration'}>{duration(time.grows ? time.now : t.duration_ns)}</Fact>
        <Fact name="Started"><Time at={t.start} /></Fact>
        {t.service && <Fact name="Service">{t.service}</Fact>}
        <Fact name="Spans">{count(t.spans)}</Fact>
        <Fact name="Errors">{t.span_errors > 0 ? <button type="button" class="link error" title="Go to the first (e)" onClick={onErrors}>{count(t.span_errors)}</button> : '0'}</Fact>
        <Fact name="Tokens in / out">
          {t.tokens.total > 0 ? `${short(t.tokens.input)} / ${short(t.tokens.output)}` : '–'}
          {cached > 0 && <span class="muted"> · {short(cached)} cached</span>}
          {reasoning > 0 && <span class="muted"> · {short(reasoning)} reasoning</span>}
        </Fact>
        <Fact name="Cost">{cost(t.cost_usd)}</Fact>
        <Contexts rows={contexts(model.rows)} onSpan={onSpan} />
        {t.user && <Fact name="User">{t.user}</Fact>}
        {t.thread && <Fact name="Thread">{project ? <a href={withParams(tracesPath(project), { thread: t.thread })}>{t.thread}</a> : t.thread}</Fact>}
      </dl>
    </header>
  );
}

const Fact = ({ name, children }: { name: string; children: ComponentChildren }) => <div><dt>{name}</dt><dd>{children}</dd></div>;

function Neighbours({ project, trace }: { project: string; trace: string }) {
  const { path, before, behind } = neighbours(trace);
  return (
    <>
      <LinkButton small look="quiet" icon="left" label="Back to the traces" href={path ?? tracesPath(project)} />
      {before && <LinkButton small look="quiet" icon="up" label="Previous trace of the list ([)" href={tracePath(project, before)} />}
      {behind && <LinkButton small look="quiet" icon="down" label="Next trace of the list (])" href={tracePath(project, behind)} />}
    </>
  );
}

/** What each model call was given, as bars: a context that grows until it overflows can be seen at a glance. */
function Contexts({ rows, onSpan }: { rows: SpanRow[]; onSpan(id: string): void }) {
  if (rows.length < 3) return null;
  const all = rows.map((r) => r.tokens!.input);
  const most = Math.max(...all);
  const step = Math.max(1, rows.length / 40);
  const bars = [];
  for (let i = 0; i < rows.length; i += step) bars.push(all[Math.floor(i)]!);
  const worst = rows[all.indexOf(most)]!;
  const said = `Input tokens of ${rows.length} model calls: from ${short(all[0])} to ${short(all[all.length - 1])}, at most ${short(most)}`;
  return (
    <Fact name="Context">
      <button type="button" class="link spark" title={said + '. Go to the largest'} onClick={() => onSpan(worst.id)}>
        <svg width={bars.length * 3} height={16} aria-hidden="true">
          {bars.map((v, i) => <rect key={i} x={i * 3} y={16 - Math.max(v / most * 16, 1)} width={2} height={16} />)}
        </svg>
        {short(all[0])} → {short(all[all.length - 1])}
      </button>
    </Fact>
  );
}

const ShareDialog = more((m) => m.ShareDialog);

function Actions({ source, project, model, selected }: { source: TraceSource; project: string; model: TraceModel; selected: string }) {
  const { trace } = model;
  const [open, setOpen] = useState<'' | 'share' | 'delete'>('');
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState('');
  const write = may(project, 'write');
  const copies = async () => (await import('./copies')).traceCopies(model, source, { origin: location.origin, open: me.value?.open ?? false });
  const remove = async () => {
    setBusy(true);
    try {
      await del(inProject(project, 'traces', trace.trace_id));
      navigate(neighbours(trace.trace_id).path ?? tracesPath(project));
    } catch (e) {
      setWrong((e as Error).message);
      setBusy(false);
    }
  };
  return (
    <div class="row trace-actions">
      <CopyButton small label="Copy the link to what you see" text={settledAddress}>Copy link</CopyButton>
      <Popover small icon="copy" text="Copy as" label="Copy this trace as" align="right">
        {() => (
          <div class="copy-menu">
            <CopyButton look="quiet" label="For an issue" text={async () => (await copies()).markdown}>Markdown</CopyButton>
            <CopyButton look="quiet" label="For a terminal" text={async () => (await copies()).curl}>curl</CopyButton>
          </div>
        )}
      </Popover>
      {write && <Button small icon="share" onClick={() => setOpen('share')}>Share</Button>}
      <Popover small icon="download" text="Export" label="Export this trace" align="right">
        {(close) => (['json', 'otlp', 'html'] as const).map((format) => (
          <a key={format} class="menu-item" href={source.project!.exportPath(format)} download={`trace-${trace.trace_id}.${format === 'html' ? 'html' : format === 'otlp' ? 'otlp.json' : 'json'}`} onClick={close}>
            {format === 'json' ? 'JSON, as Mastra sends it' : format === 'otlp' ? 'OpenTelemetry (OTLP JSON)' : 'One HTML file, opens offline'}
          </a>
        ))}
      </Popover>
      {write && <Button small look="quiet" icon="trash" label="Delete this trace" onClick={() => setOpen('delete')} />}
      {open === 'share' && <ShareDialog project={project} trace={trace.trace_id} span={selected || undefined} onClose={() => setOpen('')} />}
      {open === 'delete' && (
        <Confirm title="Delete this trace?" action="Delete" busy={busy} onConfirm={remove} onClose={() => setOpen('')}>
          <p>{count(trace.spans)} spans with all that belongs to them will be gone. Links to the trace, shared ones too, will lead nowhere.</p>
          {wrong && <Note kind="error">{wrong}</Note>}
        </Confirm>
      )}
    </div>
  );
}
