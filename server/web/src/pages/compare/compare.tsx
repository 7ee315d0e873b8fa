// Two runs beside each other: what differs, by how much, and in which step.
import { useMemo } from 'preact/hooks';
import { useShortcuts } from '../../app/keys';
import { useResource } from '../../app/resource';
import { query, route, setQuery } from '../../app/router';
import { useTitle } from '../../app/title';
import { Button } from '../../ui/button';
import { Failed, Loading, Note } from '../../ui/state';
import { readSkeleton } from '../trace/model';
import { fromProject } from '../trace/source';
import { Choose } from './choose';
import { Steps } from './steps';
import { Summary } from './summary';

/** More spans than this are not aligned in a browser. */
const maxSpans = 20000;

export function Compare() {
  const project = route.value.params['project']!;
  const [a, b] = [query.value.get('a') ?? '', query.value.get('b') ?? ''];
  useTitle('Compare', project);
  const swap = () => setQuery({ a: b, b: a, step: null });
  useShortcuts([{ key: 's', about: 'Swap the two runs', run: swap }]);
  return (
    <div class="page compare">
      <header class="page-head">
        <h1>Compare</h1>
        {a && b && <>
          <Button icon="loop" label="Swap the two runs (s)" onClick={swap}>Swap</Button>
          <Button icon="edit" onClick={() => setQuery({ b: null, step: null })}>Another B</Button>
        </>}
      </header>
      {a && b ? <Both key={a + b} project={project} a={a} b={b} /> : <Choose key={a + b} project={project} a={a} b={b} />}
    </div>
  );
}

function Both({ project, a, b }: { project: string; a: string; b: string }) {
  const from = useMemo(() => [fromProject(project, a), fromProject(project, b)] as [ReturnType<typeof fromProject>, ReturnType<typeof fromProject>], [project, a, b]);
  const load = (i: 0 | 1) => useResource(from[i].key, async (signal) => readSkeleton((await from[i].skeleton(maxSpans, signal)).body));
  const [x, y] = [load(0), load(1)];
  if (x.error) return <Failed error={x.error} retry={x.reload} what="run A" />;
  if (y.error) return <Failed error={y.error} retry={y.reload} what="run B" />;
  if (!x.data || !y.data) return <Loading />;
  return (
    <>
      {a === b && <Note>A and B are the same run.</Note>}
      {(x.data.truncated || y.data.truncated) && <Note kind="warn">A run has more than 20,000 spans: only the upper levels of it are compared.</Note>}
      <h2 class="ellipsis" title={x.data.trace.name}>{x.data.trace.name}{x.data.trace.name !== y.data.trace.name && ` and ${y.data.trace.name}`}</h2>
      <Summary a={x.data} b={y.data} from={from} />
      <Steps a={x.data} b={y.data} from={from} />
    </>
  );
}
