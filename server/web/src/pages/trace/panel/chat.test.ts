import { conversation, parsed, type Message, type Part } from './chat';
import { equal, test } from '../../../testing';

const of = (input: unknown, output: unknown = null, type = 'model_generation', attributes: unknown = null) => conversation({ type, input, output, attributes });
const text = (role: string, s: string): Message => ({ role, parts: [{ kind: 'text', text: s }] });
const call = (name: string, id: string, args: unknown): Part => ({ kind: 'call', name, id, args });
const result = (name: string, id: string, r: unknown, failed = false): Part => ({ kind: 'result', name, id, result: r, failed });

test('what Mastra sends, of both generations', () => {
  equal(of({ messages: [{ role: 'system', content: 'Be kind.' }, { role: 'user', content: 'Weather in Paris?' }] }, { text: 'Sunny.', toolCalls: [{ toolName: 'weather', args: { city: 'Paris' } }], usage: { x: 1 } }), {
    input: [text('system', 'Be kind.'), text('user', 'Weather in Paris?')],
    output: [{ role: 'assistant', parts: [{ kind: 'text', text: 'Sunny.' }, call('weather', '', { city: 'Paris' })] }],
  });
  equal(of([{ role: 'user', content: 'Hello' }], { text: 'Hi', object: { a: 1 }, files: [], warnings: [] }, 'agent_run', { instructions: 'Be brief.' }), {
    input: [text('system', 'Be brief.'), text('user', 'Hello')],
    output: [{ role: 'assistant', parts: [{ kind: 'text', text: 'Hi' }, { kind: 'unknown', value: { a: 1 } }] }],
  });
  equal(of('Which invoices are open?', 'Three.', 'agent_run')!.output, [text('assistant', 'Three.')]);
  equal(of({ body: { n: 1 } }, { text: 'Sunny.' }, 'model_step'), { input: [{ role: 'input', parts: [{ kind: 'unknown', value: { body: { n: 1 } } }] }], output: [text('assistant', 'Sunny.')] });
  equal(of(null, { toolCalls: [{ type: 'tool-call', payload: { toolCallId: 'c', toolName: 'f', args: '{"a":1}' } }] })!.output[0]!.parts, [call('f', 'c', { a: 1 })]);
  const stored = { role: 'assistant', content: { format: 2, parts: [{ type: 'tool-invocation', toolInvocation: { state: 'result', toolCallId: 'c', toolName: 'f', args: {}, result: 5 } }, { type: 'text', text: 'x' }] } };
  equal(of([stored])!.input[0]!.parts, [call('f', 'c', {}), result('f', 'c', 5), { kind: 'text', text: 'x' }]);
});

test('parts of the AI SDK', () => {
  const m = (parts: unknown) => of([{ role: 'assistant', content: parts }])!.input[0]!.parts;
  equal(m([{ type: 'reasoning', text: 'hm' }, { type: 'tool-call', toolCallId: '1', toolName: 'f', input: { q: 1 } }]), [{ kind: 'reasoning', text: 'hm' }, call('f', '1', { q: 1 })]);
  equal(m([{ type: 'tool-result', toolCallId: '1', toolName: 'f', output: { type: 'json', value: { a: 1 } } }]), [result('f', '1', { a: 1 })]);
  equal(m([{ type: 'tool-result', toolCallId: '1', toolName: 'f', output: { type: 'error-text', value: 'no' } }]), [result('f', '1', 'no', true)]);
  equal(m([{ type: 'tool-result', toolCallId: '1', toolName: 'f', result: '{"a":[1]}', isError: true }]), [result('f', '1', { a: [1] }, true)]);
  equal(of([{ role: 'assistant', content: 'ok', toolInvocations: [{ state: 'result', toolCallId: '1', toolName: 'f', args: {}, result: 2 }] }])!.input[0]!.parts, [{ kind: 'text', text: 'ok' }, call('f', '1', {}), result('f', '1', 2)]);
  equal(of([{ role: 'assistant', parts: [{ type: 'step-start' }, { type: 'tool-weather', toolCallId: '1', state: 'output-error', input: { c: 1 }, errorText: 'down' }] }])!.input[0]!.parts, [call('weather', '1', { c: 1 }), result('weather', '1', 'down', true)]);
  equal(m([{ type: 'image', image: '[Uint8Array byteLength=77]', mediaType: 'image/png' }, { type: 'file', data: 'https://x.example/a.pdf', mimeType: 'application/pdf' }]), [
    { kind: 'image', media: 'image/png', size: 77, url: '' }, { kind: 'file', media: 'application/pdf', size: 0, url: 'https://x.example/a.pdf' },
  ]);
});

test('OpenAI, both interfaces', () => {
  const c = of({ model: 'gpt', messages: [
    { role: 'developer', content: 'Be nice' },
    { role: 'user', content: [{ type: 'text', text: 'What?' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] },
    { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'look', arguments: '{"x":1}' } }] },
    { role: 'tool', tool_call_id: 'c', content: '{"ok":true}' },
  ] }, { choices: [{ index: 0, message: { role: 'assistant', content: null, refusal: 'No.' } }] });
  equal(c, {
    input: [
      text('system', 'Be nice'), { role: 'user', parts: [{ kind: 'text', text: 'What?' }, { kind: 'image', media: 'image/png', size: 3, url: '' }] },
      { role: 'assistant', parts: [call('look', 'c', { x: 1 })] }, { role: 'tool', parts: [result('', 'c', { ok: true })] },
    ],
    output: [{ role: 'assistant', parts: [{ kind: 'text', text: 'No.', label: 'refusal' }] }],
  });
  equal(of({ instructions: 'sys', input: [{ role: 'user', content: [{ type: 'input_text', text: 'hi' }] }, { type: 'function_call', id: 'fc', call_id: 'k', name: 'f', arguments: '{}' }, { type: 'function_call_output', call_id: 'k', output: 'done' }] },
    { output: [{ type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] }, { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'yo' }] }] }), {
    input: [text('system', 'sys'), text('user', 'hi'), { role: 'assistant', parts: [call('f', 'k', {})] }, { role: 'tool', parts: [result('', 'k', 'done')] }],
    output: [{ role: 'assistant', parts: [{ kind: 'reasoning', text: 'hm' }] }, text('assistant', 'yo')],
  });
});

