// What was said to a model and what it said, in one shape, whoever wrote it down: Mastra, the AI SDK, OpenAI, Anthropic,
// Gemini or OpenTelemetry. What nobody here knows stays in sight as JSON: a reader can do without beauty, not without content.
import { kindOf } from '../../../lib/kinds';

export type Part =
  | { kind: 'text'; text: string; label?: string }
  | { kind: 'reasoning'; text: string }
  | { kind: 'call'; name: string; id: string; args: unknown }
  | { kind: 'result'; name: string; id: string; result: unknown; failed: boolean }
  /** A picture or a file: never loaded. size is in bytes, 0 if it is not known; url only where it is elsewhere. */
  | { kind: 'image' | 'file'; media: string; size: number; url: string }
  | { kind: 'unknown'; value: unknown };

/** role is system, user, assistant or tool, else as it was sent; input and output stand for a payload that is no message. */
export interface Message { role: string; parts: Part[] }

export interface Conversation { input: Message[]; output: Message[] }

type Obj = Record<string, unknown>;

const object = (v: unknown) => (v && typeof v === 'object' && !Array.isArray(v) ? (v as Obj) : undefined);
const string = (v: unknown) => (typeof v === 'string' ? v : '');
/** The first of some keys that has a value. The keys are ours, never data. */
const first = (o: Obj, ...keys: string[]) => { const k = keys.find((key) => o[key] != null); return k === undefined ? undefined : o[k]; };
const unknown = (value: unknown): Part => ({ kind: 'unknown', value });

