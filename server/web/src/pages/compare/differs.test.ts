import type { FullSpan } from '../../api.gen';
import { differences, ofSpans, only } from './differs';
import { equal, test } from '../../testing';

test('metadata that is not the same', () => {
  equal(differences({ requestId: 'x', promptVersion: 'v12', user: { plan: 'a' }, same: [1] }, { requestId: 'y', promptVersion: 'v13', user: { plan: 'b' }, same: [1], added: 1 }), [
    { name: 'promptVersion', where: '', a: 'v12', b: 'v13' }, { name: 'user.plan', where: '', a: 'a', b: 'b' }, { name: 'added', where: '', a: '', b: '1' }, { name: 'requestId', where: '', a: 'x', b: 'y' },
  ]);
  equal([differences(null, 'text'), differences(JSON.parse('{"__proto__":"x"}'), {})], [[], [{ name: '__proto__', where: '', a: 'x', b: '' }]]);
});

test('what was only there', () => {
  equal(only(['a', 'b', 'b', ''], ['b', 'c']), { a: ['a'], b: ['c'] });
});

test('settings of steps, each difference once', () => {
  const span = (name: string, temperature: number, more = {}) => ({ name, metadata: { env: 'x' }, attributes: { parameters: { temperature }, usage: { inputTokens: temperature } }, ...more }) as FullSpan;
  equal(ofSpans([[span('r', 1), span('r', 1)], [span('m', 0), span('m', 1)], [span('n', 0), span('n', 1)]]), [{ name: 'parameters.temperature', where: 'm', a: '0', b: '1' }]);
});
