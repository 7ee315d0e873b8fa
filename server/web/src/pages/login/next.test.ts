import { safeNext } from './next';
import { equal, test } from '../../testing';

test('after a login one stays on this server', () => {
  for (const own of ['/', '/p/a/traces', '/p/a%2Fb/traces?last=1h&q=a%20b#x', '/s/x?u=//y', '/loginx']) equal(safeNext(own), own);
  for (const other of [
    null, '', 'p/a', '//evil.example', '///evil.example', '/\\evil.example', '\\\\evil.example', '/\t/evil.example', '/\n/evil.example', '\t//evil.example', ' //evil.example',
    'https://evil.example', 'https:evil.example', 'javascript:alert(1)', 'data:text/html,x', '/a\\b', '/a b', '/a\u0000', '/login', '/login?next=/', '/invite/x', '/%2F\r/x',
  ]) equal([other, safeNext(other)], [other, '/']);
});
