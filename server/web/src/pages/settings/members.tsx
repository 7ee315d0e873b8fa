import { useState } from 'preact/hooks';
import type { InviteList, InviteInfo, InviteSecret, Member, MemberList } from '../../api.gen';
import { del, get, inProject, post, put } from '../../app/api';
import { useResource } from '../../app/resource';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { SelectField, TextField } from '../../ui/field';
import { Empty } from '../../ui/state';
import { Ask, FormDialog, List, Loaded, Panel, Problem, Secret, useAction, useExpiry, When } from './parts';

type Role = Member['role'];

const roles: readonly (readonly [Role, string])[] = [
  ['viewer', 'viewer: looks at traces and metrics'], ['member', 'member: also shares and deletes traces'], ['admin', 'admin: also changes these settings'],
];

export function Members({ project }: { project: string }) {
  const path = inProject(project, 'members');
  const list = useResource(path, (signal) => get<MemberList>(path, {}, signal));
  const invitesPath = inProject(project, 'invites');
  const invites = useResource(invitesPath, (signal) => get<InviteList>(invitesPath, {}, signal));
  const [open, setOpen] = useState<'' | 'add' | 'invite'>('');
  const [leaving, setLeaving] = useState<Member>();
  const act = useAction();
  const change = async (work: Promise<unknown>) => {
    await work;
    setLeaving(undefined);
    list.reload();
  };
  const one = (m: Member) => `${path}/${encodeURIComponent(m.user.id)}`;
  const revoke = (i: InviteInfo) => act.run(async () => {
    await del(`${invitesPath}/${i.id}`);
    invites.reload();
  });
  const close = () => setOpen('');
  return (
    <>
      <Panel title="Members" about="Admins of the server may do everything here and need no role." action={<><Button onClick={() => setOpen('add')}>Add a user</Button><Button look="primary" icon="link" onClick={() => setOpen('invite')}>Invite by link</Button></>}>
        {act.error && <div class="panel-body"><Problem act={act} /></div>}
        <Loaded of={list} what="the members">
          {({ members }) => members.length === 0 ? <Empty icon="user" title="No members yet"><p>Invite somebody by a link, or add a user of this server.</p></Empty> : (
            <List
              label="Members" rows={members} id={(m) => m.user.id}
              columns={[
                { label: 'Name', cell: (m) => m.user.name },
                {
                  label: 'Role',
                  cell: (m) => (
                    <select class="inline" aria-label={`Role of ${m.user.name}`} value={m.role} onChange={(e) => { const role = e.currentTarget.value; void act.run(() => change(put(one(m), { role }))); }}>
                      {roles.map(([r]) => <option key={r} value={r}>{r}</option>)}
                    </select>
                  ),
                },
                { label: 'User since', cell: (m) => <When at={m.user.created} /> },
                { label: '', cell: (m) => <Button small onClick={() => setLeaving(m)}>Remove</Button> },
              ]}
            />
          )}
        </Loaded>
      </Panel>
      <Loaded of={invites} what="the invitations">
        {({ invites }) => invites.length === 0 ? null : (
          <Panel title="Open invitations">
            <List
              label="Open invitations" rows={invites} id={(i) => i.id}
              columns={[
                { label: 'Role', cell: (i) => i.role },
                { label: 'Made by', cell: (i) => i.author || <span class="muted">unknown</span> },
                { label: 'Expires', cell: (i) => <When at={i.expires} /> },
                { label: '', cell: (i) => <Button small disabled={act.busy} onClick={() => void revoke(i)}>Revoke</Button> },
              ]}
            />
          </Panel>
        )}
      </Loaded>
      {open === 'add' && <Add path={path} onClose={close} onAdded={() => { close(); list.reload(); }} />}
      {open === 'invite' && <Invite path={invitesPath} onClose={close} onMade={invites.reload} />}
      {leaving && (
        <Ask title={`Remove ${leaving.user.name}?`} action="Remove" work={() => change(del(one(leaving)))} onClose={() => setLeaving(undefined)}>
          They lose their role in this project, and stay a user of the server.
        </Ask>
      )}
    </>
  );
}

function Add({ path, onClose, onAdded }: { path: string; onClose(): void; onAdded(): void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const work = async () => {
    await put(`${path}/${encodeURIComponent(name)}`, { role });
    onAdded();
  };
  return (
    <FormDialog title="Add a user" action="Add" work={work} onClose={onClose}>
      {(act) => (
        <>
          <TextField label="Name" value={name} onText={setName} hint={act.error?.status === 404 ? 'Invite them by a link, if they have no account here.' : 'As they log in.'} autofocus required />
          <SelectField<Role> label="Role" value={role} options={roles} onChoice={setRole} />
        </>
      )}
    </FormDialog>
  );
}

function Invite({ path, onClose, onMade }: { path: string; onClose(): void; onMade(): void }) {
  const [role, setRole] = useState<Role>('member');
  const [made, setMade] = useState<InviteSecret>();
  const { expires, field } = useExpiry('7d', ['1d', '7d', '30d'], 'Works for');
  const work = async () => {
    setMade(await post<InviteSecret>(path, { role, expires }));
    onMade();
  };
  if (made) {
    return (
      <Dialog title="Invite by link" keep onClose={onClose}>
        <Secret text={made.url} label="Invitation link"> Send it to one person: whoever opens it first becomes {made.role} of this project.</Secret>
        <footer class="dialog-foot"><Button onClick={onClose}>I have it</Button></footer>
      </Dialog>
    );
  }
  return (
    <FormDialog title="Invite by link" action="Make the link" work={work} onClose={onClose}>
      {() => (
        <>
          <p>One person who has no account here chooses a name and a password, and gets the role.</p>
          <SelectField<Role> label="Role" value={role} options={roles} onChoice={setRole} />
          {field}
        </>
      )}
    </FormDialog>
  );
}
