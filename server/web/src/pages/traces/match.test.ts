import { equal, test } from '../../testing';
import { trace } from './fixture';
import { judge, merge, within } from './match';

const noon = +new Date('2026-11-23T12:00:00Z');

test('what the summary tells is judged here', () => {
  for (const [params, want] of [
    [{}, 'yes'], [{ last: '24h' }, 'yes'], [{ last: '1h' }, 'no'], [{ from: '2026-11-23T10:00:00Z' }, 'yes'], [{ to: '2026-11-23T10:00:00Z' }, 'no'],
    [{ status: 'success' }, 'yes'], [{ status: 'error' }, 'no'], [{ any_error: 'true' }, 'no'], [{ any_error: 'false' }, 'yes'],
    [{ trace_id: '4BF9' }, 'yes'], [{ trace_id: 'f' }, 'no'], [{ min_ms: '2000' }, 'yes'], [{ min_ms: '2001' }, 'no'], [{ max_ms: '1999' }, 'no'],
    [{ q: 'parcel' }, 'yes'], [{ q: '4bf9' }, 'yes'], [{ sort: 'cost', to: null }, 'yes'],
  ] as const) equal([params, judge(trace(), params, noon)], [params, want]);
});

test('what any span may have is asked for, unless the summary has it', () => {
  for (const [params, want] of [
    [{ service: 'shop' }, 'yes'], [{ service: 'bank' }, 'ask'], [{ user: 'u2' }, 'ask'], [{ thread: 't1' }, 'yes'], [{ tag: ['beta'] }, 'yes'], [{ tag: ['beta', 'x'] }, 'ask'],
    [{ type: 'tool_call' }, 'ask'], [{ model: 'm' }, 'ask'], [{ env: 'prod' }, 'ask'], [{ 'meta.k': 'v' }, 'ask'], [{ q: 'refund', in: 'content' }, 'ask'],
    [{ model: 'm', status: 'error' }, 'no'],
  ] as const) equal([params, judge(trace(), params, noon)], [params, want]);
});

test('new traces go where the order has them, and known ones stay where they are', () => {
  const at = (id: string, minute: number, ns = 1) => trace({ trace_id: id, start: `2026-11-23T10:0${minute}:00Z`, duration_ns: ns });
  const rows = [at('c', 5, 1), at('a', 2, 9)];
  equal(merge(rows, [at('d', 6), at('b', 3), at('a', 2, 10)], 'start').map((t) => t.trace_id + t.duration_ns), ['d1', 'c1', 'b1', 'a10']);
  equal(merge([at('a', 2, 9), at('c', 5, 1)], [at('x', 1, 4), at('y', 1, 0)], 'duration').map((t) => t.trace_id), ['a', 'x', 'c', 'y']);
  equal([within(at('z', 1), rows, 'start'), within(at('z', 3), rows, 'start'), within(at('z', 1), [], 'start')], [false, true, true]);
});
