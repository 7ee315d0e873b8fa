// Round places on an axis.

/** Round values from 0 to about max, few enough to be read; steps says which distances are round, rising. */
export function valueTicks(max: number, steps: readonly number[] = []): number[] {
  const rough = (max > 0 ? max : 1) / 5;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = steps.find((s) => s >= rough) ?? size * [1, 2, 5, 10].find((n) => n * size >= rough * .999)!;
  return Array.from({ length: Math.floor((max > 0 ? max : 1) / step + 1e-9) + 1 }, (_, i) => i * step);
}

/** Distances of a clock, in ns, from a ms on. */
export const clockSteps = [...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((ms) => ms * 1e6), ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400].map((s) => s * 1e9)];

const times = [60, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000];

/** Round moments between two, in s since 1970, at most so many; zone is how far the local clock is ahead, in s. */
export function timeTicks(from: number, to: number, most: number, zone: number): { at: number[]; step: number } {
  const step = times.find((s) => (to - from) / s <= most) ?? times[times.length - 1]! * Math.ceil((to - from) / times[times.length - 1]! / most);
  const at: number[] = [];
  for (let s = Math.ceil((from + zone) / step) * step - zone; s <= to; s += step) at.push(s);
  return { at, step };
}
