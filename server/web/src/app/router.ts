// Where the user is. The path names the page, the query its filters, columns and zoom: whatever a person sees can be
// reloaded, sent to somebody, and left with the back button.
import { computed, signal } from '@preact/signals';

export interface Route {
  page: PageName;
  /** The parts of the path that were left open, decoded. */
  params: Record<string, string>;
}

export type PageName =
  | 'home' | 'login' | 'invite' | 'traces' | 'trace' | 'compare' | 'metrics' | 'pipeline' | 'settings' | 'server' | 'share' | 'styleguide' | 'lost';

const table: [PageName, string][] = [
  ['home', '/'],
  ['login', '/login'],
  ['invite', '/invite/:secret'],
  ['traces', '/p/:project/traces'],
  ['trace', '/p/:project/traces/:trace'],
  ['trace', '/p/:project/traces/:trace/:span'],
  ['compare', '/p/:project/compare'],
  ['metrics', '/p/:project/metrics'],
  ['settings', '/p/:project/settings'],
  ['settings', '/p/:project/settings/:section'],
  ['pipeline', '/pipeline'],
  ['server', '/settings'],
  ['server', '/settings/:section'],
  ['share', '/s/:secret'],
  ['share', '/s/:secret/:span'],
  ['styleguide', '/styleguide'],
];

export function match(path: string): Route {
  const parts = path.replace(/(.)\/$/, '$1').split('/');
  for (const [page, pattern] of table) {
    const wanted = pattern.split('/');
    if (wanted.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((w, i) => {
      const part = parts[i]!;
      if (w[0] !== ':') return w === part;
      const value = decode(part);
      params[w.slice(1)] = value;
      return value !== '';
    });
    if (fits) return { page, params };
  }
  return { page: 'lost', params: {} };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// Tests of pure functions run without a browser.
const here = () => (typeof location === 'undefined' ? { pathname: '/', search: '' } : location);

const path = signal(here().pathname);
const search = signal(here().search);

/** The page that is shown. */
export const route = computed(() => match(path.value));

/** The parameters of the URL. Treat as read-only: setQuery changes them. */
export const query = computed(() => new URLSearchParams(search.value));

/** The address of the page without its origin, as signals: whoever reads it is told of changes. */
export const address = computed(() => path.value + search.value);

function sync() {
  path.value = location.pathname;
  search.value = location.search;
}

/** Goes to a path of ours. With replace the back button does not return to where the user was. */
export function navigate(to: string, { replace = false, keepScroll = false } = {}) {
  if (to === location.pathname + location.search) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', to);
  sync();
  if (!keepScroll && !replace) scrollTo(0, 0);
}

export type QueryChange = Record<string, string | readonly string[] | null | undefined>;

/** Returns the query with some parameters changed; null, '' or [] removes one, and what is not named stays. */
export function changed(current: URLSearchParams, change: QueryChange): string {
  const next = new URLSearchParams(current);
  for (const [key, value] of Object.entries(change)) {
    next.delete(key);
    if (value == null || value === '') continue;
    for (const v of typeof value === 'string' ? [value] : value) next.append(key, v);
  }
  const s = next.toString();
  return s && '?' + s;
}

/** Changes parameters of the URL: an entry of the history each time, unless replace says that it is one movement (typing, dragging). */
export function setQuery(change: QueryChange, { replace = false } = {}) {
  navigate(path.peek() + changed(query.peek(), change), { replace, keepScroll: true });
}

/** Joins parts into a path of ours, each escaped. */
export const to = (...parts: string[]) => '/' + parts.map(encodeURIComponent).join('/');

export const tracesPath = (project: string) => to('p', project, 'traces');
export const tracePath = (project: string, trace: string, span?: string) =>
  span ? to('p', project, 'traces', trace, span) : to('p', project, 'traces', trace);

/** Makes links to our own pages change the page without loading it anew. Links to files of the API are left alone. */
export function listen() {
  addEventListener('popstate', sync);
  document.addEventListener('click', (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const a = (e.target as Element | null)?.closest?.('a');
    if (!a || a.target || a.hasAttribute('download') || a.origin !== location.origin || a.pathname.startsWith('/api/')) return;
    if (a.hash && a.pathname === location.pathname) return;
    e.preventDefault();
    navigate(a.pathname + a.search);
  });
}
