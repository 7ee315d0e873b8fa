// A trace from wherever it comes, in whatever state it is.
import type { ComponentChildren } from 'preact';
import { me } from '../../app/session';
import { tracesPath } from '../../app/router';
import { count } from '../../lib/format';
import { Button, LinkButton } from '../../ui/button';
import { Empty, Failed, Loading, Note } from '../../ui/state';
import { useTitle } from '../../app/title';
import { useTrace } from './load';
import { Loaded } from './loaded';
import type { TraceSource } from './source';

export interface TraceViewProps {
  source: TraceSource;
  /** The span that is selected; '' for none. */
  spanId?: string;
  /** Asks for another span, '' for none. With replace it is part of one movement, not a place to go back to. */
  onSelect(id: string, replace?: boolean): void;
}

/** Fills the height that it is given. */
export function TraceView({ source, spanId = '', onSelect }: TraceViewProps) {
  const { model, error, loading, deleted, reload, loadAll } = useTrace(source);
  useTitle(model?.trace.name ?? 'Trace');
  if (deleted) return <Gone source={source} title="This trace was deleted"><p>Somebody removed it while you were looking.</p></Gone>;
  if (!model && error?.status === 404) {
    return (
      <Gone source={source} title="There is no such trace">
        <p>It may be older than what this project keeps, belong to another project, or not have arrived yet. If the address was typed, look at its id again.</p>
        <Button onClick={reload}>Look again</Button>
      </Gone>
    );
  }
  if (!model) return error ? <Failed error={error} retry={reload} what="the trace" /> : <Loading lines={12} />;
  const { trace, truncated, rows } = model;
  return (
    <Loaded source={source} model={model} spanId={spanId} onSelect={onSelect}>
      {error && <Note kind="error">{error.message} <Button small onClick={reload}>Try again</Button></Note>}
      {truncated && (
        <Note>
          <span class="row">The {count(rows.length)} spans nearest to the root of {count(trace.spans)}. <Button small disabled={loading} onClick={loadAll}>{loading ? 'Loading…' : 'Load all'}</Button></span>
        </Note>
      )}
      {trace.status === 'incomplete' && <Note kind="warn">The root of this trace never arrived: the program may have been stopped, or the exporter lost it. Times and totals are of what did arrive.</Note>}
    </Loaded>
  );
}

function Gone({ source, title, children }: { source: TraceSource; title: string; children: ComponentChildren }) {
  const project = source.project?.name;
  return (
    <Empty page icon="search" title={title}>
      {children}
      {project && me.value && <LinkButton href={tracesPath(project)}>To the traces</LinkButton>}
    </Empty>
  );
}
