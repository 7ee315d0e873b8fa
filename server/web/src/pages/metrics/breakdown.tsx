// The same figures by what the work was done by or for. Each row leads to its traces.
import type { Params } from '../../app/api';
import { query, setQuery } from '../../app/router';
import { cost, count, duration, percent, short } from '../../lib/format';
import { typeLabel } from '../../lib/kinds';
import { Icon } from '../../ui/icon';
import type { LinkTo } from './charts';
import { groups, useRows, type Group } from './load';
import { Panel } from './panel';
import { figure, sorted, type Column, type Row } from './rows';

const figures: [Exclude<Column, 'key'>, string, (n: number | null) => string][] = [
  ['count', '', count], ['errors', 'Error rate', percent], ['p50', 'p50', duration], ['p95', 'p95', duration], ['p99', 'p99', duration], ['tokens', 'Tokens', short], ['cost', 'Cost', cost],
];

export const groupOf = (text: string | null): Group => (text && Object.keys(groups).includes(text) ? (text as Group) : 'service');

export function Breakdown({ project, params, link }: { project: string; params: Params; link: LinkTo }) {
  const group = groupOf(query.value.get('by'));
  const shape = groups[group];
  const rows = useRows(project, group, params);
  const [by, up] = orderOf(query.value.get('order'), shape.tokens);
  const shown = figures.filter(([c]) => shape.tokens || c !== 'tokens' && c !== 'cost');
  const data = rows.data;
  const types = new Set(data?.rows.map((r) => r.type)).size > 1;
  return (
    <Panel
      title={`By ${shape.label.toLowerCase()}`} of={[rows]}
      actions={<select aria-label="Group by" value={group} onChange={(e) => setQuery({ by: e.currentTarget.value, order: null })}>{Object.entries(groups).map(([g, { label }]) => <option key={g} value={g}>{label}</option>)}</select>}
      about={data?.of !== undefined ? `Added up here from ${data.partial ? 'the newest ' : 'all '}${count(data.of)} runs of the range${data.partial ? ': choose less time to see all' : ''}; running ones count too.`
        : !shape.tokens ? 'Tokens and cost are counted at model calls: see them by service, model or user.' : undefined}
    >{() => data!.rows.length === 0 ? <p class="muted">{group === 'user' ? 'No run' : shape.counts === 'Runs' ? 'No run ended' : `No ${group} call ended`} in this range.</p> : (
      <div class="table-wrap" tabIndex={0} role="region" aria-label={`Figures by ${shape.label.toLowerCase()}`}>
        <table class="table breakdown">
          <thead><tr><Head column="key" text={shape.label} by={by} up={up} />{shown.map(([c, text]) => <Head key={c} column={c} text={text || shape.counts} by={by} up={up} />)}</tr></thead>
          <tbody>{sorted(data!.rows, by, up).map((r) => (
            <tr key={r.type + '/' + r.key + r.rest}>
              <th scope="row"><Name row={r} href={hrefOf(group, r, link)} type={types} /></th>
              {shown.map(([c, , format]) => <td key={c} class="num"><Bar row={r} column={c} all={data!.rows} />{format(figure(r, c))}</td>)}
            </tr>
          ))}</tbody>
        </table>
      </div>
    )}</Panel>
  );
}

function orderOf(text: string | null, tokens: boolean): [Column, boolean] {
  const name = (text ?? '').replace(/^-/, '');
  const found = name === 'key' || figures.some(([c]) => c === name && (tokens || c !== 'tokens' && c !== 'cost'));
  return found ? [name as Column, text![0] === '-'] : ['count', false];
}

function Head({ column, text, by, up }: { column: Column; text: string; by: Column; up: boolean }) {
  const mine = by === column;
  const falls = (column !== 'key') !== up;
  return (
    <th scope="col" class={column === 'key' ? '' : 'num'} aria-sort={mine ? (falls ? 'descending' : 'ascending') : undefined}>
      <button type="button" class="sort" onClick={() => setQuery({ order: (mine && !up ? '-' : '') + column }, { replace: true })}>{text}{mine && <Icon name={falls ? 'down' : 'up'} size={12} />}</button>
    </th>
  );
}

function Name({ row, href, type }: { row: Row; href: string; type: boolean }) {
  const text = row.rest ? 'all others' : row.key || '(none)';
  return <span class="row">{href ? <a class="ellipsis" href={href} title={row.key}>{text}</a> : <span class="muted">{text}</span>}{type && <span class="muted">{typeLabel(row.type)}</span>}</span>;
}

/** How much of the largest it is: a share of errors is of 100 %. */
function Bar({ row, column, all }: { row: Row; column: Exclude<Column, 'key'>; all: Row[] }) {
  const most = column === 'errors' ? 1 : Math.max(...all.map((r) => figure(r, column) ?? 0));
  const share = most > 0 ? (figure(row, column) ?? 0) / most : 0;
  return <span class={`amount-bar ${column}`} aria-hidden="true"><span style={{ width: `${share * 100}%` }} /></span>;
}

/** The traces behind a row; '' where no filter says it. A name is looked for in whole spans: it may be that of a span far below. */
function hrefOf(group: Group, { key, type, rest }: Row, link: LinkTo): string {
  if (rest || !key) return '';
  switch (group) {
    case 'service': case 'model': case 'user': return link({ [group]: key });
    case 'run': return link({ q: key });
    default: return link({ type, q: key, in: 'content' });
  }
}
