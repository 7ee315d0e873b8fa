import { useState } from 'preact/hooks';
import type { OpenInvite } from '../../api.gen';
import { get, post, type ApiError } from '../../app/api';
import { useResource } from '../../app/resource';
import { navigate, route, tracesPath } from '../../app/router';
import { me } from '../../app/session';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { Loading, Note } from '../../ui/state';
import { date } from '../../lib/format';
import { passwordHint, useAction } from '../settings/parts';
import { Alone, logIn, waitText } from './login';

/** Whoever has the link becomes a user, once. */
export function Invite() {
  const path = '/api/invites/' + encodeURIComponent(route.value.params['secret']!);
  const invite = useResource(path, (signal) => get<OpenInvite>(path, {}, signal));
  if (invite.error) return <Alone title="Invitation"><NoInvite error={invite.error} retry={invite.reload} /></Alone>;
  if (!invite.data) return <Alone title="Invitation"><Loading lines={4} /></Alone>;
  return <Alone title="Invitation"><Take path={path} invite={invite.data} /></Alone>;
}

function NoInvite({ error, retry }: { error: ApiError; retry(): void }) {
  if (error.status !== 404) {
    return <><Note kind="error">{error.status === 429 ? waitText(error) : error.message}</Note><Button onClick={retry}>Try again</Button></>;
  }
  return (
    <>
      <h1>This invitation does not work</h1>
      <p>It was used already, revoked, or has expired. Ask whoever sent it for another.</p>
      <p class="hint">If it was you who used it, <a href="/login">log in</a>.</p>
    </>
  );
}

function Take({ path, invite }: { path: string; invite: OpenInvite }) {
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [made, setMade] = useState(false);
  const act = useAction();
  const differs = again !== '' && again !== password;
  const submit = (e: Event) => {
    e.preventDefault();
    if (again !== password) return;
    void act.run(async () => {
      if (!made) await post(path, { user, password });
      setMade(true); // should the login fail, it can be tried again: the invitation is gone
      me.value = undefined;
      await logIn(user, password);
      navigate(invite.project === null ? '/' : tracesPath(invite.project), { replace: true });
    });
  };
  return (
    <>
      {invite.project === null
        ? <><h1>Welcome</h1><p>Choose what you log in with. You will be the admin of this server.</p></>
        : <><h1>You are invited</h1><p>To the project <b>{invite.project}</b>, as {invite.role}. The invitation works until {date(invite.expires)}.</p></>}
      <form class="stack" onSubmit={submit}>
        {act.error && !act.error.field && <Note kind="error">{act.error.status === 404 ? 'This invitation does not work any more.' : act.error.status === 429 ? waitText(act.error) : act.error.message}</Note>}
        <TextField label="Name" name="username" autocomplete="username" value={user} onText={setUser} error={act.wrong('user')} autofocus required disabled={made} />
        <TextField label="Password" type="password" autocomplete="new-password" value={password} onText={setPassword} error={act.wrong('password')} hint={passwordHint} required disabled={made} />
        <TextField label="The password again" type="password" autocomplete="new-password" value={again} onText={setAgain} error={differs ? 'It is not the same.' : undefined} required disabled={made} />
        <Button type="submit" look="primary" disabled={act.busy || differs}>{made ? 'Log in' : 'Make my account'}</Button>
      </form>
    </>
  );
}
