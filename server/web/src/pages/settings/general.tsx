import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { ProjectChange, ProjectInfo } from '../../api.gen';
import { del, get, inProject, patch } from '../../app/api';
import { useResource } from '../../app/resource';
import { navigate, to } from '../../app/router';
import { loadMe, may, me } from '../../app/session';
import { bytes, count, date } from '../../lib/format';
import { Button } from '../../ui/button';
import { SelectField, TextField } from '../../ui/field';
import { Note } from '../../ui/state';
import { ageText, parseAge, parseSize, sizeText } from './limits';
import { FormDialog, Loaded, Panel, Problem, useAction } from './parts';

export function General({ project }: { project: string }) {
  const path = inProject(project);
  const info = useResource(path, (signal) => get<ProjectInfo>(path, {}, signal));
  const [deleting, setDeleting] = useState(false);
  return (
    <Loaded of={info} what="the project">
      {(p) => (
        <>
          <Panel title="What it holds">
            <dl class="facts panel-body">
              <Fact name="Traces">{count(p.traces)}</Fact>
              <Fact name="Spans">{count(p.spans)}</Fact>
              <Fact name="Size on disk">{bytes(p.bytes)}</Fact>
              <Fact name="Oldest day">{p.oldest ?? 'empty'}</Fact>
              <Fact name="Keeps traces">{ageText(p.keep_ns)}</Fact>
              <Fact name="Keeps on disk">{sizeText(p.keep_bytes)}</Fact>
              <Fact name="Spans a day">{p.quota ? count(p.quota) : 'any number'}</Fact>
              <Fact name="Created">{date(p.created)}</Fact>
              <Fact name="Id"><code>{p.id}</code></Fact>
            </dl>
          </Panel>
          {may(project, 'admin') && <Edit key={p.id} info={p} onSaved={info.set} />}
          {me.value?.root && (
            <Panel title="Delete the project" action={<Button look="danger" icon="trash" onClick={() => setDeleting(true)}>Delete</Button>}>
              <p class="panel-body">Its traces, tokens, members and shares go with it, and cannot be brought back.</p>
            </Panel>
          )}
          {deleting && <Delete info={p} onClose={() => setDeleting(false)} />}
        </>
      )}
    </Loaded>
  );
}

const Fact = ({ name, children }: { name: string; children: ComponentChildren }) => <div><dt>{name}</dt><dd>{children}</dd></div>;

type Kind = 'default' | 'own' | 'none';

/** A limit: the server's, one of its own, or none. value is what the API takes, undefined if the text says nothing. */
export function useLimit(label: string, own: number, standard: string | undefined, none: string, text: (n: number) => string, parse: (text: string) => number | undefined, example: string) {
  const [kind, setKind] = useState<Kind>(own === 0 ? 'default' : own < 0 ? 'none' : 'own');
  const [typed, setTyped] = useState(own > 0 ? text(own) : '');
  const parsed = parse(typed);
  const value = kind === 'default' ? 0 : kind === 'none' ? -1 : parsed;
  return {
    value,
    field: (
      <div class="limit">
        <SelectField<Kind> label={label} value={kind} options={[['default', "The server's default" + (standard ? ` (${standard})` : '')], ['own', 'Its own limit'], ['none', none]]} onChoice={setKind} />
        {kind === 'own' && <TextField label="Limit" value={typed} onText={setTyped} placeholder={example} error={typed && parsed === undefined ? `Want something like ${example}.` : undefined} required />}
      </div>
    ),
  };
}

export const useLimits = (own: { keep_ns: number; keep_bytes: number }, standard?: { keep_ns: number; keep_bytes: number }) => [
  useLimit('Keep traces for', own.keep_ns, standard && ageText(standard.keep_ns), 'For ever', ageText, parseAge, '30 days'),
  useLimit('Keep on disk at most', own.keep_bytes, standard && sizeText(standard.keep_bytes), 'Any size', sizeText, parseSize, '10 GiB'),
] as const;

function Edit({ info, onSaved }: { info: ProjectInfo; onSaved(p: ProjectInfo): void }) {
  const [name, setName] = useState(info.name);
  const [quota, setQuota] = useState(info.quota ? String(info.quota) : '');
  const [age, size] = useLimits(info.own, info.default);
  const [saved, setSaved] = useState(false);
  const act = useAction();
  const submit = (e: Event) => {
    e.preventDefault();
    setSaved(false);
    void act.run(async () => {
      const change: ProjectChange = { name, keep_ns: age.value, keep_bytes: size.value, quota: Number(quota) };
      const p = await patch<ProjectInfo>(inProject(info.id), change);
      onSaved(p);
      setSaved(true);
      if (p.name !== info.name) {
        await loadMe();
        navigate(to('p', p.name, 'settings', 'general'), { replace: true });
      }
    });
  };
  return (
    <Panel title="Settings" about="Whole days go, the oldest first, when either limit is met.">
      <form class="panel-body stack" onSubmit={submit}>
        <Problem act={act} fields={['name', 'quota']} />
        <TextField label="Name" value={name} onText={setName} error={act.wrong('name')} required />
        {age.field}
        {size.field}
        <TextField label="Spans a day, at most" type="number" min={0} value={quota} onText={setQuota} placeholder="any number" hint="What comes beyond it is refused until the next day, UTC." error={act.wrong('quota')} />
        <div class="row">
          <Button type="submit" look="primary" disabled={act.busy || age.value === undefined || size.value === undefined}>Save</Button>
          <span role="status" class="muted">{saved && !act.busy ? 'Saved' : ''}</span>
        </div>
      </form>
    </Panel>
  );
}

function Delete({ info, onClose }: { info: ProjectInfo; onClose(): void }) {
  const [typed, setTyped] = useState('');
  const work = async () => {
    await del(inProject(info.id));
    await loadMe();
    navigate('/', { replace: true });
  };
  return (
    <FormDialog title={`Delete ${info.name}?`} action="Delete the project" look="danger" work={work} onClose={onClose} ready={typed === info.name}>
      {() => (
        <>
          <Note kind="error">{count(info.traces)} traces, all tokens, members and shares of it are gone for good. Programs that send to it are refused.</Note>
          <TextField label={`Type ${info.name} to confirm`} value={typed} onText={setTyped} autofocus />
        </>
      )}
    </FormDialog>
  );
}
