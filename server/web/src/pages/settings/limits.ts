// Limits as people write them.
import { bytes, plural } from '../../lib/format';

const hour = 3600e9;

/** 30 days, 36 hours, for ever. */
export const ageText = (ns: number) =>
  ns < 0 ? 'for ever' : ns % (24 * hour) === 0 ? plural(ns / 24 / hour, 'day') : plural(Math.round(ns / hour), 'hour');

export const sizeText = (n: number) => (n < 0 ? 'no limit' : bytes(n));

/** Reads 30 d, 30 days, 36 h, 2 weeks; a number alone is days. In ns; undefined is none of these, or less than an hour. */
export function parseAge(text: string): number | undefined {
  const [, n, unit] = /^\s*(\d+(?:\.\d+)?)\s*(h|hours?|d|days?|w|weeks?|y|years?|)\s*$/i.exec(text) ?? [];
  if (n === undefined) return undefined;
  const hours = Number(n) * { h: 1, d: 24, w: 168, y: 8760 }[(unit || 'd')[0]!.toLowerCase() as 'h' | 'd' | 'w' | 'y'];
  return hours >= 1 ? Math.round(hours * hour) : undefined;
}

/** Reads 10 GiB, 512 mb, 1.5 tib; a number alone is GiB, and G, GB and GiB are the same. Undefined is none of these, or less than 1 MiB. */
export function parseSize(text: string): number | undefined {
  const [, n, unit] = /^\s*(\d+(?:\.\d+)?)\s*([mgt]?)(?:i?b)?\s*$/i.exec(text) ?? [];
  if (n === undefined) return undefined;
  const size = Math.round(Number(n) * 2 ** { m: 20, g: 30, t: 40 }[(unit || 'g').toLowerCase() as 'm' | 'g' | 't']);
  return size >= 2 ** 20 && size <= 2 ** 53 ? size : undefined;
}
