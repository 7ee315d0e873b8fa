import { diffLines, folded, inner, sideBySide } from './diff';
import { equal, test } from '../../testing';

const lines = (text: string) => text.split('');
const diff = (a: string, b: string) => diffLines(lines(a), lines(b)).map((c) => c.kind.trim() + c.text).join('');

test('as few changes as can be', () => {
  for (const [a, b, want] of [['', '', ''], ['abc', 'abc', 'abc'], ['', 'ab', '+a+b'], ['ab', '', '-a-b'], ['abcd', 'acd', 'a-bcd'], ['acd', 'abcd', 'a+bcd']] as const) equal([a, b, diff(a, b)], [a, b, want]);
  equal(diff('abc', 'axc'), 'a-b+xc');
  equal(diffLines(lines('abcabba'), lines('cbabac')).filter((c) => c.kind !== ' ').length, 5);
});

/** What the changes make of a, if they begin with a. */
function applied(a: string, b: string): string {
  const changes = diffLines(lines(a), lines(b));
  if (changes.filter((c) => c.kind !== '+').map((c) => c.text).join('') !== a) return 'another beginning';
  return changes.filter((c) => c.kind !== '-').map((c) => c.text).join('');
}

test('any two texts', () => {
  let seed = 7;
  const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
  for (let i = 0; i < 400; i++) {
    const text = () => Array.from({ length: random(14) }, () => 'abc'[random(3)]).join('');
    const [a, b] = [text(), text()];
    equal([a, b, applied(a, b)], [a, b, b]);
    equal([a, b, diffLines(lines(a), lines(b)).filter((c) => c.kind === ' ').length], [a, b, common(a, b)]);
  }
});

/** The length of the longest common subsequence, by the book. */
function common(a: string, b: string): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const x of a) {
    const next = [0];
    for (let j = 0; j < b.length; j++) next.push(x === b[j] ? row[j]! + 1 : Math.max(row[j + 1]!, next[j]!));
    row = next;
  }
  return row[b.length]!;
}

test('a long text with one change costs what it is long', () => {
  const a = Array.from({ length: 200_000 }, (_, i) => 'line ' + (i % 1000));
  const b = [...a];
  b[100_000] = 'another';
  equal(diffLines(a, b).filter((c) => c.kind !== ' ').map((c) => c.kind).join(''), '-+');
});

test('too many changes are all of them', () => {
  const a = Array.from({ length: 3000 }, (_, i) => 'a' + i);
  const b = Array.from({ length: 3000 }, (_, i) => 'b' + i);
  const changes = diffLines(['same', ...a, 'end'], ['same', ...b, 'end']);
  equal([changes.length, changes[0]!.kind, changes[1]!.kind, changes[6000]!.kind, changes[6001]!.kind], [6002, ' ', '-', '+', ' ']);
});

test('two columns', () => {
  const row = ([l, r]: [{ text: string } | null, { text: string } | null]) => `${l?.text ?? '.'}${r?.text ?? '.'}`;
  equal(sideBySide(diffLines(lines('abcd'), lines('axyd'))).map(row), ['aa', 'bx', 'cy', 'dd']);
  equal(sideBySide(diffLines(lines('ad'), lines('axd'))).map(row), ['aa', '.x', 'dd']);
});

test('what of a line is another, in whole words', () => {
  const middle = (a: string, b: string) => { const { head, tail } = inner(a, b)!; return [a.slice(head, a.length - tail), b.slice(head, b.length - tail)]; };
  equal(middle('use v12 now', 'use v13 now'), ['v12', 'v13']);
  equal(middle('Find it.', 'Find it. JSON only.'), ['', ' JSON only.']);
  equal(middle('', 'x'), ['', 'x']);
  equal([inner('aaa', 'aaaa'), inner('  intent: cancel', '  Sure! The customer')], [null, null]);
});

test('far from changes it is folded', () => {
  equal(folded(lines('aaaaaaXaaaa'), (c) => c === 'X', 2), [4, 'a', 'a', 'X', 'a', 'a', 2]);
  equal(folded(lines('aXa'), (c) => c === 'X', 0), ['a', 'X', 'a']);
  equal(folded(lines('aaa'), () => false), [3]);
});
