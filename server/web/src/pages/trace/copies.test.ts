import type { FullSpan } from '../../api.gen';
import { spanGo, spanMarkdown, spanText, traceCopies } from './copies';
import { spanCurl, spanFile } from './links';
import type { SpanRow, TraceModel } from './model';
import { equal, test } from '../../testing';

const source = { path: "/api/projects/it's/traces/t1", href: (span?: string) => '/p/x/traces/t1' + (span ? '/' + span : ''), project: {} as never };
const at = { origin: 'http://localhost:4000', open: false };

const span: FullSpan = {
  trace_id: 't1', span_id: 's1', parent_id: 'p1', external_parent_id: null, name: 'tool: "book"\n| x', type: 'tool_call', service: 'api', status: 'error',
  start: '2026-11-22T16:08:08.815Z', end: '2026-11-22T16:08:08.819000001Z', duration_ns: 4_000_001, is_event: false, is_root: false, clock: false,
  received_at: '2026-11-22T16:08:09Z', created_at: null, updated_at: null, input: { code: '```\n````js' }, output: 'a `raw` text', attributes: { n: 1 }, metadata: {}, request_context: null,
  error: { message: 'declined', name: 'PaymentError', id: 'TOOL_FAILED', domain: 'TOOL', category: '', stack: 'at pay', details: { code: 1 }, extra: {} },
  events: [{ name: 'e' }], tags: ['a"b'], entity: { type: 'tool', id: 'book', name: '' }, usage: { input: 0, output: 0, total: 0, cached: 0, reasoning: 0 }, cost_usd: null, extra: {},
};

test('a command asks for the span, and never has a token in it', () => {
  equal(spanCurl(source, 's 1', at), `curl -sS -H "Authorization: Bearer $TAILRACE_TOKEN" 'http://localhost:4000/api/projects/it'\\''s/traces/t1/spans/s%201'`);
  equal(spanCurl(source, 's1', { ...at, open: true }).includes('TOKEN'), false);
  equal(spanCurl({ ...source, project: undefined }, 's1', at).includes('TOKEN'), false);
  equal(spanFile(source, '../x').name, 'span-___x.json');
});

test('for an issue: nothing breaks out of its table or fence', () => {
  const md = spanMarkdown(span, 'http://localhost/x');
  equal(md.split('\n')[0], '### tool: "book" \\| x');
  equal(md.includes('`````json\n{\n  "code": "```\\n````js"\n}\n`````'), true, md);
  equal(md.includes('PaymentError: declined (TOOL_FAILED · TOOL)\nat pay\n{\n  "code": 1\n}'), true, md);
  equal(md.includes('Metadata'), false);
});

test('for an agent: facts, then all that was said', () => {
  const t = spanText(span, 'http://localhost/x');
  equal(t.startsWith('Span "tool: "book"'), true, t);
  equal(t.includes('\nOutput:\na `raw` text\n'), true, t);
});

test('for a test in Go', () => {
  equal(spanGo({ ...span, start: '0001-01-01T00:00:00Z', input: { s: '`' }, output: 'x\u202Ey\uD800', attributes: { a: '\u2028' } }).replace(/\t/g, '  '), `package recorded

import (
  "time"

  "github.com/tailrace-go/tailrace/span"
)

// recordedSpan is a span as it was recorded, for a test.
func recordedSpan() *span.Span {
  s := &span.Span{
    TraceID:    "t1",
    ID:         "s1",
    ParentID:   "p1",
    Name:       "tool: \\"book\\"\\n| x",
    Type:       "tool_call",
    EntityType: "tool",
    EntityID:   "book",
    Start:      time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
    End:        time.Date(2026, 11, 22, 16, 8, 8, 819000001, time.UTC),
    Attributes: \`{"a":"\u2028"}\`,
    Metadata:   \`{}\`,
    Input:      "{\\"s\\":\\"\`\\"}",
    Output:     "\\"x\\u202ey\\\\ud800\\"",
    Tags:       []string{"a\\"b"},
    Extra: []span.Field{
      {Key: "events", Value: \`[{"name":"e"}]\`},
    },
    Error: &span.Error{
      Message: "declined",
      Name:    "PaymentError",
      ID:      "TOOL_FAILED",
      Domain:  "TOOL",
      Stack:   "at pay",
      Details: \`{"code":1}\`,
    },
  }
  s.Freeze()
  return s
}
`);
});

test('a trace as an outline', () => {
  const row = (id: string, parentId: string, name: string, more: Partial<SpanRow> = {}): SpanRow => ({
    id, parentId, name, type: 'tool_call', kind: 'tool', service: '', model: '', start: 0, dur: 1e6, status: 'success', tokens: null, cost: null, event: false, clock: false, ...more,
  });
  const rows = [row('a', '', 'run'), row('b', 'a', 'one'), row('c', 'b', 'two*', { status: 'error' }), row('d', 'a', 'three'), row('e', 'gone', 'lost')];
  const trace = { name: 'run', status: 'error', duration_ns: 2e9, spans: 7, span_errors: 1, tokens: { total: 12 }, cost_usd: null, service: 'api', start: '2026', trace_id: 't1' };
  const model = { rows, byId: new Map(rows.map((r) => [r.id, r])), trace, truncated: false } as unknown as TraceModel;
  const { markdown, link } = traceCopies(model, source, at);
  equal(link, 'http://localhost:4000/p/x/traces/t1');
  equal(markdown.split('\n').filter((l) => l.trim().startsWith('-')), ['- run (tool_call, 1.00 ms)', '  - one (tool_call, 1.00 ms)', '    - two\\* (tool_call, 1.00 ms, **failed**)', '  - three (tool_call, 1.00 ms)', '- lost (tool_call, 1.00 ms)', '- … 2 more']);
});
