import type { FullSpan } from '../../api.gen';
import { apart, differences, ofSpans, only } from './differs';
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

test('long texts are shown where they begin to differ', () => {
  const same = 'You read mail from customers of a software company and find what they want of it, the product, the date and the sentiment.';
  equal(apart(same + ' Answer with JSON only.', same), ['…date and the sentiment. Answer with JSON only.', '…date and the sentiment.']);
  equal(apart('short', 'shorter'), ['short', 'shorter']);
  equal(apart('x'.repeat(130), ''), ['x'.repeat(120) + '…', '']);
});
