// Figures over time, drawn by uPlot on a canvas, with the same as a table for who does not see it.
import uPlot from 'uplot';
import { useEffect, useRef, useState } from 'preact/hooks';
import { cssVar, repaint } from '../app/theme';
import { clock } from '../lib/format';
import { stacked } from '../lib/stack';
import { Button } from './button';

export type Value = number | null;

export interface Line {
  label: string;
  /** One for each step; null where nothing was measured. */
  values: readonly Value[];
  /** Of the whole range, for the legend. */
  total?: Value;
  /** A custom property, such as --chart-1. */
  colour: string;
}

export interface ChartProps {
  /** What it shows, for who listens. */
  label: string;
  /** Starts of the steps, in s since 1970. */
  t: readonly number[];
  /** The length of a step, in s. */
  step: number;
  lines: readonly Line[];
  look?: 'bars' | 'lines';
  /** Lines are parts of a whole. Otherwise later ones lie over earlier ones. */
  stack?: boolean;
  /** The values are durations in ns, so that the axis has the steps of a clock. */
  times?: boolean;
  format(n: Value): string;
  /** A stretch of time, in ms, was chosen by dragging. */
  onRange(from: number, to: number): void;
  /** Where a step leads. */
  hrefOf(from: number, to: number): string;
  onOpen(href: string): void;
}

/** Charts of one page have one cursor. */
const shared = uPlot.sync('tailrace').key;

export function Chart(props: ChartProps) {
  const ref = useRef<HTMLDivElement>(null);
  const now = useRef(props);
  now.current = props;
  const { t, step, lines, look, stack, label } = props;
  const colours = repaint.value;
  useEffect(() => {
    const box = ref.current!;
    const u = new uPlot(options(box, () => now.current), dataOf(now.current), box);
    const watch = new ResizeObserver(() => u.setSize({ width: box.clientWidth, height }));
    watch.observe(box);
    return () => {
      watch.disconnect();
      u.destroy();
    };
  }, [t, step, lines, look, stack, colours]);
  return <div class="chart" ref={ref} role="group" aria-label={label} />;
}

const height = 168;

const times = [...Array.from({ length: 9 }, (_, n) => [1, 2, 5].map((x) => x * 10 ** n)).flat(), ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400].map((s) => s * 1e9)];

/** A round figure without what says that it is exact: 50 s for 50.0 s, 2 m for 2 m 00 s. */
export const tidy = (text: string) => (/^\D*0( ns)?$/.test(text) ? '0' : text.replace(/(\.\d*?)0+(?!\d)/, '$1').replace(/\.(?!\d)/, '').replace(/ 00 [ms]$/, ''));

/** Each step is drawn at its middle, so that the nearest point to the cursor is that of the step below it. */
function dataOf({ t, step, lines, stack }: ChartProps): uPlot.AlignedData {
  const values = lines.map((l) => l.values);
  return [t.map((s) => s + step / 2), ...(stack ? stacked(values) : values)] as uPlot.AlignedData;
}

function options(box: HTMLElement, now: () => ChartProps): uPlot.Options {
  const { t, step, lines, look = 'lines' } = now();
  const [text, grid, font] = [cssVar('--muted'), cssVar('--line-soft'), '11px ' + cssVar('--font')];
  const axis = { stroke: text, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  const end = (t.at(-1) ?? 0) + step;
  return {
    width: box.clientWidth, height, padding: [8, 8, 0, 0],
    cursor: {
      y: false, points: { size: 7 }, drag: { x: true, y: false, setScale: false },
      // Only where the pointer is: a stretch that is chosen in one chart is not chosen in each.
      sync: { key: shared, filters: { pub: (type: string) => type === 'mousemove', sub: () => true } } as uPlot.Cursor.Sync,
    },
    scales: { x: { time: true, range: [t[0] ?? 0, end] }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] } },
    axes: [
      { ...axis, space: 64, size: 24, values: (_, at, __, ___, incr) => at.map((s) => tick(s, incr)) },
      { ...axis, space: 32, size: 62, incrs: now().times ? times : undefined, values: (_, at) => at.map((n) => tidy(now().format(n))) },
    ],
    series: [
      { label: 'Time', value: (_, s) => (s == null ? 'whole range' : stepLabel(s - step / 2, step)) },
      ...lines.map((l, i): uPlot.Series => ({
        label: l.label, stroke: cssVar(l.colour), width: look === 'bars' ? 0 : 1.75, fill: look === 'bars' ? cssVar(l.colour) : undefined,
        paths: look === 'bars' ? uPlot.paths.bars!({ size: [0.8, 48] }) : undefined,
        points: look === 'bars' ? { show: false } : { show: t.length < 150, size: 4, fill: cssVar(l.colour) },
        value: (_, __, ___, at) => now().format(at == null ? l.total ?? null : now().lines[i]?.values[at] ?? null),
      })),
    ],
    hooks: { ready: [(u) => listen(u, now)] },
  };
}

