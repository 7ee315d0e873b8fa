// The whole trace in little, and the axis: dragging over either zooms.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { cssVar, repaint } from '../../app/theme';
import { kinds, type Kind } from '../../lib/kinds';
import { zoomBy, zoomMove, type Axis, type Tick, type Zoom } from './axis';
import type { TreeNode } from './tree';

const height = 40;

export function Overview({ nodes, axis, zoom, onZoom, marks }: { nodes: readonly TreeNode[]; axis: Axis; zoom: Zoom | null; onZoom(z: Zoom | null): void; marks: Tick[] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const shown = zoom ?? axis;
  const turn = repaint.value;
  // A running trace grows by a little all the time, which nobody sees here: now and then is enough.
  const extent = axis.mode === 'time' ? Math.round(Math.log(axis.hi - axis.lo) * 200) : axis.hi;
  useEffect(() => {
    const el = canvas.current!;
    const size = new ResizeObserver(() => setWidth(el.clientWidth));
    size.observe(el);
    return () => size.disconnect();
  }, []);
  useEffect(() => draw(canvas.current!, width, nodes, axis), [nodes, extent, axis.mode, width, turn]);
  return (
    <div class="overview">
      <Range lo={axis.lo} hi={axis.hi} onRange={onZoom} onPoint={(at) => onZoom(zoom && zoomMove(axis, zoom, at - (zoom.lo + zoom.hi) / 2))}>
        <canvas ref={canvas} class="minimap" role="img" aria-label={`The whole trace, ${nodes.length} rows${zoom ? ', a part is shown below' : ''}`} />
        {zoom && <div class="minimap-window" style={windowOf(axis, zoom)} />}
      </Range>
      <Range lo={shown.lo} hi={shown.hi} onRange={onZoom} class="ticks">
        {marks.map((t) => <span key={t.at} style={{ left: (t.at - shown.lo) / (shown.hi - shown.lo) * 100 + '%' }}>{t.label}</span>)}
      </Range>
    </div>
  );
}

const windowOf = (axis: Axis, z: Zoom) => {
  const all = axis.hi - axis.lo;
  return { left: (z.lo - axis.lo) / all * 100 + '%', width: (z.hi - z.lo) / all * 100 + '%' };
};

/** A strip of which a part can be chosen by dragging. */
function Range({ lo, hi, onRange, onPoint, class: c = '', children }: { lo: number; hi: number; onRange(z: Zoom): void; onPoint?(at: number): void; class?: string; children: ComponentChildren }) {
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const share = (e: PointerEvent) => {
    const box = (e.currentTarget as Element).getBoundingClientRect();
    return Math.min(Math.max((e.clientX - box.left) / box.width, 0), 1);
  };
  const at = (s: number) => lo + s * (hi - lo);
  const part = drag && [Math.min(...drag), Math.max(...drag)] as const;
  return (
    <div
      class={'range ' + c}
      onPointerDown={(e) => {
        if (e.button !== 0) return;
        e.currentTarget.setPointerCapture(e.pointerId);
        setDrag([share(e), share(e)]);
      }}
      onPointerMove={(e) => { if (drag) setDrag([drag[0], share(e)]); }}
      onPointerUp={() => {
        setDrag(null);
        if (!part || !(hi > lo)) return;
        if (part[1] - part[0] > 0.008) onRange({ lo: at(part[0]), hi: at(part[1]) });
        else onPoint?.(at(part[0]));
      }}
      onPointerCancel={() => setDrag(null)}
    >
      {children}
      {part && <div class="range-part" style={{ left: part[0] * 100 + '%', width: (part[1] - part[0]) * 100 + '%' }} />}
    </div>
  );
}

/** Zooms with the wheel while Ctrl or Cmd is held, moves with a sideways wheel. left is where the axis begins, in px. */
export function useWheel(ref: { current: HTMLElement | null }, left: number, axis: Axis, zoom: Zoom | null, onZoom: (z: Zoom | null) => void) {
  const now = useRef({ left, axis, zoom, onZoom });
  now.current = { left, axis, zoom, onZoom };
  useEffect(() => {
    const el = ref.current!;
    const wheel = (e: WheelEvent) => {
      const { left, axis, zoom, onZoom } = now.current;
      const box = el.getBoundingClientRect();
      const { lo, hi } = zoom ?? axis;
      const size = box.width - left;
      if (e.ctrlKey || e.metaKey) {
        e.preventDefault();
        const at = lo + Math.min(Math.max((e.clientX - box.left - left) / size, 0), 1) * (hi - lo);
        onZoom(zoomBy(axis, zoom, Math.exp(e.deltaY * 0.003), at));
      } else if (zoom && Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
        e.preventDefault();
        onZoom(zoomMove(axis, zoom, e.deltaX / size * (hi - lo)));
      }
    };
    el.addEventListener('wheel', wheel, { passive: false });
    return () => el.removeEventListener('wheel', wheel);
  }, []);
}

function draw(el: HTMLCanvasElement, width: number, nodes: readonly TreeNode[], axis: Axis) {
  const ratio = devicePixelRatio || 1;
  el.width = Math.round(width * ratio);
  el.height = height * ratio;
  const g = el.getContext('2d');
  if (!g || !width || !nodes.length) return;
  g.scale(ratio, ratio);
  const colours = new Map((Object.keys(kinds) as Kind[]).map((k) => [k, cssVar('--kind-' + k)]));
  const error = cssVar('--error');
  const step = Math.min((height - 6) / nodes.length, 5);
  const thick = Math.max(step > 2 ? step - 1 : step, 0.6);
  const scale = width / (axis.hi - axis.lo || 1);
  const errors: number[] = [];
  nodes.forEach((n, at) => {
    if (!n.row) return;
    const x = (axis.from(at) - axis.lo) * scale;
    const w = Math.max((axis.to(at) - axis.lo) * scale - x, 1);
    g.fillStyle = colours.get(n.row.kind)!;
    g.globalAlpha = n.children > 0 ? 0.45 : 0.9;
    g.fillRect(x, 1 + at * step, w, thick);
    if (n.row.status === 'error' && n.errors === 0) errors.push(Math.min(x + w, width - 1));
  });
  g.globalAlpha = 1;
  g.fillStyle = error;
  for (const x of errors) g.fillRect(x - 1, height - 5, 2, 5);
}
