// Where a span lies along the waterfall: by time, or laid one behind the other by what it is worth, so that a tool of 40 ms
// can be seen beside a model call of 30 s.
import type { TreeNode } from './tree';

export type AxisMode = 'time' | 'sequence' | 'tokens' | 'cost';
export const axisModes: readonly (readonly [AxisMode, string])[] = [['time', 'Time'], ['sequence', 'Sequence'], ['tokens', 'Tokens'], ['cost', 'Cost']];

/** Positions are in ns, spans, tokens or USD. */
export interface Axis {
  mode: AxisMode;
  lo: number;
  hi: number;
  from(at: number): number;
  to(at: number): number;
}

/** A part of the axis that fills the width. */
export interface Zoom { lo: number; hi: number }

/** nodes as buildTree returns them; now is in ns after the start of the trace, and where what runs ends so far. */
export function makeAxis(mode: AxisMode, nodes: readonly TreeNode[], duration: number, now: number): Axis {
  if (mode === 'time') {
    let lo = 0;
    let hi = duration;
    for (const n of nodes) {
      if (n.from < lo) lo = n.from;
      const to = n.to < 0 ? now : n.to;
      if (to > hi) hi = to;
    }
    return { mode, lo, hi: Math.max(hi, lo + 1), from: (at) => nodes[at]!.from, to: (at) => (nodes[at]!.to < 0 ? Math.max(now, nodes[at]!.from) : nodes[at]!.to) };
  }
  // before[at] is what all nodes before at are worth. A subtree is one stretch of the list, so it is one stretch of the axis.
  const before = new Float64Array(nodes.length + 1);
  nodes.forEach((n, at) => { before[at + 1] = before[at]! + worth(mode, n); });
  return { mode, lo: 0, hi: before[nodes.length]!, from: (at) => before[at]!, to: (at) => before[nodes[at]!.end]! };
}

function worth(mode: AxisMode, n: TreeNode): number {
  if (mode === 'sequence') return n.children === 0 ? 1 : 0;
  return (mode === 'tokens' ? n.row?.tokens?.total : n.row?.cost) ?? 0;
}

/** What the URL counts in: µs, spans, tokens, millionths of a dollar. */
const unit: Record<AxisMode, number> = { time: 1000, sequence: 1, tokens: 1, cost: 1e-6 };

export function writeZoom(mode: AxisMode, z: Zoom | null): string | null {
  return z && `${Math.floor(z.lo / unit[mode])}-${Math.ceil(z.hi / unit[mode])}`;
}

export function readZoom(mode: AxisMode, text: string | null): Zoom | null {
  const m = /^(-?\d{1,15})-(-?\d{1,15})$/.exec(text ?? '');
  if (!m) return null;
  const z = { lo: +m[1]! * unit[mode], hi: +m[2]! * unit[mode] };
  return z.hi > z.lo ? z : null;
}

/** The zoom narrowed or widened by factor round a point; null where it would show everything. */
export function zoomBy(axis: Axis, z: Zoom | null, factor: number, round?: number): Zoom | null {
  const { lo, hi } = z ?? axis;
  const middle = round ?? (lo + hi) / 2;
  const least = Math.max(unit[axis.mode] * 2, (axis.hi - axis.lo) / 1e6);
  const size = Math.max((hi - lo) * factor, least);
  if (size >= axis.hi - axis.lo) return null;
  const from = Math.min(Math.max(middle - (middle - lo) / (hi - lo) * size, axis.lo), axis.hi - size);
  return { lo: from, hi: from + size };
}

/** The same part, moved; null stays null. */
export function zoomMove(axis: Axis, z: Zoom | null, by: number): Zoom | null {
  if (!z) return null;
  const size = z.hi - z.lo;
  const lo = Math.min(Math.max(z.lo + by, axis.lo), axis.hi - size);
  return { lo, hi: lo + size };
}

export interface Tick { at: number; label: string }

const clockSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

/** At most `most` round values from lo to hi, with labels that differ. */
export function ticks(mode: AxisMode, lo: number, hi: number, most: number): Tick[] {
  const rough = (hi - lo) / Math.max(most, 1);
  if (!(rough > 0) || !isFinite(rough)) return [];
  let step = nice(rough);
  if (mode === 'sequence' || mode === 'tokens') step = Math.max(step, 1);
  if (mode === 'time' && rough > 1e9) step = (clockSteps.find((s) => s * 1e9 >= rough) ?? Math.ceil(rough / 864e11) * 86400) * 1e9;
  const out: Tick[] = [];
  for (let k = Math.ceil(lo / step); k * step <= hi; k++) out.push({ at: k * step, label: tickLabel(mode, k * step, step, hi) });
  return out;
}

function nice(x: number): number {
  const ten = Math.pow(10, Math.floor(Math.log10(x)));
  const m = x / ten;
  return (m <= 1.0001 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10) * ten;
}

function tickLabel(mode: AxisMode, v: number, step: number, hi: number): string {
  if (mode === 'cost') return '$' + v.toFixed(places(step));
  if (mode !== 'time') return v > 0 && (v >= 1e6 || step >= 1e4) ? v / 1000 + 'k' : String(v);
  if (v === 0) return '0';
  if (hi >= 12e10 && step >= 1e9) {
    const s = Math.round(Math.abs(v) / 1e9);
    const text = `${Math.floor(s / 60) % 60}:${String(s % 60).padStart(2, '0')}`;
    return (v < 0 ? '−' : '') + (s >= 3600 ? `${Math.floor(s / 3600)}:${text.padStart(5, '0')}` : text);
  }
  const [size, name] = hi < 1e3 ? [1, 'ns'] as const : hi < 1e6 ? [1e3, 'µs'] as const : hi < 1e9 ? [1e6, 'ms'] as const : [1e9, 's'] as const;
  return (v / size).toFixed(places(step / size)).replace('-', '−') + ' ' + name;
}

const places = (step: number) => Math.min(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), 9);
