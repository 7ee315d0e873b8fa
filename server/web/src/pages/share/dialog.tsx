import { useState } from 'preact/hooks';
import type { ShareSecret } from '../../api.gen';
import { inProject, post, withParams } from '../../app/api';
import { may } from '../../app/session';
import { Button, LinkButton } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { CheckField } from '../../ui/field';
import { Loaded, Problem, Secret, useAction, useExpiry } from '../settings/parts';
import { ShareTable, useShares } from '../settings/shares';

/** Hands on a trace: by a link, for who may make one, or as a file. */
export function ShareDialog({ project, trace, span, onClose }: { project: string; trace: string; span?: string; onClose(): void }) {
  const [made, setMade] = useState<ShareSecret>();
  return (
    <Dialog title="Share this trace" wide keep={made !== undefined} onClose={onClose}>
      <div class="stack">
        {may(project, 'write') && <Links project={project} trace={trace} span={span} made={made} onMade={setMade} />}
        <div class="row offline">
          <p class="grow hint"><b>As a file.</b> One page with everything in it, which opens without a network or a login.</p>
          <LinkButton icon="download" download href={withParams(inProject(project, 'traces', trace, 'export'), { format: 'html' })}>HTML file</LinkButton>
        </div>
      </div>
    </Dialog>
  );
}

function Links({ project, trace, span, made, onMade }: { project: string; trace: string; span?: string; made?: ShareSecret; onMade(s: ShareSecret): void }) {
  const shares = useShares(project);
  const [content, setContent] = useState(false);
  const [atSpan, setAtSpan] = useState(false);
  const { expires, field } = useExpiry('7d', ['1h', '1d', '7d', '30d', 'custom'], 'Works for');
  const act = useAction();
  const submit = (e: Event) => {
    e.preventDefault();
    void act.run(async () => {
      onMade(await post<ShareSecret>(inProject(project, 'shares'), { trace_id: trace, content, expires }));
      shares.reload();
    });
  };
  return (
    <>
      {made ? (
        <Secret text={made.url + (atSpan && span ? '/' + encodeURIComponent(span) : '')} label="Share link"> Whoever has it sees {made.share.content ? 'the trace with all contents' : 'the names and times of the trace'}, without a login.</Secret>
      ) : (
        <form class="stack" onSubmit={submit}>
          <Problem act={act} />
          <fieldset class="choices"><legend>Whoever has the link sees</legend>
            <Choice name="Names, times and tokens" about="Left out: inputs, outputs, errors' texts, attributes, metadata, tags, users, cost." on={!content} choose={() => setContent(false)} />
            <Choice name="Everything" about="Prompts, answers, tool results and metadata too. Look through them first." on={content} choose={() => setContent(true)} />
          </fieldset>
          {field}
          {span && <CheckField label="Open it at the selected span" checked={atSpan} onCheck={setAtSpan} />}
          <div class="row"><Button type="submit" look="primary" icon="link" disabled={act.busy || expires === undefined}>Make the link</Button></div>
        </form>
      )}
      <Loaded of={shares} what="the links of this trace">
        {(all) => {
          const mine = all.shares.filter((s) => s.trace_id === trace);
          return mine.length > 0 && <section class="stack"><h3>Links of this trace</h3><ShareTable project={project} shares={mine} onChange={shares.reload} /></section>;
        }}
      </Loaded>
    </>
  );
}

function Choice({ name, about, on, choose }: { name: string; about: string; on: boolean; choose(): void }) {
  return <label class="choice"><input type="radio" name="content" checked={on} onChange={choose} /><span><b>{name}</b><span class="hint">{about}</span></span></label>;
}
