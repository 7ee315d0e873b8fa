// Which runs: by their ids, or out of those that are like the one which is known.
import { useState } from 'preact/hooks';
import type { TraceList } from '../../api.gen';
import { get, inProject } from '../../app/api';
import { useResource } from '../../app/resource';
import { setQuery } from '../../app/router';
import { duration } from '../../lib/format';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { StatusMark, Time } from '../../ui/span';

/** An id, or an address that has one: of a trace's page, or a link that was copied. */
export const idIn = (text: string) => (/traces\/([0-9a-f]{1,32})(?![0-9a-f])/i.exec(text) ?? /^\s*([0-9a-f]{1,32})\s*$/i.exec(text))?.[1]?.toLowerCase().padStart(32, '0') ?? '';

export function Choose({ project, a, b }: { project: string; a: string; b: string }) {
  const [first, setFirst] = useState(a);
  const [second, setSecond] = useState(b);
  const [tried, setTried] = useState(false);
  const wrong = (text: string) => (tried && !idIn(text) ? 'A trace id has 1 to 32 hex digits.' : '');
  const compare = (e: Event) => {
    e.preventDefault();
    setTried(true);
    if (idIn(first) && idIn(second)) setQuery({ a: idIn(first), b: idIn(second) });
  };
  return (
    <form class="panel panel-body choose stack" onSubmit={compare}>
      <p class="muted">Paste the ids of two runs, or the addresses of their pages. Most is to be learnt from a run that went well and one that did not.</p>
      <div class="choose-fields">
        <TextField label="A, the run to start from" value={first} onText={setFirst} error={wrong(first)} autofocus={!a} placeholder="4bf92f3577b34da6a3ce929d0e0e4736" />
        <TextField label="B, the run to look at" value={second} onText={setSecond} error={wrong(second)} autofocus={!!a} />
      </div>
      <div class="row"><Button look="primary" type="submit" icon="compare">Compare</Button></div>
      {(a || b) && <Alike project={project} known={a || b} choose={(id) => setQuery(a ? { b: id } : { a: id })} />}
    </form>
  );
}

/** The latest runs of the same name. */
function Alike({ project, known, choose }: { project: string; known: string; choose(id: string): void }) {
  const found = useResource(project + known, async (signal) => {
    const ask = (params: Record<string, string | number>) => get<TraceList>(inProject(project, 'traces'), params, signal);
    const run = (await ask({ trace_id: known, limit: 1 })).traces[0];
    return run ? (await ask({ q: run.name, limit: 20 })).traces.filter((t) => t.trace_id !== known && t.name === run.name) : [];
  });
  if (!found.data?.length) return null;
  return (
    <div class="stack">
      <h2>Or with one of the same name</h2>
      <ul>{found.data.map((t) => (
        <li key={t.trace_id}><button type="button" class="menu-item" onClick={() => choose(t.trace_id)}><StatusMark status={t.status} /><Time at={t.start} /><span class="num">{duration(t.duration_ns)}</span><span class="ellipsis muted">{t.preview || t.name}</span></button></li>
      ))}</ul>
    </div>
  );
}
