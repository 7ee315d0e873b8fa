import { useState } from 'preact/hooks';
import type { UserInfo, UserList } from '../../api.gen';
import { del, get, patch, post } from '../../app/api';
import { useResource } from '../../app/resource';
import { me } from '../../app/session';
import { Button } from '../../ui/button';
import { Confirm, Dialog } from '../../ui/dialog';
import { CheckField, TextField } from '../../ui/field';
import { Empty } from '../../ui/state';
import { List, Loaded, Panel, Problem, useAction, When } from './parts';

type Doing = { what: 'new' } | { what: 'password' | 'admin' | 'remove'; user: UserInfo };

export function Users() {
  const list = useResource('users', (signal) => get<UserList>('/api/users', {}, signal));
  const [doing, setDoing] = useState<Doing>();
  const act = useAction();
  const close = () => setDoing(undefined);
  const done = () => { close(); list.reload(); };
  const self = me.value?.user?.id;
  const change = (work: () => Promise<unknown>) => act.run(async () => { await work(); done(); });
  return (
    <Panel title="Users" about="They log in to these pages. Without a role in a project, or being admin, they see nothing." action={<Button look="primary" icon="plus" onClick={() => setDoing({ what: 'new' })}>New user</Button>}>
      <Loaded of={list} what="the users">
        {({ users }) => users.length === 0 ? <Empty icon="user" title="No users yet"><p>Nobody can log in. Make the first one, an admin.</p></Empty> : (
          <List
            label="Users" rows={users} id={(u) => u.id}
            columns={[
              { label: 'Name', cell: (u) => <>{u.name}{u.id === self && <span class="muted"> (you)</span>}</> },
              { label: 'Admin of everything', cell: (u) => (u.admin ? 'yes' : 'no') },
              { label: 'Since', cell: (u) => <When at={u.created} /> },
              {
                label: '',
                cell: (u) => (
                  <span class="row tight">
                    <Button small onClick={() => setDoing({ what: 'password', user: u })}>Set password</Button>
                    {u.id !== self && <Button small onClick={() => setDoing({ what: 'admin', user: u })}>{u.admin ? 'Take admin away' : 'Make admin'}</Button>}
                    {u.id !== self && <Button small look="danger" onClick={() => setDoing({ what: 'remove', user: u })}>Remove</Button>}
                  </span>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      {doing?.what === 'new' && <NewUser onClose={close} onMade={done} />}
      {doing?.what === 'password' && <SetPassword user={doing.user} onClose={close} />}
      {doing?.what === 'admin' && (
        <Confirm title={doing.user.admin ? `Take admin away from ${doing.user.name}?` : `Make ${doing.user.name} admin of everything?`} action={doing.user.admin ? 'Take away' : 'Make admin'} busy={act.busy} onClose={close} onConfirm={() => void change(() => patch(userPath(doing.user), { admin: !doing.user.admin }))}>
          <p>An admin may see and change all projects, and the users of this server.</p>
          <Problem act={act} />
        </Confirm>
      )}
      {doing?.what === 'remove' && (
        <Confirm title={`Remove ${doing.user.name}?`} action="Remove" busy={act.busy} onClose={close} onConfirm={() => void change(() => del(userPath(doing.user)))}>
          <p>They are logged out and lose all roles. Tokens and links that they made go on working.</p>
          <Problem act={act} />
        </Confirm>
      )}
    </Panel>
  );
}

const userPath = (u: UserInfo) => '/api/users/' + u.id;

const passwordHint = 'At least 10 characters; several words are good.';

function NewUser({ onClose, onMade }: { onClose(): void; onMade(): void }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [admin, setAdmin] = useState(false);
  const act = useAction();
  const submit = (e: Event) => {
    e.preventDefault();
    void act.run(async () => { await post('/api/users', { name, password, admin }); onMade(); });
  };
  return (
    <Dialog title="New user" onClose={onClose}>
      <form onSubmit={submit}>
        <div class="stack">
          <Problem act={act} fields={['name', 'password']} />
          <TextField label="Name" value={name} onText={setName} error={act.wrong('name')} autofocus required />
          <TextField label="Password" type="password" autocomplete="new-password" value={password} onText={setPassword} hint={passwordHint + ' They can change it.'} error={act.wrong('password')} required />
          <CheckField label="Admin of everything" hint="Sees and changes all projects and users." checked={admin} onCheck={setAdmin} />
        </div>
        <footer class="dialog-foot"><Button onClick={onClose}>Cancel</Button><Button type="submit" look="primary" disabled={act.busy}>Make the user</Button></footer>
      </form>
    </Dialog>
  );
}

function SetPassword({ user, onClose }: { user: UserInfo; onClose(): void }) {
  const [password, setPassword] = useState('');
  const act = useAction();
  const submit = (e: Event) => {
    e.preventDefault();
    void act.run(async () => { await patch(userPath(user), { password }); onClose(); });
  };
  return (
    <Dialog title={`Set the password of ${user.name}`} onClose={onClose}>
      <form onSubmit={submit}>
        <div class="stack">
          <Problem act={act} fields={['password']} />
          <TextField label="New password" type="password" autocomplete="new-password" value={password} onText={setPassword} hint={passwordHint + ' It ends all logins of the user.'} error={act.wrong('password')} autofocus required />
        </div>
        <footer class="dialog-foot"><Button onClick={onClose}>Cancel</Button><Button type="submit" look="primary" disabled={act.busy}>Set it</Button></footer>
      </form>
    </Dialog>
  );
}
