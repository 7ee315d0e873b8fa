import { makeAxis, readZoom, ticks, writeZoom, zoomBy, zoomMove } from './axis';
import { buildTree } from './tree';
import { row } from './rows.testing';
import { equal, test } from '../../testing';

const use = (total: number) => ({ input: total, output: 0, total, cached: 0, reasoning: 0 });
const nodes = buildTree([
  row('run', '', 0, { dur: 30.1e9 }),
  row('tool', 'run', 0, { dur: 40e6 }),
  row('call', 'run', 50e6, { dur: 30e9, tokens: use(900), cost: 0.03 }),
  row('judge', 'call', 60e6, { dur: 1e9, tokens: use(100), cost: null }),
  row('event', 'run', 30e9, { dur: 0, event: true }),
]);
const at = (mode: Parameters<typeof makeAxis>[0]) => {
  const axis = makeAxis(mode, nodes, 30.1e9, 0);
  return [axis.hi, ...nodes.map((n, i) => [n.key, axis.from(i), axis.to(i)])];
};

test('by time, a span lies where it was reported', () => {
  equal(at('time'), [30.1e9, ['run', 0, 30.1e9], ['tool', 0, 40e6], ['call', 50e6, 30.05e9], ['judge', 60e6, 1.06e9], ['event', 30e9, 30e9]]);
});

test('in sequence, each leaf has one place, and a parent those of its leaves', () => {
  equal(at('sequence'), [3, ['run', 0, 3], ['tool', 0, 1], ['call', 1, 2], ['judge', 1, 2], ['event', 2, 3]]);
});

test('by tokens and cost, a subtree is as long as what it used', () => {
  equal(at('tokens'), [1000, ['run', 0, 1000], ['tool', 0, 0], ['call', 0, 1000], ['judge', 900, 1000], ['event', 1000, 1000]]);
  equal(at('cost'), [0.03, ['run', 0, 0.03], ['tool', 0, 0], ['call', 0, 0.03], ['judge', 0.03, 0.03], ['event', 0.03, 0.03]]);
});

test('what runs ends now, and what began before the start widens the axis', () => {
  const running = buildTree([row('a', '', 0, { dur: -1 }), row('b', 'a', -5e6)]);
  const axis = makeAxis('time', running, 1e6, 7e9);
  equal([axis.lo, axis.hi, axis.to(0), axis.to(1)], [-5e6, 7e9, 7e9, 5e6]);
  equal(makeAxis('time', [], 0, 0).hi, 1);
});

test('a zoom is written and read in whole units', () => {
  equal(writeZoom('time', { lo: 1_500_400, hi: 2_000_000 }), '1500-2000');
  equal(readZoom('time', '-15-2000'), { lo: -15_000, hi: 2_000_000 });
  equal([readZoom('time', '5-5'), readZoom('cost', 'a-b'), readZoom('time', null), writeZoom('time', null)], [null, null, null, null]);
});

test('zooming keeps the point under the pointer, and stays inside', () => {
  const axis = makeAxis('time', nodes, 30.1e9, 0);
  const z = zoomBy(axis, null, 0.5, 10e9)!;
  equal([Math.round(z.lo), Math.round(z.hi - z.lo), (10e9 - z.lo) / (z.hi - z.lo)], [5e9, 15.05e9, 10 / 30.1]);
  equal(zoomBy(axis, z, 4), null);
  equal(zoomMove(axis, z, 1e12)!.hi, 30.1e9);
  equal(zoomMove(axis, null, 5), null);
});

test('ticks are round, few and told apart', () => {
  const labels = (...a: Parameters<typeof ticks>) => ticks(...a).map((t) => t.label);
  equal(labels('time', 0, 1.8e9, 6), ['0', '0.5 s', '1.0 s', '1.5 s']);
  equal(labels('time', 12.3e9, 12.304e9, 5), ['12.300 s', '12.301 s', '12.302 s', '12.303 s', '12.304 s']);
  equal(labels('time', 0, 200e9, 5), ['0', '1:00', '2:00', '3:00']);
  equal(labels('time', 0, 3 * 3600e9, 4), ['0', '1:00:00', '2:00:00', '3:00:00']);
  equal(labels('tokens', 0, 3, 10), ['0', '1', '2', '3']);
  equal(labels('cost', 0, 0.03, 4), ['$0.00', '$0.01', '$0.02', '$0.03']);
  equal(labels('cost', 0, 0, 4), []);
});
