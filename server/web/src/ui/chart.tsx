// Figures over time as a drawing, with the same as a table for who does not see it. All charts of a page have one cursor.
import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { clock } from '../lib/format';
import { clockSteps, timeTicks, valueTicks } from '../lib/ticks';
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
  /** Where a step leads, and how to go there. */
  hrefOf(from: number, to: number): string;
  onOpen(href: string): void;
}

const [height, left, right, top, bottom] = [176, 58, 6, 8, 22];

/** Where the pointer is, in s since 1970. */
const cursor = signal<number | null>(null);

export function Chart(props: ChartProps) {
  const { label, t, step, lines, format, onRange, hrefOf, onOpen } = props;
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const [from, to] = [t[0] ?? 0, (t.at(-1) ?? 0) + step];
  const x = (s: number) => left + (s - from) / (to - from) * (width - left - right);
  const drawn = useMemo(() => draw(props, width, x), [t, step, lines, props.look, props.stack, width]);
  const [drag, setDrag] = useState<[number, number] | null>(null);

  const at = (e: PointerEvent) => {
    const px = e.clientX - box.current!.getBoundingClientRect().left;
    return Math.min(to - 1e-3, Math.max(from, from + (px - left) / (width - left - right) * (to - from)));
  };
  const move = (e: PointerEvent) => {
    cursor.value = at(e);
    if (drag) setDrag([drag[0], at(e)]);
  };
  const up = (e: PointerEvent) => {
    if (!drag) return;
    setDrag(null);
    const [a, b] = [drag[0], at(e)];
    if (Math.abs(x(a) - x(b)) >= 4) return onRange(Math.min(a, b) * 1e3, Math.max(a, b) * 1e3);
    const start = t[Math.floor((b - from) / step)];
    if (start !== undefined) onOpen(hrefOf(start * 1e3, (start + step) * 1e3));
  };
  const index = cursor.value === null || cursor.value < from || cursor.value >= to ? -1 : Math.floor((cursor.value - from) / step);
  const ticks = timeTicks(from, to, Math.max(2, width / 90), -new Date(from * 1e3).getTimezoneOffset() * 60);
  return (
    <div class="chart" ref={box} role="group" aria-label={label}>
      {width > 0 && (
        <svg width={width} height={height} aria-hidden="true" onPointerMove={move} onPointerUp={up} onPointerLeave={() => { cursor.value = null; }} onPointerCancel={() => setDrag(null)}
          onPointerDown={(e) => { if (e.button === 0) { e.currentTarget.setPointerCapture(e.pointerId); setDrag([at(e), at(e)]); } }}>
          {index >= 0 && <rect class="chart-step" x={x(from + index * step)} y={top} width={Math.max(1, x(step) - x(0))} height={height - top - bottom} />}
          <path class="chart-grid" d={drawn.ticks.map(([, y]) => `M${left} ${y}H${width - right}`).join('')} />
          {drawn.ticks.map(([n, y]) => <text key={n} x={left - 6} y={y + 4} text-anchor="end">{tidy(format(n))}</text>)}
          {ticks.at.map((s) => <text key={s} x={Math.min(width - 16, x(s))} y={height - 6} text-anchor="middle">{tick(s, ticks.step)}</text>)}
          {lines.map((l, i) => <path key={l.label} class={props.look === 'bars' ? 'bars' : 'line'} style={{ color: `var(${l.colour})` }} d={drawn.paths[i]} />)}
          {drag && <rect class="chart-drag" x={Math.min(x(drag[0]), x(drag[1]))} y={top} width={Math.abs(x(drag[1]) - x(drag[0]))} height={height - top - bottom} />}
        </svg>
      )}
      <p class="chart-legend">
        <span class="muted">{index < 0 ? 'Whole range' : stepLabel(t[index]!, step)}</span>
        {lines.map((l) => <span key={l.label}><i style={{ background: `var(${l.colour})` }} />{l.label} <b>{format((index < 0 ? l.total : l.values[index]) ?? null)}</b></span>)}
      </p>
    </div>
  );
}

/** Where everything goes. A step is drawn in its middle. */
function draw({ t, step, lines, look, stack, times }: ChartProps, width: number, x: (s: number) => number) {
  const values = stack ? stacked(lines.map((l) => l.values)) : lines.map((l) => l.values);
  const max = values.reduce((m, l) => l.reduce<number>((n, v) => Math.max(n, v ?? 0), m), 0);
  const y = (n: number) => round(top + (1 - n / ((max || 1) * 1.06)) * (height - top - bottom));
  const each = (width - left - right) / t.length;
  const bar = Math.max(1, Math.min(each * .8, 44));
  const paths = values.map((line) => line.map((v, i) => {
    const at = x(t[i]! + step / 2);
    // One of two lines may still be of the range before, which had more steps.
    if (v === null || t[i] === undefined || (look === 'bars' && !v)) return '';
    if (look === 'bars') return `M${round(at - bar / 2)} ${y(0)}V${Math.min(y(v), y(0) - 1)}h${round(bar)}V${y(0)}z`;
    // A line from the one before, unless nothing was measured there; a dot where no line comes or goes.
    if (i && line[i - 1] != null) return `L${round(at)} ${y(v)}`;
    return `M${round(at)} ${y(v)}` + (line[i + 1] == null ? 'm-1.5 0a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0' : '');
  }).join(''));
  return { paths, ticks: valueTicks(max, times ? clockSteps : []).map((n) => [n, y(n)] as const) };
}

const round = (n: number) => Math.round(n * 10) / 10;

/** A round figure without what says that it is exact: 50 s for 50.0 s, 2 m for 2 m 00 s. */
export const tidy = (text: string) => (/^\D*0( ns)?$/.test(text) ? '0' : text.replace(/(\.\d*?)0+(?!\d)/, '$1').replace(/\.(?!\d)/, '').replace(/ 00 [ms]$/, ''));

/** A moment on the axis: the time of the day, or the day where one begins. */
function tick(s: number, step: number): string {
  const [day, time] = clock(s * 1e3, { now: new Date(0) }).split(/ (?=\d+:)/);
  return step >= 86400 || time!.startsWith('00:00') ? day!.replace(/ \d{4}$/, '') : time!.slice(0, 5);
}

/** 22 Nov 14:00 – 15:00 */
const stepLabel = (s: number, step: number) =>
  clock(s * 1e3).replace(/:00$/, '') + (step < 86400 ? ' – ' + clock((s + step) * 1e3).slice(-8, -3) : '');

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
