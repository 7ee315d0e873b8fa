import { canonical, delta, earlierCalls } from './delta';
import type { Message } from './chat';
import type { SpanRow, TraceModel } from '../model';
import { equal, test } from '../../../testing';

const say = (role: string, text: string): Message => ({ role, parts: [{ kind: 'text', text }] });
const sys = say('system', 'Be kind.');
const chat = ['one', 'two', 'three', 'four', 'five', 'six'].map((t, i) => say(i % 2 ? 'assistant' : 'user', t));

test('a longer conversation has what was added', () => {
  equal(delta([sys, ...chat.slice(0, 1)], [sys, ...chat.slice(0, 3)]), [{ op: 'same', messages: [sys, chat[0]!] }, { op: 'added', messages: [chat[1]!, chat[2]!] }]);
  equal(delta([], chat), [{ op: 'added', messages: chat }]);
  equal(delta(chat, chat), [{ op: 'same', messages: chat }]);
  equal(delta([], []), []);
});

test('a message that is said again is added once more', () => {
  equal(delta([sys, chat[0]!], [sys, chat[0]!, chat[0]!]), [{ op: 'same', messages: [sys, chat[0]!] }, { op: 'added', messages: [chat[0]!] }]);
});

test('a changed system prompt is an edit', () => {
  const other = say('system', 'Quite another text.');
  equal(delta([sys, chat[0]!], [other, ...chat.slice(0, 2)]), [{ op: 'edited', before: sys, after: other }, { op: 'same', messages: [chat[0]!] }, { op: 'added', messages: [chat[1]!] }]);
});

test('a trimmed history says what was dropped', () => {
  equal(delta([sys, ...chat.slice(0, 4)], [sys, ...chat.slice(2)]), [
    { op: 'same', messages: [sys] }, { op: 'dropped', messages: chat.slice(0, 2) }, { op: 'same', messages: chat.slice(2, 4) }, { op: 'added', messages: chat.slice(4) },
  ]);
  equal(delta(chat.slice(0, 2), chat.slice(4)), [{ op: 'dropped', messages: chat.slice(0, 2) }, { op: 'added', messages: chat.slice(4) }]);
});

test('a user message is edited if most of it is the same', () => {
  const long = 'Please look at all the invoices of the last month and tell me which of them are still open today';
  const a = say('user', long), b = say('user', long + ', sorted');
  equal(delta([a], [b]), [{ op: 'edited', before: a, after: b }]);
});

test('the order of keys says nothing', () => {
  equal(canonical({ a: 1, b: [{ d: 1, c: 2 }] }), canonical({ b: [{ c: 2, d: 1 }], a: 1 }));
  equal(canonical(JSON.parse('{"__proto__":1}')), '{"__proto__":1}');
});

test('the previous call is of the same agent', () => {
  const row = (id: string, parentId: string, kind: SpanRow['kind'], start: number): SpanRow => ({
    id, parentId, kind, start, type: kind, name: id, service: '', model: '', dur: 1, status: 'success', tokens: null, cost: null, event: false, clock: false,
  });
  const rows = [
    row('a', '', 'agent', 0), row('m1', 'a', 'model', 1), row('step', 'a', 'workflow', 2), row('m2', 'step', 'model', 3), row('b', 'a', 'agent', 4), row('other', 'b', 'model', 5),
    row('m3', 'a', 'model', 6), row('loop1', 'loop2', 'model', 7), row('loop2', 'loop1', 'model', 8),
  ];
  const model = { rows, byId: new Map(rows.map((r) => [r.id, r])) } as unknown as TraceModel;
  const ids = (id: string) => earlierCalls(model, model.byId.get(id)!).map((r) => r.id);
  equal([ids('m3'), ids('m2'), ids('m1'), ids('other'), ids('a'), ids('loop2')], [['m2', 'm1'], ['m1'], [], [], [], []]);
});
