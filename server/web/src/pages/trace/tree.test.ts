import { row } from './rows.testing';
import { buildTree, failing, isOpen, reveal, toggleAll, visible, type TreeNode } from './tree';
import { equal, test } from '../../testing';

const shape = (nodes: TreeNode[]) => nodes.map((n) => '.'.repeat(n.depth) + (n.row?.id ?? n.group + n.children)).join(' ');
const none = new Set<string>();

test('children stand below their parent, in order of start', () => {
  const nodes = buildTree([row('a', '', 0), row('c', 'a', 5), row('b', 'a', 1), row('d', 'c', 6)]);
  equal(shape(nodes), 'a .b .c ..d');
  equal(nodes.map((n) => [n.end, n.spans, n.children]), [[4, 3, 2], [2, 0, 0], [4, 1, 1], [4, 0, 0]]);
});

test('who has no parent here is gathered, with all below', () => {
  equal(shape(buildTree([row('a', ''), row('x', 'gone'), row('y', 'x'), row('z', 'other')])), 'a lost2 .x ..y .z');
  equal(shape(buildTree([row('x', 'gone')])), 'lost1 .x');
});

test('circles are cut at the earliest, and nothing is lost', () => {
  equal(shape(buildTree([row('a', 'a')])), 'a');
  equal(shape(buildTree([row('a', 'c', 1), row('b', 'a', 2), row('c', 'b', 3), row('d', 'c', 4)])), 'a .b ..c ...d');
  equal(shape(buildTree([row('d', 'a', 0), row('a', 'b', 1), row('b', 'a', 2), row('e', '', 3)])), 'a .d .b e');
});

test('an id that comes again is shown once', () => {
  equal(shape(buildTree([row('a', ''), row('b', 'a'), row('b', '', 1), row('a', 'b', 2)])), 'a .b');
});

test('more than twenty equal siblings fold, and say what failed among them', () => {
  const rows = [row('a', '')];
  for (let i = 0; i < 21; i++) rows.push(row('t' + i, 'a', i * 1e6, { name: 'same', status: i === 7 ? 'error' : 'success' }), row('o' + i, 't' + i, i * 1e6));
  for (let i = 0; i < 20; i++) rows.push(row('u' + i, 'a', 30e6, { name: 'other' }));
  const nodes = buildTree(rows);
  const fold = nodes[1]!;
  equal([fold.group, fold.children, fold.spans, fold.errors, fold.from, fold.to, fold.like?.name], ['fold', 21, 42, 1, 0, 30e6, 'same']);
  equal(nodes[0]!.errors, 1);
  equal(nodes.length, 1 + 1 + 42 + 20);
  equal(visible(nodes, none).length, 1 + 1 + 20);
  const seen = reveal(nodes, none, nodes.findIndex((n) => n.row?.id === 'o7'));
  equal(visible(nodes, seen).length, nodes.length);
  equal(visible(nodes, none, failing(nodes)).length, 3);
});

test('all can be closed and opened', () => {
  const rows = [row('a', ''), row('b', 'a'), row('c', 'b'), row('d', 'c')];
  for (let i = 0; i < 30; i++) rows.push(row('t' + i, 'd', i, { name: 'same' }));
  const nodes = buildTree(rows);
  equal(visible(nodes, toggleAll(nodes, true)).length, nodes.length);
  equal(visible(nodes, toggleAll(nodes, false)).length, 2);
  equal(isOpen(nodes[0]!, toggleAll(nodes, false)), true);
});

test('a span that leaves its parent is marked, within a millisecond it is not', () => {
  const nodes = buildTree([row('a', '', 0), row('b', 'a', -2e6), row('c', 'a', 1, { dur: 10.5e6 }), row('d', 'a', 5e6), row('e', '', 9), row('f', 'e', 3e9)]);
  equal(nodes.filter((n) => n.outside).map((n) => n.key), ['b', 'd', 'f']);
  const running = buildTree([row('a', '', 0, { dur: -1 }), row('b', 'a', 3e9)]);
  equal(running[1]!.outside, false);
});

test('50,000 levels, many siblings and a long ring take one pass', () => {
  const n = 50_000;
  const deep = [row('0', '')];
  const flat = [row('0', '')];
  const ring = [row('0', '4999')];
  for (let i = 1; i < n; i++) {
    deep.push(row(String(i), String(i - 1), i));
    if (i < 5000) flat.push(row(String(i), '0', i, { name: i % 2 ? 'a' : 'b' }));
    if (i < 5000) ring.push(row(String(i), String(i - 1), i));
  }
  const nodes = buildTree(deep);
  equal([nodes.length, nodes[n - 1]!.depth, nodes[0]!.spans, nodes[0]!.end], [n, n - 1, n - 1, n]);
  equal(visible(buildTree(flat), none).length, 3);
  equal(buildTree(ring)[4999]!.depth, 4999);
});
