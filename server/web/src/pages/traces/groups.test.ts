import { equal, test } from '../../testing';
import { trace } from './fixture';
import { byThread } from './groups';

test('threads come in the order of the list, their runs in the order of the conversation', () => {
  const at = (id: string, thread: string, minute: number) => trace({ trace_id: id, thread, start: `2026-11-23T10:0${minute}:00Z` });
  const groups = byThread([at('e', 'x', 5), at('d', '', 4), at('c', 'y', 3), at('b', 'x', 2), at('a', '', 1)]);
  equal(groups.map((g) => [g.thread, g.runs.map((t) => t.trace_id).join(''), g.tokens, g.duration]), [['x', 'be', 30, 4e9], ['', 'd', 15, 2e9], ['y', 'c', 15, 2e9], ['', 'a', 15, 2e9]]);
});
