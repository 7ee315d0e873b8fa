import { useEffect, useState } from 'preact/hooks';
import type { UserInfo } from '../../api.gen';
import { ApiError, request } from '../../app/api';
import { navigate, query } from '../../app/router';
import { loadMe, me } from '../../app/session';
import { ThemeButton } from '../../app/shell';
import { useTitle } from '../../app/title';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { Icon } from '../../ui/icon';
import { Note } from '../../ui/state';
import type { ComponentChildren } from 'preact';
import { safeNext } from './next';

/** Logs in, and learns what the user may do. */
export async function logIn(user: string, password: string) {
  await request<UserInfo>('POST', '/api/login', { body: { user, password }, quiet: true });
  await loadMe();
}

export const waitText = (e: ApiError) => `Too many tries. Try again in ${e.retryAfter > 90 ? Math.ceil(e.retryAfter / 60) + ' minutes' : e.retryAfter > 1 ? e.retryAfter + ' seconds' : 'a second'}.`;

const loginProblem = (e: ApiError) => e.status === 401 ? 'That name and password do not belong together.' : e.status === 429 ? waitText(e) : e.message;

/** A small window in the middle, as nobody is inside yet. */
export function Alone({ title, children }: { title: string; children: ComponentChildren }) {
  useTitle(title);
  return (
    <main class="alone">
      <div class="panel stack">
        <div class="alone-head"><span class="brand"><Icon name="traces" size={18} />tailrace</span><ThemeButton /></div>
        {children}
      </div>
    </main>
  );
}

export function Login() {
  const next = safeNext(query.value.get('next'));
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const inside = me.value != null;
  useEffect(() => { if (inside) navigate(next, { replace: true }); }, [inside]);
  const submit = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setError('');
    try {
      await logIn(user, password);
    } catch (e) {
      setError(loginProblem(e as ApiError));
      setBusy(false);
    }
  };
  return (
    <Alone title="Log in">
      <h1>Log in</h1>
      <form class="stack" onSubmit={submit}>
        {error && <Note kind="error">{error}</Note>}
        <TextField label="Name" name="username" autocomplete="username" value={user} onText={setUser} autofocus required />
        <TextField label="Password" name="password" type="password" autocomplete="current-password" value={password} onText={setPassword} required />
        <Button type="submit" look="primary" disabled={busy}>Log in</Button>
      </form>
      <p class="hint">No account? An admin of a project can send you an invitation. On a new server, <code>tailrace serve</code> prints a link that makes the first user, at each start until there is one.</p>
    </Alone>
  );
}
