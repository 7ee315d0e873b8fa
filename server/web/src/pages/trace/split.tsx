// A line between two columns that can be moved, by pointer and by key.
import { useRef } from 'preact/hooks';

export function Splitter({ label, value, min, max, reverse, onMove }: { label: string; value: number; min: number; max: number; reverse?: boolean; onMove(px: number): void }) {
  const from = useRef<[number, number] | null>(null);
  const move = (px: number) => onMove(Math.min(Math.max(px, min), max));
  const sign = reverse ? -1 : 1;
  return (
    <div
      class="splitter" role="separator" aria-orientation="vertical" aria-label={label} aria-valuenow={Math.round(value)} aria-valuemin={min} aria-valuemax={max} tabIndex={0}
      onPointerDown={(e) => {
        e.preventDefault();
        e.currentTarget.setPointerCapture(e.pointerId);
        from.current = [e.clientX, value];
      }}
      onPointerMove={(e) => { if (from.current) move(from.current[1] + sign * (e.clientX - from.current[0])); }}
      onPointerUp={() => { from.current = null; }}
      onPointerCancel={() => { from.current = null; }}
      onKeyDown={(e) => {
        const by = e.key === 'ArrowLeft' ? -16 : e.key === 'ArrowRight' ? 16 : 0;
        if (!by) return;
        e.preventDefault();
        move(value + sign * by);
      }}
    />
  );
}