/** A drag is a stretch of time, a click opens its step. uPlot keeps the click at the end of a drag to itself. */
function listen(u: uPlot, now: () => ChartProps) {
  (u.hooks.setSelect ??= []).push(() => {
    const { left, width } = u.select;
    if (width < 4) return;
    now().onRange(u.posToVal(left, 'x') * 1e3, u.posToVal(left + width, 'x') * 1e3);
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  });
  u.over.addEventListener('click', () => {
    const { t, step, hrefOf, onOpen } = now();
    const start = t[u.cursor.idx ?? -1];
    if (start !== undefined) onOpen(hrefOf(start * 1e3, (start + step) * 1e3));
  });
}

/** A moment on the axis: the time of the day, or the day where one begins. */
function tick(s: number, incr: number): string {
  const [day, ...time] = clock(s * 1e3, { now: new Date(0) }).split(/ (?=\d+:)/);
  const text = time[0]!.slice(0, incr < 60 ? 8 : 5);
  return incr >= 86400 || text === '00:00' ? day!.replace(/ \d{4}$/, '') : text;
}

/** 22 Nov 14:00 – 15:00 */
export function stepLabel(s: number, step: number): string {
  return clock(s * 1e3).replace(/:00$/, '') + (step < 86400 ? ' – ' + clock((s + step) * 1e3).slice(-8, -3) : '');
}

/** The same figures as a table; a step without any is left out. */
export function ChartTable({ label, t, step, lines, format, hrefOf }: ChartProps) {
  const rows = t.map((s, i) => [s, i] as const).filter(([, i]) => lines.some((l) => l.values[i])).reverse();
  return (
    <div class="chart-table table-wrap" tabIndex={0} role="region" aria-label={label}>
      <table class="table">
        <caption class="sr">{label}</caption>
        <thead><tr><th scope="col">Time</th>{lines.map((l) => <th key={l.label} scope="col" class="num">{l.label}</th>)}</tr></thead>
        <tbody>
          {rows.map(([s, i]) => (
            <tr key={s}>
              <td><a href={hrefOf(s * 1e3, (s + step) * 1e3)}>{stepLabel(s, step)}</a></td>
              {lines.map((l) => <td key={l.label} class="num">{format(l.values[i] ?? null)}</td>)}
            </tr>
          ))}
          {rows.length === 0 && <tr><td colSpan={lines.length + 1} class="muted">Nothing in this range.</td></tr>}
        </tbody>
        <tfoot><tr><th scope="row">Whole range</th>{lines.map((l) => <td key={l.label} class="num">{format(l.total ?? null)}</td>)}</tr></tfoot>
      </table>
    </div>
  );
}

/** A chart, or its table, as the reader likes. */
export function ChartOrTable(props: ChartProps) {
  const [table, setTable] = useState(false);
  return (
    <>
      {table ? <ChartTable {...props} /> : <Chart {...props} />}
      <span class="chart-switch"><Button look="quiet" icon={table ? 'metrics' : 'columns'} label={table ? 'Show as chart' : 'Show as table'} onClick={() => setTable(!table)} /></span>
    </>
  );
}
