import type { SpanRow } from '../trace/model';
import { align } from './align';
import { equal, test } from '../../testing';

/** "id<parent name type", ordered by start. */
const trace = (...lines: string[]) => lines.map((line, start): SpanRow => {
  const [ids, name = '', type = 'tool_call'] = line.split(' ');
  const [id, parentId = ''] = ids!.split('<');
  return { id, parentId, name, type, start } as SpanRow;
});
const shown = (a: SpanRow[], b: SpanRow[]) => align(a, b).map((s) => `${'.'.repeat(s.depth)}${s.a?.id ?? '-'}/${s.b?.id ?? '-'}`).join(' ');

test('equal runs', () => {
  equal(shown(trace('r run', 'x<r one', 'y<r two', 'z<y three'), trace('R run', 'X<R one', 'Y<R two', 'Z<Y three')), 'r/R .x/X .y/Y ..z/Z');
});

test('one more try is only in the second', () => {
  equal(shown(trace('r run', 'x<r get', 'y<r end'), trace('R run', 'X<R get', 'X2<R get', 'Y<R end')), 'r/R .x/X .-/X2 .y/Y');
  equal(shown(trace('r run', 'x<r get', 'x2<r get', 'y<r end'), trace('R run', 'X<R get', 'Y<R end')), 'r/R .x/X .x2/- .y/Y');
});

test('a step below another one moves with it', () => {
  equal(shown(trace('r run', 'x<r get', 'q<x inner'), trace('R run', 'w<R wrap', 'X<w get', 'Q<X inner')), 'r/R .x/X ..q/Q .-/w');
});

test('another name of the same type in the same place, and roots of any name', () => {
  equal(shown(trace('r run', 'm<r gpt-4 model_generation'), trace('R walk', 'M<R gpt-5 model_generation')), 'r/R .m/M');
  equal(shown(trace('r run', 'm<r a model_generation'), trace('R run', 'M<R b tool')), 'r/R .m/- .-/M');
});

test('nothing on one side, and nothing at all', () => {
  equal([shown([], []), shown(trace('r run'), []), shown([], trace('R run', 'X<R x'))], ['', 'r/-', '-/R .-/X']);
});

test('lost parents and circles end', () => {
  equal(shown(trace('a<gone x', 'b<c y', 'c<b z'), trace('A<gone x')), 'a/A b/- .c/-');
  equal(shown(trace('a<a x'), trace('A x')), 'a/A');
});

test('every span is there once, at any depth and size', () => {
  const deep = (p: string, n: number) => trace(...Array.from({ length: n }, (_, i) => `${p}${i}<${p}${i - 1} s${i % 7}`));
  const [a, b] = [deep('a', 5000), deep('b', 4000)];
  const steps = align(a, b);
  equal([new Set(steps.map((s) => s.a).filter(Boolean)).size, new Set(steps.map((s) => s.b).filter(Boolean)).size, steps.filter((s) => s.a && s.b).length], [5000, 4000, 4000]);
});
