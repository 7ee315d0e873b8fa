import { Recent, spanKey } from './load';
import { marksIn, pieces } from './marks';
import { fold, rowsOf } from './rows';
import { familyOf } from './family';
import type { SpanRow, TraceModel } from '../model';
import { equal, test } from '../../../testing';

test('the oldest is given up first, and what is used is not old', () => {
  const r = new Recent<number>(2);
  r.put('a', 1);
  r.put('b', 2);
  equal(r.get('a'), 1);
  r.put('c', 3);
  equal([r.get('a'), r.get('b'), r.get('c')], [1, undefined, 3]);
});

test('a span that has ended is another than the one that ran, and a share is another than the project', () => {
  const row = { id: 'x', status: 'running', dur: -1 } as const;
  equal(spanKey({ key: 'k', content: true }, row) === spanKey({ key: 'k', content: true }, { ...row, status: 'success', dur: 5 }), false);
  equal(spanKey({ key: 'k', content: true }, row) === spanKey({ key: 'k', content: false }, row), false);
});

test('marks are counted', () => {
  equal(marksIn({ a: '[REDACTED]', b: ['x…[truncated]', '[MaxDepth]', '[EMAIL_2]'], __truncated: '3 more keys omitted' }), { redacted: 2, cut: 3 });
  equal(marksIn({ a: '[x]', b: 'truncated' }), { redacted: 0, cut: 0 });
  equal(marksIn(undefined), { redacted: 0, cut: 0 });
});

test('marks and what is sought are pieces of their own', () => {
  equal(pieces('a [REDACTED] B b', 'b'), [{ text: 'a ', kind: '' }, { text: '[REDACTED]', kind: 'left' }, { text: ' ', kind: '' }, { text: 'B', kind: 'found' }, { text: ' ', kind: '' }, { text: 'b', kind: 'found' }]);
  equal(pieces('İb', 'b').map((x) => x.text).join(''), 'İb');
  equal(pieces(''), []);
});

test('only the lines that are shown are made', () => {
  const big = { rows: Array.from({ length: 50_000 }, (_, i) => ({ i, inside: { deep: [i] } })) };
  const open = rowsOf(big, new Map([['.rows', true]]), 500);
  equal([open.rows.length, open.more], [500, true]);
  equal(open.rows.slice(0, 3).map((r) => [r.path, r.depth, r.size]), [['.rows', 0, 50_000], ['.rows[0]', 1, 2], ['.rows[0].i', 2, -1]]);
  equal(rowsOf(big, new Map(), 500).rows.length, 1);
});

test('keys are data', () => {
  const { rows } = rowsOf(JSON.parse('{"__proto__":{"a":[{}]},"a b":1,"constructor":"x","":[]}'), new Map(), 100);
  equal(rows.map((r) => [r.path, r.key]), [['.__proto__', '__proto__'], ['.__proto__.a', 'a'], ['.__proto__.a[0]', 0], ['["a b"]', 'a b'], ['.constructor', 'constructor'], ['[""]', '']]);
});

test('small things are in a line, and JSON in a text can be opened', () => {
  const { rows } = rowsOf({ p: { x: 1, y: 'two' }, t: '{"a":{"b":[1,[2]]}}', no: '{not json at all}' }, new Map([['.t', true]]), 100);
  equal(rows.map((r) => [r.path, r.short, r.open, r.json]), [['.p', '{ x: 1, y: "two" }', false, false], ['.t', '', true, true], ['.t.a', '', true, false], ['.t.a.b', '', true, false], ['.t.a.b[0]', '', false, false], ['.t.a.b[1]', '[ 2 ]', false, false], ['.no', '', false, false]]);
});

test('long texts are folded at a line, or in the middle of a very long one', () => {
  equal(fold('a\nb\nc', 2), { head: 'a\nb\nc', rest: 0 });
  const lines = Array.from({ length: 100 }, (_, i) => 'line ' + i).join('\n');
  equal(fold(lines, 3), { head: 'line 0\nline 1\nline 2', rest: lines.length - 20 });
  const long = 'x'.repeat(10_000);
  equal(fold(long, 2).rest, 9700);
  equal(fold('😀'.repeat(5000), 1, 151).head.length, 150);
});

test('the trouble began at the failed span without a failed child', () => {
  const row = (id: string, parentId: string, status: SpanRow['status'] = 'error') => ({ id, parentId, status } as SpanRow);
  const rows = [row('root', ''), row('fine', 'root', 'success'), row('step', 'root'), row('tool', 'step'), row('x', 'y'), row('y', 'x')];
  const model = { rows, byId: new Map(rows.map((r) => [r.id, r])) } as unknown as TraceModel;
  const of = (id: string) => familyOf(model, model.byId.get(id)!);
  equal(of('root').cause?.id, 'tool');
  equal([of('tool').cause, of('fine').cause, of('tool').parent?.id, of('root').children.map((c) => c.id)], [undefined, undefined, 'step', ['fine', 'step']]);
  equal(of('x').parent?.id, 'y');
});
