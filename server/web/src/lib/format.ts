// How figures are written. Fixed to English and to few digits: people compare them, in rows.

const minus = '\u2212';

/** A duration in ns: 412 µs, 3.2 ms, 1.84 s, 2 m 05 s, 3 h 12 m. Negative is "running" elsewhere and – here. */
export function duration(ns: number | null | undefined): string {
  if (ns == null || ns < 0) return '–';
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${three(ns / 1e3)} µs`;
  if (ns < 1e9) return `${three(ns / 1e6)} ms`;
  const s = ns / 1e9;
  if (s < 59.95) return `${three(s)} s`;
  const whole = Math.round(s);
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${pad(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${pad(Math.floor(whole / 60) % 60)} m`;
  return `${Math.floor(whole / 86400)} d ${pad(Math.floor(whole / 3600) % 24)} h`;
}

/** Three significant digits, without an exponent. */
function three(x: number): string {
  return x >= 99.95 ? String(Math.round(x)) : x >= 9.995 ? x.toFixed(1) : x.toFixed(2);
}

const pad = (n: number, width = 2) => String(n).padStart(width, '0');

/** A count in full: 12,345. */
export const count = (n: number | null | undefined) => (n == null ? '–' : String(n).replace(/\B(?=(\d{3})+$)/g, ','));

/** A count in little room: 950, 12.3k, 4.51M. */
export function short(n: number | null | undefined): string {
  if (n == null) return '–';
  if (n < 0) return minus + short(-n);
  for (const [unit, name] of [[1e9, 'B'], [1e6, 'M'], [1e3, 'k']] as const) {
    if (n >= unit * 0.9995) return three(n / unit).replace(/\.0+$/, '') + name;
  }
  return Number.isInteger(n) ? String(n) : three(n);
}

/** Dollars. Unknown is –, never 0. */
export function cost(usd: number | null | undefined): string {
  if (usd == null) return '–';
  if (usd === 0) return '$0';
  if (usd < 0.0001) return '<$0.0001';
  return '$' + (usd < 0.1 ? usd.toFixed(4) : usd < 100 ? usd.toFixed(2) : count(Math.round(usd)));
}

/** Bytes: 812 B, 14.2 KiB, 3.04 GiB. */
export function bytes(n: number | null | undefined): string {
  if (n == null) return '–';
  let unit = 0;
  while (n >= 1023.5 && unit < 5) { n /= 1024; unit++; }
  return `${unit ? three(n) : n} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'][unit]}`;
}

export const percent = (share: number | null | undefined) =>
  share == null ? '–' : share === 0 ? '0 %' : share < 0.001 ? '<0.1 %' : `${three(share * 100).replace(/\.0+$/, '')} %`;

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A time of the day, local, with the date if it is not today: 14:03:21, or 22 Nov 14:03:21. */
export function clock(at: Date | string | number, { ms = false, now = new Date() }: { ms?: boolean; now?: Date } = {}): string {
  const d = new Date(at);
  if (isNaN(+d)) return '–';
  const time = `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}` + (ms ? '.' + pad(d.getMilliseconds(), 3) : '');
  return sameDay(d, now) ? time : `${d.getDate()} ${months[d.getMonth()]}${d.getFullYear() === now.getFullYear() ? '' : ' ' + d.getFullYear()} ${time}`;
}

export const date = (at: Date | string | number) => {
  const d = new Date(at);
  return isNaN(+d) ? '–' : `${d.getDate()} ${months[d.getMonth()]} ${d.getFullYear()}`;
};

const sameDay = (a: Date, b: Date) => a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();

/** How long ago: now, 12 s ago, 4 m ago, 3 h ago, 2 d ago; for the future "in 3 h". */
export function ago(at: Date | string | number, now = Date.now()): string {
  const s = Math.round((now - +new Date(at)) / 1000);
  if (isNaN(s)) return '–';
  const size = Math.abs(s);
  if (size < 2) return 'now';
  const whole = s > 0 ? Math.floor : Math.round; // what was made for 7 days ends in 7 days, a second later too
  const text = size < 60 ? `${size} s` : size < 3600 ? `${whole(size / 60)} m` : size < 86400 ? `${whole(size / 3600)} h` : `${whole(size / 86400)} d`;
  return s > 0 ? text + ' ago' : 'in ' + text;
}

/** "1 span", "3 spans". */
export const plural = (n: number, one: string, many = one + 's') => `${count(n)} ${n === 1 ? one : many}`;
