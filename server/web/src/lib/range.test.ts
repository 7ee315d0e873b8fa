import { between, bounds, fromLocal, rangeLabel, rangeOf, rangeParams, shift, spanMs, toLocal } from './range';
import { equal, test } from '../testing';

const of = (q: string) => rangeOf(new URLSearchParams(q));
const hour = 3600e3;
const now = Date.parse('2026-11-23T12:00:00Z');

test('a URL names a range', () => {
  equal(of(''), { last: '24h', from: '', to: '' });
  equal(of('last=15m'), { last: '15m', from: '', to: '' });
  equal(of('from=2026-11-23T10:00:00Z&to=2026-11-23T11:00:00Z&last=1h'), { last: '', from: '2026-11-23T10:00:00Z', to: '2026-11-23T11:00:00Z' });
  equal(of('to=2026-11-23T11:00:00Z'), { last: '', from: '', to: '2026-11-23T11:00:00Z' });
});

test('what cannot be read is not there', () => {
  for (const q of ['last=never', 'last=1y', 'last=0m', 'from=yesterday', 'from=2026-99-23T10:00:00Z', 'to=', 'last=-1h']) equal([q, of(q)], [q, of('')]);
});

test('it comes back as parameters', () => {
  equal(rangeParams(of('last=3d')), { last: '3d', from: null, to: null });
  equal(rangeParams(between(now, now - hour)), { last: null, from: '2026-11-23T11:00:00.000Z', to: '2026-11-23T12:00:00.000Z' });
});

test('it has bounds', () => {
  equal([spanMs('15m'), spanMs('7d'), spanMs('x')], [900e3, 604800e3, 0]);
  equal(bounds(of('last=1h'), now), { from: now - hour, to: now });
  equal(bounds(of('to=2026-11-23T11:00:00Z'), now), { from: now - 25 * hour, to: now - hour });
  equal(bounds(of('from=2026-11-23T11:00:00Z'), now), { from: now - hour, to: now });
  equal(bounds(of('from=2026-11-23T13:00:00Z'), now), { from: now - 1, to: now }, 'a start in the future');
});

test('it moves, but not past now', () => {
  const earlier = shift(of('last=1h'), -1, now);
  equal(bounds(earlier, now), { from: now - 2 * hour, to: now - hour });
  equal(bounds(shift(earlier, 1, now), now), { from: now - hour, to: now });
  equal(bounds(shift(of('last=1h'), 1, now), now), { from: now - hour, to: now });
});

test('it has words', () => {
  equal([rangeLabel(of('')), rangeLabel(of('last=1h')), rangeLabel(of('last=2h'))], ['last 24 h', 'last 1 h', 'last 2h']);
  const at = new Date(2026, 10, 23, 9, 30).toISOString();
  equal(rangeLabel({ last: '', from: at, to: '' }, new Date(2026, 10, 23, 15, 0)), 'since 09:30:00');
});

test('a field has local time', () => {
  const at = new Date(2026, 10, 23, 9, 30, 5);
  equal(toLocal(at.toISOString()), '2026-11-23T09:30:05');
  equal(fromLocal(toLocal(at.toISOString())), at.toISOString());
  equal([toLocal(''), fromLocal(''), fromLocal('x')], ['', '', '']);
});
