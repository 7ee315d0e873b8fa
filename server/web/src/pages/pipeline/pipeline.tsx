// The honest account: what was sent, what arrived, what became of it, from the program to the disk.
import { useRef } from 'preact/hooks';
import type { Exporter, PipelineReply } from '../../api.gen';
import { get } from '../../app/api';
import { useResource } from '../../app/resource';
import { useTitle } from '../../app/title';
import { bytes, clock, count, duration, plural, short } from '../../lib/format';
import { Button } from '../../ui/button';
import { Icon, type IconName } from '../../ui/icon';
import { Time } from '../../ui/span';
import { Failed, Loading, Note } from '../../ui/state';
import { falling, received, sent, statusOf, total } from './account';
import { Balance, Equation, Fact, Rejected, Section } from './parts';
import { usePoll } from './poll';
import { Projects } from './projects';

const every = 5000;

export function Pipeline() {
  useTitle('Pipeline');
  const state = useResource('pipeline', (signal) => get<PipelineReply>('/api/pipeline', {}, signal));
  usePoll(every, state.reload);
  const { data, error } = state;
  const seen = useRef({ data, at: 0 });
  if (seen.current.data !== data) seen.current = { data, at: Date.now() };
  return (
    <div class="page pipeline">
      <header class="page-head">
        <h1>Pipeline</h1>
        <span class="muted">{data && `as of ${clock(seen.current.at)}, every 5 s`}</span>
        <Button icon="loop" look="quiet" label="Load again" onClick={state.reload} />
      </header>
      {error && data && <Note kind="warn">The account could not be brought up to date: {error.message} It is tried again.</Note>}
      {data ? <Account of={data} /> : error ? <Failed error={error} retry={state.reload} what="the account" /> : <Loading />}
    </div>
  );
}

function Account({ of: { exporters, ingest, store, projects } }: { of: PipelineReply }) {
  return (
    <>
      <Flow exporters={exporters} ingest={ingest} store={store} />
      <Exporters all={exporters} />
      <Section id="server" title="Server" aside={<span class="muted">{ingest.last_seen ? <>last received <Time at={ingest.last_seen} relative /></> : 'nothing has come yet'}</span>}>
        <p class="hint">Of the projects that you may read, since the server started. Every span and record that was read from a request is in here once.</p>
        <Equation of={received(ingest)} explain />
        <Rejected by={ingest.rejected} />
        <h3>Requests, of all projects</h3>
        <dl class="facts-grid">
          {falling(ingest.requests).map(([code, n]) => <Fact key={code} name={`answered ${code}`} about={statusOf(code)} wrong={code >= '5'}>{count(n)}</Fact>)}
          <Fact name="bodies" about="as they arrived, packed">{bytes(ingest.wire_bytes)}</Fact>
          <Fact name="in work" about="bodies that are being read and stored right now">{bytes(ingest.queue_bytes)}</Fact>
          <Fact name="waiting" about="requests that nobody works on yet">{count(ingest.waiting)}</Fact>
          <Fact name="returned" about="read, not stored, and the sender was told to send them again: they are no part of the account" wrong={ingest.returned > 0}>{count(ingest.returned)}</Fact>
          <Fact name="cut" about="stored, but for something too long">{count(ingest.cut)}</Fact>
          <Fact name="unlinked" about="records kept without the trace id that they came with, because it is none">{count(ingest.unlinked)}</Fact>
        </dl>
      </Section>
      <Store of={store} />
      <Projects all={projects} />
    </>
  );
}

