import { useState } from 'preact/hooks';
import type { UserInfo, UserList } from '../../api.gen';
import { del, get, patch, post } from '../../app/api';
import { useResource } from '../../app/resource';
import { me } from '../../app/session';
import { Button } from '../../ui/button';
import { CheckField, TextField } from '../../ui/field';
import { Empty } from '../../ui/state';
import { Ask, FormDialog, List, Loaded, Panel, passwordHint, When, Whose } from './parts';

type Doing = { what: 'new' } | { what: 'password' | 'admin' | 'remove'; user: UserInfo };

export function Users() {
  const list = useResource('users', (signal) => get<UserList>('/api/users', {}, signal));
  const [doing, setDoing] = useState<Doing>();
  const close = () => setDoing(undefined);
  const done = () => { close(); list.reload(); };
  const self = me.value?.user?.id;
  const then = async (work: Promise<unknown>) => { await work; done(); };
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
                    {u.id !== self && <Button small onClick={() => setDoing({ what: 'remove', user: u })}>Remove</Button>}
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
        <Ask title={doing.user.admin ? `Take admin away from ${doing.user.name}?` : `Make ${doing.user.name} admin of everything?`} action={doing.user.admin ? 'Take away' : 'Make admin'} onClose={close} work={() => then(patch(userPath(doing.user), { admin: !doing.user.admin }))}>
          An admin may see and change all projects, and the users of this server.
        </Ask>
      )}
      {doing?.what === 'remove' && (
        <Ask title={`Remove ${doing.user.name}?`} action="Remove" onClose={close} work={() => then(del(userPath(doing.user)))}>
          They are logged out and lose all roles. Tokens and links that they made go on working.
        </Ask>
      )}
    </Panel>
  );
}

const userPath = (u: UserInfo) => '/api/users/' + u.id;

function NewUser({ onClose, onMade }: { onClose(): void; onMade(): void }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [admin, setAdmin] = useState(false);
  const work = async () => {
    await post('/api/users', { name, password, admin });
    onMade();
  };
  return (
    <FormDialog title="New user" action="Make the user" work={work} onClose={onClose} fields={['name', 'password']}>
      {(act) => (
        <>
          <TextField label="Name" autocomplete="username" value={name} onText={setName} error={act.wrong('name')} autofocus required />
          <TextField label="Password" type="password" autocomplete="new-password" value={password} onText={setPassword} hint={passwordHint + ' They can change it.'} error={act.wrong('password')} required />
          <CheckField label="Admin of everything" hint="Sees and changes all projects and users." checked={admin} onCheck={setAdmin} />
        </>
      )}
    </FormDialog>
  );
}

function SetPassword({ user, onClose }: { user: UserInfo; onClose(): void }) {
  const [password, setPassword] = useState('');
  const work = async () => {
    await patch(userPath(user), { password });
    onClose();
  };
  return (
    <FormDialog title={`Set the password of ${user.name}`} action="Set it" work={work} onClose={onClose} fields={['password']}>
      {(act) => <><Whose name={user.name} /><TextField label="New password" type="password" autocomplete="new-password" value={password} onText={setPassword} hint={passwordHint + ' It ends all logins of the user.'} error={act.wrong('password')} autofocus required /></>}
    </FormDialog>
  );
}
