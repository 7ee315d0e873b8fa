import type { Tokens } from '../../api.gen';
import { findHints, loopHint, repeats } from './hints';
import type { SpanRow, TraceModel } from './model';
import { row } from './rows.testing';
import { buildTree } from './tree';
import { follow, running } from './follow';
import { equal, test } from '../../testing';

const s = 1e9;
const tokens: Tokens = { input: 0, output: 0, total: 0, cached: 0, reasoning: 0 };

function model(rows: SpanRow[], duration: number): TraceModel {
  const trace = {
    trace_id: 't', name: 'run', type: 'agent_run', service: '', status: 'success' as const, start: '2026-11-23T03:00:00Z', duration_ns: duration,
    spans: rows.length, span_errors: 0, tokens, cost_usd: null, tags: [], user: '', thread: '', preview: '',
  };
  return { trace, rows, byId: new Map(rows.map((r) => [r.id, r])), truncated: false };
}

const hints = (rows: SpanRow[], duration: number) => findHints(model(rows, duration), buildTree(rows)).map((h) => [h.span, h.text]);
const tool = (id: string, start: number, more: Partial<SpanRow> = {}) => row(id, 'run', start, { name: 'book', type: 'tool_call', kind: 'tool', ...more });
const failed = { status: 'error' } as const;

test('a calm trace has no hints', () => {
  equal(hints([row('run', '', 0, { dur: 4 * s }), row('a', 'run', 0, { dur: s }), row('b', 'run', s, { dur: s }), row('c', 'run', 2 * s, { dur: s })], 4 * s), []);
});

test('the first failure is the deepest that ended first', () => {
  const rows = [row('run', '', 0, { dur: 9 * s, ...failed }), row('step', 'run', 0, { dur: 3 * s, ...failed }), row('tool', 'step', 0, { dur: 2 * s, ...failed }), row('late', 'run', 4 * s, failed)];
  equal(hints(rows, 100 * s)[0], ['tool', 'First of 4 failures: tool']);
});

test('a tool that fails again and again', () => {
  const rows = [row('run', '', 0, { dur: 9 * s }), tool('1', 0, failed), tool('2', s, failed), row('m', 'run', 1.5 * s), tool('3', 2 * s)];
  equal(hints(rows, 100 * s)[1], ['1', 'book failed 2×, then worked']);
  equal(repeats(rows).map((r) => [r.name, r.spans.length, r.failed]), [['book', 3, 2]]);
  equal(repeats([tool('1', 0), tool('2', 1, { name: 'x' }), tool('3', 2)]), []);
});

test('the same arguments make it a loop', () => {
  const repeat = { name: 'book', failed: 0, spans: ['1', '2', '3', '4', '5'].map((id) => tool(id, 0)) };
  equal(loopHint(repeat, ['x', 'a', 'a', 'a', 'b'])?.text, 'book with the same arguments ×3');
  equal(loopHint(repeat, ['x', 'a', 'a', 'a', 'b'])?.span, '2');
  equal(loopHint(repeat, ['a', 'a', 'a', 'a'])?.text, 'book with the same arguments ×4 (of 5 calls)');
  equal(loopHint(repeat, ['a', 'a', 'b', 'b', 'c']), null);
  equal(loopHint(repeat, [undefined, undefined, undefined]), null);
});

test('time in which nothing ran', () => {
  const rows = [row('run', '', 0, { dur: 20 * s }), row('a', 'run', 0, { dur: s }), row('b', 'run', 0, { dur: 3 * s }), row('c', 'run', 15 * s, { dur: 4 * s })];
  equal(hints(rows, 20 * s), [['c', '12.0 s idle between b and c']]);
  equal(hints(rows.concat(row('long', 'run', 2 * s, { dur: -1 })).sort((a, b) => a.start - b.start), 20 * s), []);
});

test('who took most of the time', () => {
  const rows = [row('run', '', 0, { dur: 10 * s }), row('a', 'run', 0, { dur: 8.8 * s }), row('b', 'run', 9 * s), row('c', 'run', 9.5 * s)];
  equal(hints(rows, 10 * s), [['a', '88 % of the time in a']]);
  const many = [row('run', '', 0, { dur: 10 * s }), tool('1', 0, { dur: 3 * s }), tool('2', 3 * s, { dur: 4 * s }), row('c', 'run', 7.5 * s)];
  equal(hints(many, 10 * s), [['2', '70 % of the time in book ×2']]);
});

test('lost parents, and clocks that differ', () => {
  const rows = [row('run', '', 0, { dur: s }), row('a', 'run', 2 * s), row('b', 'gone', 2 * s, { clock: true })];
  equal(hints(rows, 30 * s), [['b', '1 span whose parent never arrived'], ['a', "1 span outside of the parent's time"], ['b', '1 start corrected']]);
});

test('news find their place, and a new start asks for everything', () => {
  const before = model([row('run', '', 0, { dur: -1 }), row('b', 'run', 5)], 5);
  const span = { id: 'a', parent: 'run', name: 'a', type: 'tool_call', service: '', model: '', start_ns: 2, dur_ns: 3, status: 'success' as const, tokens: null, cost: null, event: false, clock: false };
  const after = follow(before, { trace: { ...before.trace, spans: 3 }, spans: [span, { ...span, id: 'run', parent: '', start_ns: 0, dur_ns: 9 }] })!;
  equal(after.rows.map((r) => [r.id, r.dur]), [['run', 9], ['a', 3], ['b', 10e6]]);
  equal([after.trace.spans, after.byId.get('a')?.kind, after.rows[2] === before.rows[1]], [3, 'tool', true]);
  equal(follow(before, { trace: { ...before.trace, start: '2026-11-23T02:59:59Z' }, spans: [] }), null);
  equal(follow({ ...before, truncated: true }, { trace: null, spans: [{ ...span, parent: 'elsewhere' }] })!.rows.length, 2);
});

test('what runs grows until an hour has brought no news', () => {
  const m = model([row('run', '', 0, { dur: -1 })], 5 * s);
  const start = Date.parse(m.trace.start);
  equal(running(m, start + 9000), { grows: true, now: 9 * s });
  equal(running(m, start + 2000), { grows: true, now: 5 * s });
  equal(running(m, start + 4e6), { grows: false, now: 5 * s });
  equal(running(model([row('run', '')], s), start + 9000).grows, false);
});
