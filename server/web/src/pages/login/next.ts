/**
 * Where to go after a login: the path that was asked for if it is one of ours, else the first page. A second slash or a
 * backslash would lead to another host, and browsers leave out tabs and line ends before they look.
 */
export function safeNext(next: string | null): string {
  return next && /^\/(?![/\\])[^\\\x00-\x20\x7f]*$/.test(next) && !/^\/(login|invite)\b/.test(next) ? next : '/';
}