/** The value in a string that is a JSON object or array; anything else as it is. */
export function parsed(v: unknown): unknown {
  if (typeof v !== 'string' || !/^\s*[[{]/.test(v)) return v;
  try {
    const inside: unknown = JSON.parse(v);
    return tooDeep(inside) ? v : inside;
  } catch {
    return v;
  }
}

/** Whether objects lie in one another far deeper than the server takes them: a text may hold more than the stack of whoever walks through it. */
function tooDeep(v: unknown): boolean {
  let level = [v];
  for (let depth = 0; level.length; depth++) {
    if (depth > 128) return true;
    level = level.flatMap((x) => (x && typeof x === 'object' ? Object.values(x) : []));
  }
  return false;
}

/** The messages of a span; undefined if it has none. Only for agents and models is any text one. */
export function conversation(s: { type: string; input: unknown; output: unknown; attributes: unknown }): Conversation | undefined {
  const loose = /^(agent|model|step)$/.test(kindOf(s.type));
  const asked = read(s.input, 'user', loose);
  const answered = read(s.output, 'assistant', loose);
  if (!asked && !answered) return;
  const input = asked ?? other('input', s.input);
  const instructions = loose && contentParts(parsed(first(object(s.attributes) ?? {}, 'instructions', 'systemInstructions', 'system')));
  if (instructions && instructions.length && !input.some((m) => m.role === 'system')) input.unshift({ role: 'system', parts: instructions });
  return { input, output: answered ?? other('output', s.output) };
}

const other = (role: string, v: unknown): Message[] => (v == null ? [] : [{ role, parts: [unknown(v)] }]);

function read(value: unknown, role: string, loose: boolean): Message[] | undefined {
  const v = parsed(value);
  if (typeof v === 'string') return loose && v ? [{ role, parts: partsOf(v) }] : undefined;
  const all = list(v);
  if (all) return all;
  if (Array.isArray(v)) {
    const parts = loose ? partsOf(v) : [];
    return parts.some((p) => p.kind !== 'unknown') ? [{ role, parts }] : undefined;
  }
  const o = object(v);
  return o && (container(o, role, loose) ?? (loose ? answer(o, role) : undefined));
}

/** Messages in an array; what is none among them, such as a mark that some were left out, keeps its place. */
function list(value: unknown): Message[] | undefined {
  const v = parsed(value);
  if (!Array.isArray(v)) return;
  const all = v.map(message);
  return all.some(Boolean) ? all.map((m, i) => m ?? { role: '', parts: partsOf(v[i]) }) : undefined;
}

/** The body of a request or reply, with the messages under one of its keys. */
function container(o: Obj, role: string, loose: boolean): Message[] | undefined {
  const parts = contentParts(parsed(first(o, 'system', 'systemInstruction', 'system_instruction', 'instructions')));
  const system: Message[] = parts.length ? [{ role: 'system', parts }] : [];
  for (const key of ['messages', 'contents', 'input', 'prompt', 'output']) {
    const all = list(o[key]) ?? (loose && typeof o[key] === 'string' && (key === 'input' || key === 'prompt') ? read(o[key], 'user', true) : undefined);
    if (all) return all[0]?.role === 'system' ? all : [...system, ...all];
  }
  const choices = first(o, 'choices', 'candidates');
  if (Array.isArray(choices)) return list(choices.map((c) => { const x = object(c) ?? {}; return first(x, 'message', 'delta', 'content') ?? c; }));
  const alone = typeof o['role'] === 'string' && message(o);
  if (alone) return [alone];
  for (const key of ['body', 'request', 'response']) {
    const inner = object(parsed(o[key]));
    const all = inner && container(inner, role, loose);
    if (all && !('text' in o)) return all;
  }
  return;
}

/** Beside an answer, and not part of it; the other tabs have them. */
const aside = new Set(['usage', 'totalUsage', 'finishReason', 'rawFinishReason', 'response', 'request', 'providerMetadata', 'steps', 'content', 'staticToolCalls', 'dynamicToolCalls']);

/** What Mastra and the AI SDK return: {text, object, reasoning, toolCalls, files, …}. */
function answer(o: Obj, role: string): Message[] | undefined {
  const used = ['reasoning', 'reasoningText', 'text', 'toolCalls', 'toolResults', 'files'];
  if (![...used, 'object'].some((k) => o[k] != null)) return;
  const thought = partsOf(o['reasoning'] ?? o['reasoningText']).map((p): Part => (p.kind === 'text' ? { kind: 'reasoning', text: p.text } : p));
  const parts = [...thought, ...partsOf(o['text']), ...each(o['toolCalls'], 'tool-call'), ...each(o['toolResults'], 'tool-result'), ...each(o['files'], 'file')];
  const rest = Object.entries(o).filter(([k, v]) => !used.includes(k) && !aside.has(k) && v != null && v !== '' && !(Array.isArray(v) && !v.length));
  if (rest.length) parts.push(unknown(rest.length === 1 && rest[0]![0] === 'object' ? rest[0]![1] : Object.fromEntries(rest)));
  return [{ role, parts }];
}

const roles = new Map([['model', 'assistant'], ['ai', 'assistant'], ['human', 'user'], ['developer', 'system'], ['function', 'tool']]);

function message(v: unknown): Message | undefined {
  const m = object(v);
  if (!m) return;
  const sent = string(m['role']);
  const parts = sent ? said(m, sent) : partsOf(m['parts'] && !m['type'] ? m['parts'] : m);
  if (sent) return { role: roles.get(sent) ?? sent, parts };
  // OpenAI's newer interface has calls and results among its messages; Gemini may leave out the role of the user.
  if (!/call|reason|message/.test(string(m['type'])) && !m['parts'] || parts.some((p) => p.kind === 'unknown')) return;
  return { role: parts[0]?.kind === 'result' ? 'tool' : m['parts'] ? 'user' : 'assistant', parts };
}

function said(m: Obj, role: string): Part[] {
  const id = first(m, 'tool_call_id', 'toolCallId');
  const content = parsed(m['content']);
  if (role === 'function' && content != null || role === 'tool' && id != null && !(Array.isArray(content) && content.some((c) => /tool/.test(string(object(c)?.['type']))))) {
    return [{ kind: 'result', name: string(first(m, 'name', 'toolName')), id: string(id), ...outcome(content) }];
  }
  const parts = Array.isArray(m['parts']) && m['parts'].length ? partsOf(m['parts']) : contentParts(m['content']);
  const reasoning = string(first(m, 'reasoning_content', 'reasoning', 'thinking'));
  if (reasoning) parts.unshift({ kind: 'reasoning', text: reasoning });
  const calls = parts.some((p) => p.kind === 'call') ? [] : each(first(m, 'tool_calls', 'toolCalls', 'toolInvocations'), 'tool-call');
  const one = m['function_call'] ? partsOf({ functionCall: m['function_call'] }) : [];
  if (m['refusal']) parts.push(typeof m['refusal'] === 'string' ? { kind: 'text', text: m['refusal'], label: 'refusal' } : unknown(m['refusal']));
  return [...parts, ...calls, ...one, ...each(m['experimental_attachments'], 'file')];
}

/** Content is a text, an array of parts, or an object around them. */
function contentParts(v: unknown): Part[] {
  const o = object(v);
  return partsOf(o && !o['type'] ? first(o, 'parts', 'content', 'text') ?? v : v);
}

/** The parts in an array of which the type is known from where it stands. */
const each = (v: unknown, type: string): Part[] => (Array.isArray(v) ? v.flatMap((x) => (object(x) ? part(x as Obj, type) : [unknown(x)])) : v == null ? [] : [unknown(v)]);

function partsOf(v: unknown): Part[] {
  if (v == null || v === '') return [];
  if (typeof v === 'string') return [{ kind: 'text', text: v }];
  if (Array.isArray(v)) return v.flatMap(partsOf);
  const p = object(v);
  return p ? part(p, string(p['type']).replace(/_/g, '-')) : [unknown(v)];
}

function part(p: Obj, type: string): Part[] {
  const text = first(p, 'text', 'thinking', 'reasoning', 'content', 'summary');
  if (/^(reasoning|thinking|thought)$/.test(type) || p['thought'] === true) return thoughts(p, text);
  if (/^((input|output|summary)-)?text$/.test(type) || !type && typeof p['text'] === 'string') {
    return typeof text === 'string' ? [{ kind: 'text', text }] : [unknown(p)];
  }
  if (type === 'message') return partsOf(p['content']);
  if (type === 'refusal') return [{ kind: 'text', text: string(p['refusal']), label: type }];
  if (type === 'step-start') return [];
  const made = object(first(p, 'functionResponse', 'function_response'));
  if (made || /-(result|response|output)$/.test(type)) return [result(made ?? object(p['payload']) ?? p)];
  const inner = object(first(p, 'functionCall', 'function_call', 'function', 'payload', 'toolInvocation'));
  if (inner || /^(tool|function|server-tool|mcp|dynamic-tool)(-|$)/.test(type)) return call(inner ?? p, p, type);
  return media(p, type) ?? [unknown(p)];
}

function thoughts(p: Obj, text: unknown): Part[] {
  const parts = typeof text === 'string' ? [text] : partsOf(text ?? p['details']).map((d) => ('text' in d ? d.text : ''));
  return parts.some(Boolean) ? [{ kind: 'reasoning', text: parts.join('\n') }] : [unknown(p)];
}

function call(f: Obj, outer: Obj, type: string): Part[] {
  const name = string(first(f, 'toolName', 'name')) || type.replace(/^(dynamic-)?tool-?/, '');
  const id = string(first(f, 'toolCallId', 'call_id', 'callId', 'id') ?? first(outer, 'call_id', 'id'));
  const made: Part = { kind: 'call', name, id, args: parsed(first(f, 'args', 'input', 'arguments')) };
  const failure = f['errorText'];
  return f['result'] ?? f['output'] ?? failure ? [made, failure ? { kind: 'result', name, id, result: failure, failed: true } : result(f)] : [made];
}

const result = (f: Obj): Part => {
  const { result, failed } = outcome(first(f, 'result', 'output', 'response', 'content'));
  return { kind: 'result', name: string(first(f, 'toolName', 'name')), id: string(first(f, 'toolCallId', 'tool_use_id', 'call_id', 'id')), result, failed: failed || first(f, 'isError', 'is_error') === true };
};

/** What a tool returned, out of what the AI SDK, Anthropic and MCP put around it. */
function outcome(v: unknown): { result: unknown; failed: boolean } {
  const o = object(v);
  const type = string(o?.['type']);
  if (o && 'value' in o && /^(error-)?(text|json|content)$/.test(type)) return { result: outcome(o['value']).result, failed: /^error/.test(type) };
  if (o && Array.isArray(o['content']) && Object.keys(o).every((k) => k === 'content' || k === 'isError')) return { ...outcome(o['content']), failed: o['isError'] === true };
  const texts = Array.isArray(v) ? v.map((x) => (object(x)?.['type'] === 'text' ? object(x)!['text'] : undefined)) : [];
  return { result: parsed(texts.length && texts.every((t) => typeof t === 'string') ? texts.join('\n') : v), failed: false };
}

function media(p: Obj, type: string): Part[] | undefined {
  const s = object(first(p, 'source', 'inlineData', 'inline_data', 'fileData', 'file_data', 'image_url', 'input_audio', 'file'));
  if (!s && !/image|file|media|audio|video|blob|uri|document/.test(type)) return;
  const o = s ?? p;
  const where = first(o, 'url', 'data', 'base64', 'image', 'image_url', 'fileUri', 'file_uri', 'file_data', 'uri', 'content');
  if (typeof where !== 'string') return;
  const named = ['mediaType', 'mimeType', 'media_type', 'mime_type', 'contentType'];
  const sent = /^data:([^;,]*)[^,]*,/.exec(where.slice(0, 200));
  const kind = string(first(o, ...named) ?? first(p, ...named)) || sent?.[1] || '';
  const away = /^[a-z][\w+.-]*:/i.test(where) && !sent;
  const size = Number(/^\[\w+ \w*ength=(\d+)\]$/.exec(where)?.[1] ?? Math.floor(((where.length - (sent?.[0].length ?? 0)) * 3) / 4));
  return [{ kind: /image/.test(type + kind) ? 'image' : 'file', media: kind, size: away ? 0 : size, url: away ? where : '' }];
}
