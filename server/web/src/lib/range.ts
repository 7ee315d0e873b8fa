// A stretch of time as the URL names it: last=24h moves with the clock, from and to stay where they are.
import { clock } from './format';

export interface Range {
  /** Such as 24h, back from now; '' where from and to say it. */
  last: string;
  /** RFC 3339; '' is open. */
  from: string;
  to: string;
}

/** What is offered, in its order. */
export const lasts = [['15m', '15 min'], ['1h', '1 h'], ['24h', '24 h'], ['3d', '3 d'], ['7d', '7 d']] as const;

const usual = '24h';
const units = new Map([['m', 60e3], ['h', 3600e3], ['d', 86400e3]]);

/** The ms of a time such as 15m, 24h or 7d; 0 for anything else. */
export function spanMs(text: string): number {
  const found = /^(\d{1,5})([mhd])$/.exec(text);
  return found ? Number(found[1]) * units.get(found[2]!)! : 0;
}

/** The range that a query names. What cannot be read is as if it were not there. */
export function rangeOf(query: { get(name: string): string | null }): Range {
  const [from, to] = [moment(query.get('from')), moment(query.get('to'))];
  if (from || to) return { last: '', from, to };
  const last = query.get('last') ?? '';
  return { last: spanMs(last) ? last : usual, from: '', to: '' };
}

/** An RFC 3339 time as it was, or ''. */
const moment = (text: string | null) => (text && /^\d{4}-\d\d-\d\dT/.test(text) && !isNaN(Date.parse(text)) ? text : '');

/** The parameters of a range, for the interface and for links; null takes a parameter away. */
export const rangeParams = (r: Range) => ({ last: r.last || null, from: r.from || null, to: r.to || null });

/** A range between two moments in ms, in whichever order. */
export const between = (a: number, b: number): Range => ({ last: '', from: iso(Math.min(a, b)), to: iso(Math.max(a, b)) });

const iso = (ms: number) => new Date(ms).toISOString();

/** Where a range begins and ends, in ms. An end that is open is now; a start that is open is a day before the end. */
export function bounds(r: Range, now: number): { from: number; to: number } {
  const to = r.to ? Date.parse(r.to) : now;
  const from = r.from ? Date.parse(r.from) : to - spanMs(r.last || usual);
  return { from: Math.min(from, to - 1), to };
}

/** The range of the same length by so many lengths later; it never ends after now. */
export function shift(r: Range, by: number, now: number): Range {
  const { from, to } = bounds(r, now);
  const step = Math.min((to - from) * by, now - to);
  return between(from + step, to + step);
}

/** The range in words. */
export function rangeLabel(r: Range, now = new Date()): string {
  if (r.last) return 'last ' + (lasts.find(([l]) => l === r.last)?.[1] ?? r.last);
  const at = (text: string) => clock(text, { now });
  return r.from ? (r.to ? `${at(r.from)} – ${at(r.to)}` : `since ${at(r.from)}`) : `until ${at(r.to)}`;
}

/** A moment as a field of type datetime-local has it, in local time; '' of ''. */
export function toLocal(text: string): string {
  if (!text) return '';
  const d = new Date(text);
  return new Date(+d - d.getTimezoneOffset() * 60e3).toISOString().slice(0, 19);
}

/** The other way; '' for what is no time. */
export const fromLocal = (text: string) => (text && !isNaN(Date.parse(text)) ? iso(+new Date(text)) : '');
