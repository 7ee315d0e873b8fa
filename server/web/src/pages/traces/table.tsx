// The list itself. A row is a link: it opens in a new tab, and the browser shows where it leads.
import { Component, Fragment } from 'preact';
import type { TraceSummary } from '../../api.gen';
import { changed, query, setQuery, tracePath } from '../../app/router';
import { duration, plural, short } from '../../lib/format';
import { Icon } from '../../ui/icon';
import { Name, type Column } from './columns';
import { sortOf } from './filters';
import { byThread, type Group } from './groups';

interface Props {
  project: string;
  rows: readonly TraceSummary[];
  columns: readonly Column[];
  grouped: boolean;
  chosen: readonly string[];
  onChoose(id: string): void;
  stale: boolean;
}

export function Table({ rows, columns, grouped, stale, project, chosen, onChoose }: Props) {
  const groups = grouped ? byThread(rows) : [{ thread: '', runs: rows as TraceSummary[], tokens: 0, duration: 0 }];
  return (
    <div class={stale ? 'table-wrap stale' : 'table-wrap'} aria-busy={stale}>
      <table class="table traces" aria-label="Traces">
        <thead>
          <tr>
            <th class="pick"><span class="sr">Compare</span></th>
            {columns.map((c) => <Head key={c.id} column={c} />)}
          </tr>
        </thead>
        <tbody>
          {groups.map((g) => (
            <Fragment key={g.thread || g.runs[0]?.trace_id}>
              {g.thread && <ThreadRow group={g} span={columns.length + 1} />}
              {g.runs.map((t) => <Row key={t.trace_id} t={t} project={project} columns={columns} picked={chosen.includes(t.trace_id)} inThread={g.thread !== ''} onChoose={onChoose} />)}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Sorts by the column. Lists fall only: the newest, longest, dearest first. */
function Head({ column: c }: { column: Column }) {
  const name = `col-${c.id}${c.num ? ' num' : ''}`;
  if (!c.sort) return <th class={name}>{c.title}</th>;
  const by = sortOf(query.value);
  const fixed = query.value.get('in') !== null && c.sort !== 'start';
  return (
    <th class={name} aria-sort={by === c.sort ? 'descending' : undefined}>
      <button type="button" class="sorter" disabled={fixed} title={fixed ? 'A search in inputs and outputs goes by start' : undefined} onClick={() => setQuery({ sort: c.sort === 'start' ? null : c.sort, cursor: null })}>
        {c.title}{by === c.sort && <Icon name="down" size={12} />}
      </button>
    </th>
  );
}

function ThreadRow({ group, span }: { group: Group; span: number }) {
  return (
    <tr class="thread-row">
      <th colSpan={span} scope="rowgroup">
        <span class="row">
          <span class="muted">Thread</span>
          <a class="ellipsis" href={changed(query.value, { thread: group.thread, cursor: null })}>{group.thread}</a>
          <span class="muted">{plural(group.runs.length, 'run')} · {short(group.tokens)} tokens · {duration(group.duration)}</span>
        </span>
      </th>
    </tr>
  );
}

interface RowProps { t: TraceSummary; project: string; columns: readonly Column[]; picked: boolean; inThread: boolean; onChoose(id: string): void }

/** A row is drawn anew when its own trace changes; in a busy project another one does all the time. */
class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps) {
    const now = this.props;
    return next.t !== now.t || next.columns !== now.columns || next.picked !== now.picked || next.inThread !== now.inThread;
  }

  render({ t, project, columns, picked, inThread, onChoose }: RowProps) {
    return (
      <tr class={`${picked ? 'picked' : ''}${inThread ? ' in-thread' : ''}`} data-id={t.trace_id}>
        <td class="pick"><input type="checkbox" checked={picked} onChange={() => onChoose(t.trace_id)} aria-label={`Compare ${t.name}`} /></td>
        {columns.map((c) => (
          <td key={c.id} class={`col-${c.id}${c.num ? ' num' : ''}`}>
            {c.id === 'name' ? <a class="trace-link" href={tracePath(project, t.trace_id)}><Name t={t} /></a> : c.cell(t)}
          </td>
        ))}
      </tr>
    );
  }
}