/** Three stations and what passes between them. */
function Flow({ exporters, ingest, store }: Pick<PipelineReply, 'exporters' | 'ingest' | 'store'>) {
  const reported = exporters.reduce((n, e) => n + e.delivered, 0);
  const lost = exporters.reduce((n, e) => n + e.dropped + e.failed + e.abandoned, 0);
  return (
    <ol class="flow" aria-label="From the program to the disk">
      <Station icon="live" name="Exporters" href="#exporters-part" text={exporters.length ? short(exporters.reduce((n, e) => n + e.accepted, 0)) + ' accepted' : 'none reports'} note={lost ? short(lost) + ' lost' : ''} />
      <Arrow text={exporters.length ? short(reported) + ' delivered' : plural(total(ingest.requests), 'request')} />
      <Station icon="pipeline" name="Server" href="#server-part" text={short(ingest.received) + ' received'} difference={received(ingest).difference} note={total(ingest.rejected) ? short(total(ingest.rejected)) + ' rejected' : ''} />
      <Arrow text={short(ingest.stored + ingest.repeated) + ' to store'} />
      <Station icon="memory" name="Store" href="#store-part" text={short(store.stored) + ' stored'} difference={received(store).difference} note={bytes(store.bytes) + ' on disk'} />
    </ol>
  );
}

function Station({ icon, name, href, text, difference, note }: { icon: IconName; name: string; href: string; text: string; difference?: number; note: string }) {
  return (
    <li class="panel station">
      <h2><Icon name={icon} /> <a href={href}>{name}</a></h2>
      <p class="amount">{text}</p>
      <p class="row"><span class="muted">{note || '\u00a0'}</span>{difference !== undefined && <Balance difference={difference} />}</p>
    </li>
  );
}

const Arrow = ({ text }: { text: string }) => <li class="arrow"><span>{text}</span><span class="down" aria-hidden="true">↓</span><svg viewBox="0 0 80 12" width="80" height="12" aria-hidden="true"><path d="M0 6h76M71 1.5L76 6l-5 4.5" /></svg></li>;

function Exporters({ all }: { all: readonly Exporter[] }) {
  return (
    <Section id="exporters" title="Exporters" aside={<span class="muted">{all.length ? plural(all.length, 'instance') : ''}</span>}>
      {all.length === 0 ? (
        <Note>
          None has reported. Exporters of tailrace do with each request: <span class="mono">accepted + made = delivered + filtered + dropped + failed + abandoned + spooled + in flight</span>. Those of Mastra and OpenTelemetry say nothing of what they lose.
        </Note>
      ) : all.map((e, i) => (
        <article key={e.project + '/' + e.instance} class="stack exporter">
          <h3>{e.instance} <span class="muted">{e.project}, last seen <Time at={e.last_seen} relative /></span></h3>
          <Equation of={sent(e)} explain={i === 0} />
        </article>
      ))}
    </Section>
  );
}

function Store({ of: s }: { of: PipelineReply['store'] }) {
  return (
    <Section id="store" title="Store" aside={<span class="muted">{s.oldest ? `oldest kept: ${s.oldest}` : 'empty'}</span>}>
      <Equation of={received(s)} />
      <dl class="facts-grid">
        <Fact name="commits" about="transactions; a sender is answered after the one that holds its spans">{count(s.commits)}</Fact>
        <Fact name="commit p50" about="of the slowest project: half of its commits were as fast as this">{duration(s.commit_p50_ns)}</Fact>
        <Fact name="commit p99" about="of the slowest project. Above a second, the disk is too slow for what comes" wrong={s.commit_p99_ns > 1e9}>{duration(s.commit_p99_ns)}</Fact>
        <Fact name="to be committed" about="waits for the next transaction">{bytes(s.queue_bytes)}</Fact>
        <Fact name="on disk" about="files of all days, with their indexes">{bytes(s.bytes)}</Fact>
        <Fact name="dropped by retention" about="days beyond the limits of their project, whole">{s.dropped.days ? `${plural(s.dropped.days, 'day')}, ${plural(s.dropped.traces, 'trace')}, ${bytes(s.dropped.bytes)}` : 'nothing'}</Fact>
        <Fact name="late roots" about="roots that came in a later batch than a child. Usual for long runs">{count(s.late_roots)}</Fact>
        <Fact name="clock skew" about="spans whose start was not credible: they have the time of receipt in its place. Look at the sender’s clock" wrong={s.clock > 0}>{count(s.clock)}</Fact>
      </dl>
    </Section>
  );
}
