// The settings of a project: what the caller may see of them.
import type { ComponentType } from 'preact';
import type { Setup } from '../../api.gen';
import { get, inProject } from '../../app/api';
import { useResource } from '../../app/resource';
import { route, to } from '../../app/router';
import { may, projectOf } from '../../app/session';
import { useTitle } from '../../app/title';
import { Empty } from '../../ui/state';
import { General } from './general';
import { Members } from './members';
import { Loaded, Panel, SetupTabs } from './parts';
import { Shares } from './shares';
import { Tokens } from './tokens';

type Section = ComponentType<{ project: string }>;

const sections: readonly [id: string, title: string, need: 'read' | 'write' | 'admin', page: Section][] = [
  ['tokens', 'API tokens', 'admin', ({ project }) => <Tokens path={inProject(project, 'tokens')} />],
  ['setup', 'Set-up', 'read', SetupPage],
  ['shares', 'Share links', 'write', Shares],
  ['members', 'Members', 'admin', Members],
  ['general', 'General', 'read', General],
];

export function ProjectSettings() {
  const project = route.value.params['project']!;
  const mine = sections.filter(([, , need]) => may(project, need));
  const chosen = route.value.params['section'];
  const [id, title, , Page] = (chosen ? mine.find(([s]) => s === chosen) : mine[0]) ?? [];
  useTitle(title, 'Settings', project);
  if (!projectOf(project)) return <Empty page icon="search" title="There is no such project"><p>Or you have no role in it. <a href="/">Go to the traces</a>.</p></Empty>;
  return (
    <div class="page settings">
      <header class="page-head"><h1>{project}: settings</h1></header>
      <nav class="tabs" aria-label="Settings of the project">
        {mine.map(([s, text]) => <a key={s} href={to('p', project, 'settings', s)} aria-current={s === id ? 'page' : undefined}>{text}</a>)}
      </nav>
      {Page ? <Page key={id} project={project} /> : <Empty icon="settings" title="There is no such page for you"><p>These settings do not exist, or only an admin of the project may see them.</p></Empty>}
    </div>
  );
}

function SetupPage({ project }: { project: string }) {
  const path = inProject(project, 'setup');
  const setup = useResource(path, (signal) => get<Setup>(path, {}, signal));
  const canMake = may(project, 'admin');
  return (
    <Panel title="How to send traces here" about={canMake ? <>Put a token with the scope ingest in the place of the last words. <a href={to('p', project, 'settings', 'tokens')}>Make one</a>: it comes with these lines filled in.</> : 'Ask an admin of the project for a token with the scope ingest.'}>
      <div class="panel-body"><Loaded of={setup} what="the set-up">{(s) => <SetupTabs setup={s} />}</Loaded></div>
    </Panel>
  );
}
