// Where a span can be had, as links and as commands.
import type { TraceSource } from './source';

/** Where the server is, and whether it answers anybody: whose commands then need no token. */
export interface Place { origin: string; open: boolean }

export type Where = Pick<TraceSource, 'path' | 'href' | 'project'>;

const spanPath = (source: Where, id: string) => source.path + '/spans/' + encodeURIComponent(id);

export const spanLink = (source: Where, id: string, at: Place) => at.origin + source.href(id);

/** The command that asks for a span. Its token is a variable of the shell: what is copied is pasted anywhere. */
export const spanCurl = (source: Where, id: string, at: Place) => curl(source, spanPath(source, id), at);

export function spanFile(source: Where, id: string) {
  return { href: spanPath(source, id), name: `span-${id.replace(/[^\w-]/g, '_')}.json` };
}

/** The command that asks for a path. */
export function curl(source: Where, path: string, at: Place): string {
  const header = source.project && !at.open ? ' -H "Authorization: Bearer $TAILRACE_TOKEN"' : '';
  return `curl -sS${header} ${shell(at.origin + path)}`;
}

const shell = (s: string) => `'${s.replace(/'/g, `'\\''`)}'`;
