import { useState } from 'preact/hooks';
import { post } from '../../app/api';
import { me } from '../../app/session';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { Note } from '../../ui/state';
import { waitText } from '../login/login';
import { Panel, passwordHint, Problem, useAction, Whose } from './parts';

/** The password of whoever is logged in. */
export function Account() {
  const [old, setOld] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [saved, setSaved] = useState(false);
  const act = useAction();
  const differs = again !== '' && again !== next;
  const submit = (e: Event) => {
    e.preventDefault();
    setSaved(false);
    void act.run(async () => {
      await post('/api/me/password', { old, new: next });
      setSaved(true);
      for (const set of [setOld, setNext, setAgain]) set('');
    });
  };
  return (
    <Panel title="Your password" about={`You are logged in as ${me.value?.user?.name ?? ''}. A new password ends your other logins.`}>
      <form class="panel-body stack" onSubmit={submit}>
        <Whose name={me.value?.user?.name ?? ''} />
        {saved && <Note kind="good">Your password is changed.</Note>}
        {act.error?.status === 429 ? <Note kind="error">{waitText(act.error)}</Note> : <Problem act={act} fields={['old', 'new']} />}
        <input type="text" autocomplete="username" value={me.value?.user?.name} readOnly hidden />
        <TextField label="Present password" type="password" autocomplete="current-password" value={old} onText={setOld} error={act.wrong('old')} required />
        <TextField label="New password" type="password" autocomplete="new-password" value={next} onText={setNext} error={act.wrong('new')} hint={passwordHint} required />
        <TextField label="The new password again" type="password" autocomplete="new-password" value={again} onText={setAgain} error={differs ? 'It is not the same.' : undefined} required />
        <div class="row"><Button type="submit" look="primary" disabled={act.busy || again !== next}>Change it</Button></div>
      </form>
    </Panel>
  );
}
