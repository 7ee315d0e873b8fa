import { useState } from 'preact/hooks';
import type { TokenInfo, TokenList, TokenSecret } from '../../api.gen';
import { del, get, post } from '../../app/api';
import { useResource } from '../../app/resource';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { CheckField, TextField } from '../../ui/field';
import { Chip } from '../../ui/span';
import { Empty, Note } from '../../ui/state';
import { stateOf } from './expiry';
import { Ask, FormDialog, List, Loaded, Panel, Secret, SetupTabs, useExpiry, When } from './parts';

type Scope = 'ingest' | 'read' | 'admin';

const about: Record<Scope, string> = {
  ingest: 'Send traces. What a program with an exporter needs, and no more.',
  read: 'Look at traces, metrics and settings. For scripts and dashboards.',
  admin: 'Change settings, make tokens, share and delete. Keep it where people are.',
};

/** Tokens of a project, or with root those of all projects, which cannot send traces. */
export function Tokens({ path, root }: { path: string; root?: boolean }) {
  const list = useResource(path, (signal) => get<TokenList>(path, {}, signal));
  const [making, setMaking] = useState(false);
  const [ending, setEnding] = useState<TokenInfo>();
  const revoke = async (t: TokenInfo) => {
    await del(`${path}/${t.id}`);
    setEnding(undefined);
    list.reload();
  };
  const make = <Button look="primary" icon="plus" onClick={() => setMaking(true)}>New token</Button>;
  return (
    <Panel title="API tokens" action={make} about={root ? 'They work for all projects. To send traces, a program needs a token of its project.' : 'A program shows one with each request. To rotate: make a second one, give it to the programs, wait until the first is used no more, and revoke it. Both work until then.'}>
      <Loaded of={list} what="the tokens">
        {({ tokens }) => tokens.length === 0 ? <Empty icon="key" title="No tokens yet"><p>{root ? 'Scripts that look after the whole server need one.' : 'A program needs one to send its traces here.'}</p></Empty> : (
          <List
            label="API tokens" rows={tokens} id={(t) => t.id} ended={(t) => stateOf(t) !== 'active'}
            columns={[
              { label: 'Label', cell: (t) => t.label || <span class="muted">none</span> },
              { label: 'May', cell: (t) => <span class="row tight">{t.scope.split(',').map((s) => <Chip key={s}>{s}</Chip>)}</span> },
              { label: 'Id', cell: (t) => <code>{t.id}</code> },
              { label: 'Created', cell: (t) => <When at={t.created} /> },
              { label: 'Last used', cell: (t) => <When at={t.used} none="never" /> },
              { label: 'Expires', cell: (t) => <When at={t.expires} none="never" /> },
              { label: 'State', cell: (t) => stateOf(t) },
              { label: '', cell: (t) => stateOf(t) === 'active' && <Button small onClick={() => setEnding(t)}>Revoke</Button> },
            ]}
          />
        )}
      </Loaded>
      {making && <NewToken path={path} root={root} onClose={() => setMaking(false)} onMade={list.reload} />}
      {ending && (
        <Ask title="Revoke this token?" action="Revoke" work={() => revoke(ending)} onClose={() => setEnding(undefined)}>
          Whatever uses <b>{ending.label || ending.id}</b> is refused from now on. This cannot be undone.
        </Ask>
      )}
    </Panel>
  );
}

function NewToken({ path, root, onClose, onMade }: { path: string; root?: boolean; onClose(): void; onMade(): void }) {
  const scopes: Scope[] = root ? ['read', 'admin'] : ['ingest', 'read', 'admin'];
  const [label, setLabel] = useState('');
  const [chosen, setChosen] = useState<Scope[]>([scopes[0]!]);
  const [made, setMade] = useState<TokenSecret>();
  const { expires, field } = useExpiry('never', ['never', '30d', '90d', '365d', 'custom'], 'Expires after');
  const work = async () => {
    setMade(await post<TokenSecret>(path, { label, scope: chosen.join(','), expires }));
    onMade();
  };
  if (made) {
    return (
      <Dialog title="The new token" wide keep onClose={onClose}>
        <div class="stack">
          <Secret text={made.secret} label="Token" />
          {made.setup && <><h3>Send traces with it</h3><SetupTabs setup={made.setup} /></>}
        </div>
        <footer class="dialog-foot"><Button onClick={onClose}>I have it</Button></footer>
      </Dialog>
    );
  }
  return (
    <FormDialog title="New API token" action="Make the token" work={work} onClose={onClose} fields={['label']} ready={chosen.length > 0 && expires !== undefined}>
      {(act) => (
        <>
          <TextField label="Label" value={label} onText={setLabel} placeholder="checkout-api, production" hint="To know later what uses it." error={act.wrong('label')} autofocus />
          <fieldset class="stack"><legend>It may</legend>
            {scopes.map((s) => <CheckField key={s} label={s} hint={about[s]} checked={chosen.includes(s)} onCheck={(on) => setChosen(scopes.filter((x) => (x === s ? on : chosen.includes(x))))} />)}
          </fieldset>
          {chosen.includes('admin') && chosen.includes('ingest') && <Note kind="warn">A program that sends traces does not need admin.</Note>}
          {field}
        </>
      )}
    </FormDialog>
  );
}
