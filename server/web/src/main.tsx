// The dashboard. Everything that it shows comes from the server's public interface.
import { effect } from '@preact/signals';
import { render, type ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { onUnauthorized } from './app/api';
import { listenKeys } from './app/keys';
import { more } from './app/more';
import { address, listen, navigate, route, tracesPath, type PageName } from './app/router';
import { loadMe, me, preferredProject } from './app/session';
import { Shell } from './app/shell';
import { startTheme } from './app/theme';
import { useTitle } from './app/title';
import { Empty, Loading } from './ui/state';
import { TracePage } from './pages/trace/trace';
import { Traces } from './pages/traces/traces';

/** Pages that need nobody to be logged in, and stand alone. */
const alone: Partial<Record<PageName, ComponentType>> = {
  login: more((m) => m.Login), invite: more((m) => m.Invite), share: more((m) => m.Share), styleguide: more((m) => m.Styleguide),
};

const inside: Partial<Record<PageName, ComponentType>> = {
  home: Home, traces: Traces, trace: TracePage, compare: more((m) => m.Compare), metrics: more((m) => m.Metrics), pipeline: more((m) => m.Pipeline),
  settings: more((m) => m.ProjectSettings), server: more((m) => m.ServerSettings),
};

function App() {
  const page = route.value.page;
  const Alone = alone[page];
  if (Alone) return <Alone />;
  if (me.value === undefined) return <Loading />;
  if (me.value === null) return <ToLogin />;
  const Page = inside[page] ?? Lost;
  return <Shell><Page key={page + (route.value.params['project'] ?? '')} /></Shell>;
}

function Home() {
  const project = preferredProject();
  useEffect(() => { if (project) navigate(tracesPath(project), { replace: true }); }, [project]);
  if (project) return null;
  return (
    <Empty page icon="settings" title="There is no project yet">
      {me.value?.root ? <p>Traces belong to projects. <a href="/settings">Make the first one</a>.</p> : <p>Ask an admin of this server to invite you to a project.</p>}
    </Empty>
  );
}

function Lost() {
  useTitle('No such page');
  return <Empty page icon="search" title="There is no such page"><p>The address may be mistyped. <a href="/">Go to the traces</a>.</p></Empty>;
}

/** Remembers where the user wanted to go. */
function ToLogin() {
  const here = address.value;
  useEffect(() => navigate('/login' + (here === '/' ? '' : '?next=' + encodeURIComponent(here)), { replace: true }), []);
  return null;
}

startTheme();
listen();
listenKeys();
onUnauthorized.call = () => { me.value = null; };
// Not for pages that stand alone: whoever follows a share link has no session, and a 401 is no news there.
effect(() => { if (!alone[route.value.page] && me.value === undefined) void loadMe(); });
render(<App />, document.getElementById('app')!);
