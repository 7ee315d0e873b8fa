import { useState } from 'preact/hooks';
import type { ShareInfo, ShareList } from '../../api.gen';
import { del, get, inProject } from '../../app/api';
import { useResource, type Resource } from '../../app/resource';
import { tracePath } from '../../app/router';
import { count } from '../../lib/format';
import { Button } from '../../ui/button';
import { Empty } from '../../ui/state';
import { stateOf } from './expiry';
import { Ask, List, Loaded, Panel, When, type Column } from './parts';

/** The shares of a project. */
export function useShares(project: string): Resource<ShareList> {
  const path = inProject(project, 'shares');
  return useResource(path, (signal) => get<ShareList>(path, {}, signal));
}

const columns: readonly Column<ShareInfo>[] = [
  { label: 'Shows', cell: (s) => (s.content ? 'all contents' : 'names and times') },
  { label: 'Made by', cell: (s) => s.author || <span class="muted">nobody by name</span> },
  { label: 'Created', cell: (s) => <When at={s.created} /> },
  { label: 'Expires', cell: (s) => <When at={s.expires} /> },
  { label: 'Views', num: true, cell: (s) => count(s.views) },
  { label: 'State', cell: (s) => stateOf(s) },
];

export function ShareTable({ project, shares, onChange, withTrace }: { project: string; shares: readonly ShareInfo[]; onChange(): void; withTrace?: boolean }) {
  const [ending, setEnding] = useState<ShareInfo>();
  const revoke = async (s: ShareInfo) => {
    await del(inProject(project, 'shares', s.id));
    setEnding(undefined);
    onChange();
  };
  return (
    <>
      <List
        label="Share links" rows={shares} id={(s) => s.id} ended={(s) => stateOf(s) !== 'active'}
        columns={[
          ...(withTrace ? [{ label: 'Trace', cell: (s: ShareInfo) => <a href={tracePath(project, s.trace_id)}><code>{s.trace_id.slice(0, 16)}</code></a> }] : []),
          ...columns,
          { label: '', cell: (s) => stateOf(s) === 'active' && <Button small onClick={() => setEnding(s)}>Revoke</Button> },
        ]}
      />
      {ending && (
        <Ask title="Revoke this link?" action="Revoke" work={() => revoke(ending)} onClose={() => setEnding(undefined)}>It stops working at once, for everybody who has it.</Ask>
      )}
    </>
  );
}

export function Shares({ project }: { project: string }) {
  const list = useShares(project);
  return (
    <Panel title="Share links" about="Each opens one trace to whoever has it, without a login. Make one from the page of a trace.">
      <Loaded of={list} what="the shares">
        {({ shares }) => shares.length === 0 ? <Empty icon="share" title="Nothing is shared" /> : <ShareTable project={project} shares={shares} onChange={list.reload} withTrace />}
      </Loaded>
    </Panel>
  );
}
