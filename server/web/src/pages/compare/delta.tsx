import { cost } from '../../lib/format';

/** A difference may be far below what a cost is shown to. */
export const exact = (usd: number) => (usd < 1e-4 ? '$' + usd.toFixed(6) : cost(usd));

// A change of a figure: never by colour alone, and nothing where there is none.
export function Delta({ a, b, format, neutral, small = 0 }: { a: number | null | undefined; b: number | null | undefined; format(n: number): string; neutral?: boolean; small?: number }) {
  if (a == null || b == null || a < 0 || b < 0) return <span class="muted">–</span>;
  const d = b - a;
  if (d === 0) return <span class="muted">=</span>;
  const little = Math.abs(d) <= small || Math.abs(d) < .05 * Math.max(a, b);
  return <span class={little || neutral ? 'delta muted' : d > 0 ? 'delta more' : 'delta less'}>{d > 0 ? '+' : '−'}{format(Math.abs(d))}</span>;
}
