// One row of the waterfall. A function that makes it, not a component: rows have no state, and scrolling makes many.
import { cost, duration, plural, short } from '../../lib/format';
import { Icon } from '../../ui/icon';
import { KindMark } from '../../ui/span';
import type { Axis } from './axis';
import type { TreeNode } from './tree';
import { rowHeight } from './window';

export interface RowLook {
  axis: Axis;
  /** The part of the axis that is shown. */
  lo: number;
  hi: number;
  /** px of the name's column. */
  names: number;
  find: string;
  href(span: string): string;
}

/** index is among the rows in sight, at among the nodes. */
export function waterfallRow(n: TreeNode, at: number, index: number, look: RowLook, open: boolean, selected: boolean, cursor: boolean, hit: boolean) {
  const r = n.row;
  const failed = r?.status === 'error';
  const below = n.errors > 0 && plural(n.errors, 'failure') + (n.group ? '' : ' below');
  return (
    <div
      key={n.key} id={'row-' + index} role="row" data-at={at} style={{ top: index * rowHeight + 'px' }}
      class={'wf-row' + (selected ? ' selected' : '') + (cursor ? ' cursor' : '') + (hit ? ' hit' : '') + (n.group ? ' group' : '')}
      aria-level={n.depth + 1} aria-rowindex={index + 1} aria-selected={selected} aria-expanded={n.children > 0 ? open : undefined}
    >
      <div role="gridcell" class="wf-name" style={{ paddingLeft: 4 + Math.min(n.depth * 14, look.names * 0.5) + 'px' }}>
        <span class="wf-toggle" data-toggle={n.children > 0 ? 'yes' : undefined}>{n.children > 0 && <Icon name={open ? 'down' : 'right'} size={14} />}</span>
        {n.group === 'lost' ? <Icon name="link" label="Group" /> : <KindMark type={(r ?? n.like)!.type} />}
        {r
          ? <a class="ellipsis" tabIndex={-1} href={look.href(r.id)} title={r.name}>{marked(r.name || r.type || r.id, look.find)}</a>
          : <span class="ellipsis">{n.group === 'lost' ? 'parent never arrived' : marked(n.like!.name, look.find)}</span>}
        {n.group && <b>×{n.children}</b>}
        {failed && <span class="wf-mark error" title="Failed"><Icon name="error" size={14} label="Failed" /></span>}
        {!failed && below && <span class="wf-mark below" title={below}>{n.group ? below : <Icon name="error" size={12} label={below} />}</span>}
        {n.outside && <span class="wf-mark warn" title="Outside of its parent's time: drawn as it was reported"><Icon name="external" size={12} label="Outside of its parent's time" /></span>}
        {r?.clock && <span class="wf-mark warn" title="The start that was sent is not credible: this is the time of receipt"><Icon name="clock" size={12} label="Start corrected" /></span>}
        {r?.model && !r.name.includes(r.model) && <span class="wf-model">{marked(r.model, look.find)}</span>}
      </div>
      <div role="gridcell" class="wf-time">{bar(n, at, look)}</div>
    </div>
  );
}

function bar(n: TreeNode, at: number, { axis, lo, hi }: RowLook) {
  const size = hi - lo || 1;
  const from = (axis.from(at) - lo) / size * 100;
  const to = (axis.to(at) - lo) / size * 100;
  const text = label(n, at, axis);
  if (to < 0) return <span class="wf-off left">‹ {text}</span>;
  if (from > 100) return <span class="wf-off right">{text} ›</span>;
  const a = Math.max(from, -1);
  const b = Math.min(to, 101);
  const kind = (n.row ?? n.like)?.kind ?? 'other';
  if (n.row?.event) return <span class={`wf-event kind-${kind}`} style={{ left: `min(${a}%, 100% - 6px)` }} title="Event" />;
  if (axis.mode !== 'time' && to <= from) return <span class="wf-none" style={place(a, a)}>{text}</span>;
  const look = (n.to < 0 && axis.mode === 'time' ? ' running' : '') + (n.row?.status === 'error' ? ' failed' : '') + (n.row ? '' : ' group');
  return (
    <>
      <span class={`wf-bar kind-${kind}${look}`} style={{ left: a + '%', width: b - a + '%' }} />
      <span class={b > 84 && a < 16 && n.row ? 'wf-label inside' : 'wf-label'} style={place(a, b)}>{text}</span>
    </>
  );
}

/** Where a label has room: behind the bar, before it, or in it. */
const place = (a: number, b: number) => (b <= 84 ? { left: b + '%' } : a >= 16 ? { right: 100 - a + '%' } : { right: Math.max(100 - b, 0) + '%' });

function label(n: TreeNode, at: number, axis: Axis): string {
  const worth = axis.to(at) - axis.from(at);
  if (axis.mode === 'tokens') return worth > 0 ? short(worth) : '–';
  if (axis.mode === 'cost') return worth > 0 ? cost(worth) : '–';
  if (n.to < 0) return axis.mode === 'time' ? duration(worth) + ' …' : '…';
  return n.row?.event ? '' : duration(n.to - n.from);
}

/** When a span began, counted from the start of the trace. */
export const offset = (ns: number) => (ns === 0 ? '0' : (ns < 0 ? '−' : '+') + duration(Math.abs(ns)));

/** A text with what is looked for marked in it. */
export function marked(text: string, find: string) {
  const at = find ? text.toLowerCase().indexOf(find) : -1;
  if (at < 0) return text;
  return <>{text.slice(0, at)}<mark>{text.slice(at, at + find.length)}</mark>{text.slice(at + find.length)}</>;
}
