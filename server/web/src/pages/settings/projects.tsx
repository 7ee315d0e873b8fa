import { useState } from 'preact/hooks';
import type { NewProject as Body, ProjectInfo, ProjectList } from '../../api.gen';
import { get, post } from '../../app/api';
import { useResource } from '../../app/resource';
import { navigate, to } from '../../app/router';
import { loadMe } from '../../app/session';
import { bytes, short } from '../../lib/format';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { Empty } from '../../ui/state';
import { useLimits } from './general';
import { ageText, sizeText } from './limits';
import { FormDialog, List, Loaded, Panel } from './parts';

export function Projects() {
  const list = useResource('projects', (signal) => get<ProjectList>('/api/projects', {}, signal));
  const [making, setMaking] = useState(false);
  return (
    <Panel title="Projects" about="Each has its own traces, tokens and members." action={<Button look="primary" icon="plus" onClick={() => setMaking(true)}>New project</Button>}>
      <Loaded of={list} what="the projects">
        {({ projects }) => projects.length === 0 ? <Empty icon="traces" title="No projects yet"><p>Traces belong to one.</p></Empty> : (
          <List
            label="Projects" rows={projects} id={(p) => p.id}
            columns={[
              { label: 'Name', cell: (p) => <a href={to('p', p.name, 'settings', 'general')}>{p.name}</a> },
              { label: 'Traces', num: true, cell: (p) => short(p.traces) },
              { label: 'Spans', num: true, cell: (p) => short(p.spans) },
              { label: 'Size', num: true, cell: (p) => bytes(p.bytes) },
              { label: 'Oldest day', cell: (p) => p.oldest ?? <span class="muted">empty</span> },
              { label: 'Keeps', cell: (p) => `${ageText(p.keep_ns)}, ${sizeText(p.keep_bytes)}` },
              { label: 'Spans a day', num: true, cell: (p) => (p.quota ? short(p.quota) : 'any') },
            ]}
          />
        )}
      </Loaded>
      {making && <NewProject standard={list.data?.projects[0]?.default} onClose={() => setMaking(false)} />}
    </Panel>
  );
}

function NewProject({ standard, onClose }: { standard?: ProjectInfo['default']; onClose(): void }) {
  const [name, setName] = useState('');
  const [age, size] = useLimits({ keep_ns: 0, keep_bytes: 0 }, standard);
  const work = async () => {
    const body: Body = { name, keep_ns: age.value, keep_bytes: size.value };
    const p = await post<ProjectInfo>('/api/projects', body);
    await loadMe();
    navigate(to('p', p.name, 'settings', 'tokens')); // what it needs next
  };
  return (
    <FormDialog title="New project" action="Make the project" work={work} onClose={onClose} fields={['name']} ready={age.value !== undefined && size.value !== undefined}>
      {(act) => (
        <>
          <TextField label="Name" value={name} onText={setName} placeholder="checkout" error={act.wrong('name')} autofocus required />
          {age.field}
          {size.field}
        </>
      )}
    </FormDialog>
  );
}
