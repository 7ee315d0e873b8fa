// Where there is nothing in the list: how the first trace comes, or why the filters found none.
import { useState } from 'preact/hooks';
import { get, inProject } from '../../app/api';
import { query, setQuery, changed } from '../../app/router';
import { useResource } from '../../app/resource';
import type { Setup, TraceList } from '../../api.gen';
import { ago } from '../../lib/format';
import { Button, CopyButton } from '../../ui/button';
import { Icon } from '../../ui/icon';
import { Empty, Failed, Loading } from '../../ui/state';
import { chips, cleared, listParams, longer, rangeText, type FilterChip } from './filters';

/** Decides which of the two it is. */
export function Nothing({ project }: { project: string }) {
  const path = inProject(project, 'traces');
  const any = useResource(path, async (signal) => (await get<TraceList>(path, { limit: 1 }, signal)).traces.length > 0);
  if (any.error) return <Failed error={any.error} retry={any.reload} what="the traces" />;
  if (any.data === undefined) return <Loading />;
  return any.data ? <NoMatch project={project} /> : <FirstTrace project={project} />;
}

interface Hints { drop: FilterChip[]; newest?: string }

/** Tries what would help: without each filter, and without the range. */
function NoMatch({ project }: { project: string }) {
  const q = query.value;
  const all = chips(q);
  const path = inProject(project, 'traces');
  const key = path + q.toString();
  const hints = useResource<Hints>(key, async (signal) => {
    const newest = async (change: URLSearchParams, timeless?: boolean) => {
      const { last, from, to, in: content, sort, ...rest } = listParams(change);
      return (await get<TraceList>(path, { ...rest, ...(timeless ? {} : { last, from, to }), limit: 1 }, signal)).traces[0]?.start;
    };
    if (q.get('in')) return { drop: [] }; // each answer would cost a search
    const drop: FilterChip[] = [];
    for (const c of all.length > 1 ? all.slice(0, 5) : []) {
      if (await newest(new URLSearchParams(changed(q, c.without)))) drop.push(c);
    }
    return { drop, newest: await newest(q, true) };
  }, { fresh: true });
  const { drop = [], newest } = hints.data ?? {};
  return (
    <Empty icon="search" title="No trace matches">
      <p>{all.length ? <>Nothing in {rangeText(q)} passes {all.length === 1 ? 'the filter' : `all ${all.length} filters`}.</> : <>Nothing began in {rangeText(q)}.</>}{newest && <> The newest before it began {ago(newest)}.</>}</p>
      {drop.length > 0 && <p>There are some without{drop.length > 1 && ' one of'}:</p>}
      <div class="row centred">
        {drop.map((c) => <Button key={c.key + c.value} icon="close" onClick={() => setQuery(c.without)}>{c.text}</Button>)}
        {all.length > 0 && <Button onClick={() => setQuery(cleared(q))}>Clear all filters</Button>}
      </div>
      <div class="row centred">
        {longer(q).map((r) => <Button key={r} icon="clock" onClick={() => setQuery({ last: r, from: null, to: null, cursor: null })}>Last {r.replace(/(\D)$/, ' $1')}</Button>)}
      </div>
    </Empty>
  );
}

function FirstTrace({ project }: { project: string }) {
  const path = inProject(project, 'setup');
  const res = useResource(path, (signal) => get<Setup>(path, undefined, signal));
  const [client, setClient] = useState('go');
  if (res.error) return <Failed error={res.error} retry={res.reload} what="the set-up" />;
  if (!res.data) return <Loading />;
  const block = res.data.clients.find((c) => c.client === client) ?? res.data.clients[0];
  return (
    <section class="first-trace stack">
      <h2>Send the first trace</h2>
      <p class="muted">To <code>{res.data.url}</code>, with a token from the <a href={`/p/${encodeURIComponent(project)}/settings`}>project's settings</a> in place of <code>trt_YOUR_TOKEN</code>.</p>
      <div class="tabs" role="group" aria-label="Client">
        {res.data.clients.map((c) => <button key={c.client} type="button" aria-current={c.client === block?.client ? 'page' : undefined} onClick={() => setClient(c.client)}>{c.title}</button>)}
      </div>
      {block && <Code title="Environment" text={block.env} />}
      {block?.code && <Code title="Program" text={block.code} />}
      <p class="status running" role="status"><Icon name="running" /> Waiting for the first span…</p>
    </section>
  );
}

const Code = ({ title, text }: { title: string; text: string }) => (
  <div class="panel">
    <div class="panel-head"><h3 class="grow">{title}</h3><CopyButton small text={text}>Copy</CopyButton></div>
    <pre class="panel-body" tabIndex={0}>{text}</pre>
  </div>
);
