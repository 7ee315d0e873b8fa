import { order } from './order';
import { row } from './rows.testing';
import { equal, test } from '../../testing';

const rows = [row('a', '', 0, { dur: 5, cost: null }), row('b', '', 1, { dur: -1, cost: 2 }), row('c', '', 2, { dur: 9, cost: 1 }), row('d', '', 3, { event: true, dur: 0 })];
const by = (sort: string) => order(rows, sort).map((r) => r.id).join('');

test('what is not known comes last, rising or falling', () => {
  equal([by('cost'), by('-cost')], ['cbad', 'bcad']);
});

test('what runs is longest, and an event has no length', () => {
  equal([by('duration'), by('-duration')], ['acbd', 'bcad']);
});

test('an order that is not known is that of the start', () => {
  equal([by(''), by('__proto__'), by('-name')], ['abcd', 'abcd', 'dcba']);
});
