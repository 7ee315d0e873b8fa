// The settings of the server, and of whoever is logged in.
import type { ComponentType } from 'preact';
import { route } from '../../app/router';
import { me } from '../../app/session';
import { useTitle } from '../../app/title';
import { Empty } from '../../ui/state';
import { Account } from './account';
import { Projects } from './projects';
import { Tokens } from './tokens';
import { Users } from './users';

const sections: readonly [id: string, title: string, own: boolean, page: ComponentType][] = [
  ['projects', 'Projects', false, Projects],
  ['users', 'Users', false, Users],
  ['tokens', 'API tokens', false, () => <Tokens path="/api/tokens" root />],
  ['me', 'Your account', true, Account],
];

export function ServerSettings() {
  const mine = sections.filter(([, , own]) => (own ? me.value?.user : me.value?.root));
  const chosen = route.value.params['section'];
  const [id, title, , Page] = (chosen ? mine.find(([s]) => s === chosen) : mine[0]) ?? [];
  useTitle(title, 'Server');
  return (
    <div class="page settings">
      <header class="page-head"><h1>{me.value?.root ? 'Server' : 'Your account'}</h1></header>
      {mine.length > 1 && <nav class="tabs" aria-label="Settings of the server">{mine.map(([s, text]) => <a key={s} href={'/settings/' + s} aria-current={s === id ? 'page' : undefined}>{text}</a>)}</nav>}
      {Page ? <Page key={id} /> : <Empty icon="settings" title="There is no such page for you"><p>These settings do not exist, or only an admin of the server may see them.</p></Empty>}
    </div>
  );
}