test('Anthropic', () => {
  equal(of({ system: [{ type: 'text', text: 'Be kind' }], messages: [
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: [{ type: 'thinking', thinking: 'hmm', signature: 'x' }, { type: 'tool_use', id: 't', name: 'search', input: { q: 1 } }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', is_error: true, content: [{ type: 'text', text: 'no net' }] }, { type: 'image', source: { type: 'base64', media_type: 'image/webp', data: 'AAAAAAAA' } }] },
  ] }, { role: 'assistant', content: [{ type: 'text', text: 'Sorry.' }] }), {
    input: [
      text('system', 'Be kind'), text('user', 'hi'), { role: 'assistant', parts: [{ kind: 'reasoning', text: 'hmm' }, call('search', 't', { q: 1 })] },
      { role: 'user', parts: [result('', 't', 'no net', true), { kind: 'image', media: 'image/webp', size: 6, url: '' }] },
    ],
    output: [text('assistant', 'Sorry.')],
  });
});

test('Gemini', () => {
  equal(of({ systemInstruction: { parts: [{ text: 'sys' }] }, contents: [
    { parts: [{ text: 'hi' }, { inlineData: { mimeType: 'image/jpeg', data: 'AAAA' } }] },
    { role: 'model', parts: [{ text: 'hm', thought: true }, { functionCall: { name: 'f', args: { a: 1 } } }] },
    { role: 'function', parts: [{ functionResponse: { name: 'f', response: { b: 2 } } }] },
  ] }, { candidates: [{ content: { role: 'model', parts: [{ text: 'done' }] } }] }), {
    input: [
      text('system', 'sys'), { role: 'user', parts: [{ kind: 'text', text: 'hi' }, { kind: 'image', media: 'image/jpeg', size: 3, url: '' }] },
      { role: 'assistant', parts: [{ kind: 'reasoning', text: 'hm' }, call('f', '', { a: 1 })] }, { role: 'tool', parts: [result('f', '', { b: 2 })] },
    ],
    output: [text('assistant', 'done')],
  });
});

test('OpenTelemetry, as one string of JSON', () => {
  equal(of(JSON.stringify([
    { role: 'user', parts: [{ type: 'text', content: 'hi' }] }, { role: 'assistant', parts: [{ type: 'tool_call', id: '1', name: 'f', arguments: '{"a":1}' }] },
    { role: 'tool', parts: [{ type: 'tool_call_response', id: '1', name: 'f', response: 'ok' }] },
  ]), null, 'chat'), { input: [text('user', 'hi'), { role: 'assistant', parts: [call('f', '1', { a: 1 })] }, { role: 'tool', parts: [result('f', '1', 'ok')] }], output: [] });
});

test('what is not known is shown, not dropped', () => {
  equal(of([{ role: 'user', content: [{ type: 'hologram', beam: 1 }, 7, 'plain'] }, '[…3 more items]'])!.input, [
    { role: 'user', parts: [{ kind: 'unknown', value: { type: 'hologram', beam: 1 } }, { kind: 'unknown', value: 7 }, { kind: 'text', text: 'plain' }] }, text('', '[…3 more items]'),
  ]);
  equal(of([{ role: 'user', content: { type: 'text', text: { not: 'a text' } } }])!.input[0]!.parts, [{ kind: 'unknown', value: { type: 'text', text: { not: 'a text' } } }]);
  equal(of([{ role: 'critic', content: 'meh' }])!.input, [text('critic', 'meh')]);
});

test('what are no messages is no chat', () => {
  equal(of({ city: 'Paris' }, { text: 'x' }, 'tool_call'), undefined);
  equal(of('a text', 'another', 'workflow_step'), undefined);
  equal(of([1, 2], null), undefined);
  equal(of({ messages: 1 }, null, 'processor_run'), undefined);
  equal(of('{broken', null, 'tool_call'), undefined);
  equal(of({ messages: [{ role: 'user', content: 'hi' }] }, null, 'processor_run')!.input.length, 1);
});

test('keys that objects have of themselves are nothing special', () => {
  const c = of(JSON.parse('[{"role":"__proto__","content":[{"type":"constructor","__proto__":{"x":1}}]}]'))!;
  equal(c.input[0]!.role, '__proto__');
  equal(c.input[0]!.parts[0]!.kind, 'unknown');
  equal(({} as Record<string, unknown>)['x'], undefined);
});

test('JSON that lies deeper in a text than the server takes it stays a text', () => {
  const deep = '['.repeat(5000) + ']'.repeat(5000);
  equal(parsed(deep), deep);
  equal(of(deep)?.input, [text('user', deep)]);
});

test('a refusal that is no text is shown as what it is', () => {
  const refusal = { toString: 1, valueOf: 1 };
  equal(of([{ role: 'assistant', refusal }])?.input, [{ role: 'assistant', parts: [{ kind: 'unknown', value: refusal }] }]);
});
