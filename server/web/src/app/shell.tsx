// What is round every page: where one is, where one can go.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Icon, type IconName } from '../ui/icon';
import { post } from './api';
import { shortcuts, useShortcuts } from './keys';
import { navigate, query, route, to, tracesPath, type PageName } from './router';
import { loadMe, me, preferredProject, projectOf, projects, rememberProject } from './session';
import { theme, type Theme } from './theme';

/** The project of the page, or the one that was looked at last. */
export function currentProject(): string | undefined {
  const named = route.value.params['project'];
  if (named && projectOf(named)) rememberProject(named);
  return named ?? preferredProject();
}

export function Shell({ children }: { children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const [help, setHelp] = useState(false);
  const project = currentProject();
  useShortcuts([
    { key: '?', about: 'Show these shortcuts', run: () => setHelp(true) },
    ...(project ? [
      { key: 'g t', about: 'Go to the traces', run: () => navigate(tracesPath(project)) },
      { key: 'g m', about: 'Go to the metrics', run: () => navigate(to('p', project, 'metrics')) },
      { key: 'g p', about: 'Go to the pipeline', run: () => navigate('/pipeline') },
      { key: 'g s', about: 'Go to the settings', run: () => navigate(to('p', project, 'settings')) },
    ] : []),
  ]);
  return (
    <div class="app">
      <a class="skip" href="#main">Skip to the content</a>
      <header class={open ? 'sidebar open' : 'sidebar'} onClick={(e) => { if ((e.target as Element).closest('nav a')) setOpen(false); }}>
        <div class="sidebar-top">
          <a class="brand" href="/"><Icon name="traces" size={18} /><span>tailrace</span></a>
          <ProjectChoice project={project} />
          <span class="menu-toggle"><Button icon="menu" look="quiet" label={open ? 'Close the menu' : 'Open the menu'} aria-expanded={open} onClick={() => setOpen(!open)} /></span>
        </div>
        {project && (
          <nav class="nav" aria-label="Observability">
            <p class="nav-title">Observability</p>
            <NavLink page={['traces', 'trace', 'compare']} icon="traces" href={tracesPath(project)}>Traces</NavLink>
            <NavLink page={['metrics']} icon="metrics" href={to('p', project, 'metrics')}>Metrics</NavLink>
            <NavLink page={['pipeline']} icon="pipeline" href="/pipeline">Pipeline</NavLink>
          </nav>
        )}
        <nav class="nav" aria-label="Settings">
          <p class="nav-title">Settings</p>
          {project && <NavLink page={['settings']} icon="key" href={to('p', project, 'settings')}>Project, API tokens</NavLink>}
          {me.value?.root && <NavLink page={['server']} icon="settings" href="/settings">Server</NavLink>}
          {!me.value?.root && me.value?.user && <NavLink page={['server']} icon="user" href="/settings/me">Your account</NavLink>}
        </nav>
        <div class="sidebar-foot">
          <span class="who ellipsis">{me.value?.user ? me.value.user.name : me.value?.open ? 'Open to this machine' : ''}</span>
          <ThemeButton />
          <Button icon="help" look="quiet" label="Keyboard shortcuts (?)" onClick={() => setHelp(true)} />
          {me.value?.user && <Button icon="logout" look="quiet" label="Log out" onClick={logOut} />}
        </div>
      </header>
      <main id="main" tabIndex={-1}>{children}</main>
      {help && <Help onClose={() => setHelp(false)} />}
    </div>
  );
}

function NavLink({ page, icon, href, children }: { page: PageName[]; icon: IconName; href: string; children: string }) {
  return <a href={href} aria-current={page.includes(route.value.page) ? 'page' : undefined}><Icon name={icon} />{children}</a>;
}

/** Changing the project keeps the kind of page and a relative time range; nothing else means the same in another project. */
function ProjectChoice({ project }: { project: string | undefined }) {
  const all = projects();
  if (all.length === 0) return null;
  const choose = (name: string) => {
    rememberProject(name);
    const page = route.value.page;
    const last = query.value.get('last');
    const path = to('p', name, page === 'metrics' || page === 'settings' ? page : 'traces');
    navigate(path + (last ? '?last=' + encodeURIComponent(last) : ''));
  };
  const known = project !== undefined && projectOf(project);
  return (
    <div class="project">
      <label class="sr" for="project">Project</label>
      <select id="project" value={known ? known.name : ''} onChange={(e) => choose(e.currentTarget.value)}>
        {!known && <option value="">Select a project</option>}
        {all.map((p) => <option key={p.id} value={p.name}>{p.name}</option>)}
      </select>
    </div>
  );
}

export function ThemeButton() {
  const next: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
  const t = theme.value;
  return <Button icon={t} look="quiet" label={`Colours: ${t}. Change to ${next[t]}`} onClick={() => { theme.value = next[t]; }} />;
}

async function logOut() {
  await post('/api/logout');
  await loadMe();
  navigate('/login');
}

function Help({ onClose }: { onClose(): void }) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <table class="table">
        <tbody>
          {shortcuts().map((s) => (
            <tr key={s.key + s.about}><td>{s.key.split(' ').map((k) => <><kbd>{keyName(k)}</kbd> </>)}</td><td>{s.about}</td></tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}

const keyNames = new Map([['ArrowUp', '↑'], ['ArrowDown', '↓'], ['ArrowLeft', '←'], ['ArrowRight', '→'], ['Escape', 'Esc'], [' ', 'Space']]);
const keyName = (key: string) => keyNames.get(key) ?? key;
