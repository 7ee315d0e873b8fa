import { toLines } from './lines';
import { equal, test } from '../testing';

test('values are lines', () => {
  equal(toLines({ model: 'x', n: 1, none: null, list: [], messages: [{ role: 'user', content: 'a\nb' }] }), [
    'model: x', 'n: 1', 'none: null', 'list: []', 'messages:', '  - role: user', '    content:', '      a', '      b',
  ]);
  equal(toLines([['x', 'y\nz'], 1]), ['- - x', '  - y', '    z', '- 1']);
  equal([toLines('a\nb'), toLines(null), toLines(''), toLines({})], [['a', 'b'], ['null'], ['""'], ['{}']]);
});

test('JSON in a text is read', () => {
  equal(toLines({ args: '{"city":"Bern"}' }), ['args:', '  city: Bern']);
  equal(toLines('{not json'), ['{not json']);
});

test('hostile keys and depth are text', () => {
  equal(toLines(JSON.parse('{"__proto__":{"x":1}}')), ['__proto__:', '  x: 1']);
  let deep: unknown = 1;
  for (let i = 0; i < 3000; i++) deep = [deep];
  equal(toLines(deep)[0]!.slice(0, 8), '- - - - ');
});
