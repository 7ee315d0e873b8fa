/** Lays lines upon each other, the last at the bottom: each becomes itself and all that come after it. Nothing measured counts as 0. */
export function stacked(lines: readonly (readonly (number | null)[])[]): number[][] {
  let below: number[] = [];
  return lines.map((l) => l).reverse().map((line) => (below = line.map((v, i) => (v ?? 0) + (below[i] ?? 0)))).reverse();
}
