import type { Exporter } from '../../api.gen';
import { falling, reasonOf, received, sent, statusOf } from './account';
import { equal, test } from '../../testing';

test('a server accounts for all that it received', () => {
  equal(received({ received: 10, stored: 6, repeated: 1, rejected: { no_op: 2, date: 1 } }).difference, 0);
  equal(received({ received: 10, stored: 6, repeated: 1, rejected: {} }).difference, 3);
  equal(received({ received: 0, stored: 0, repeated: 0, rejected: {} }).right.map((t) => t.n), [0, 0, 0]);
});

test('an exporter accounts for all that it accepted or made', () => {
  const e = { accepted: 10, made: 2, delivered: 5, filtered: 1, dropped: 1, failed: 1, abandoned: 1, spooled: 1, queued: 2 } as Exporter;
  equal(sent(e).difference, 0);
  equal(sent({ ...e, delivered: 7 }).difference, -2);
});

test('every reason says what to do, unknown ones too', () => {
  for (const code of ['trace_id', 'quota', 'constructor', '']) equal(reasonOf(code).map((text) => text.length > 10), [true, true]);
  equal([statusOf('200'), statusOf('418'), statusOf('502')], ['taken', 'refused', 'the server could not take it']);
});

test('most first', () => {
  equal(falling({ b: 1, c: 5, a: 1 }), [['c', 5], ['a', 1], ['b', 1]]);
});
